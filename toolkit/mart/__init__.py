"""The mart: one pass from lines to orders, member x category and members, as of a date."""

from toolkit.mart.build import build_mart, ensure_mart, load_mart
from toolkit.mart.folder import Mart
from toolkit.mart.tables import Tables, tables_of

__all__ = ["Mart", "Tables", "build_mart", "ensure_mart", "load_mart", "tables_of"]
