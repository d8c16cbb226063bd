"""A campaign before it starts: who takes part, the draft, what speaks against it, the launch."""
