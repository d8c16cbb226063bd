"""Exports whose mapping is known: a TOML file each, what it is recognised by above, the mapping of its tables below."""
