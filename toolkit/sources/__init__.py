"""Where receipts come from: any file of a shop, read by a mapping into the contract's tables.

In the order of the walk: `written` (how the bytes of a file are written) -> `records` (a file's raw records, whatever its format, and
what was learned of it) -> `styles` (how its numbers and times are written) -> `columns` (which column is which: a proposed mapping) and
`presets` (exports whose mapping is known) -> `mapping` (what a shop says) -> `joins` (the columns of further files, key by key) ->
`convert` (typed contract columns) -> `checks` (row rules) and `plausibility` (what the values leave open).
"""
