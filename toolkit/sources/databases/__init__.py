"""Tables of the shop's own systems, beside files: `url = "env:SHOP_DB"` with `table` or `query` in a section of a mapping.

`addresses` says where a table stands and keeps secrets out of sight; `postgres`, `sqlite`, `duckdb_file`, `odbc` and `lake` each open one
kind; `arrival` writes what comes, batch by batch, to Parquet that the rest of the import reads as it reads files.
"""
