"""Members ready to be frozen on the tiny shop, typed by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from toolkit.ledger.definition import Definition

AS_OF = date(2024, 6, 30)


def definition(**changes: Any) -> Definition:
    """Return a definition without faults."""
    fields = {
        "campaign_id": "summer",
        "starts_on": date(2024, 7, 8),
        "ends_on": date(2024, 8, 4),
        "offers": {"ten": "full_reduction 60/10"},
        "offer_of": "ten",
        "cost_fixed": 12.5,
        "goals": {"lift": 0.1},
    }
    return Definition.model_validate({**fields, **changes})


def members(**changes: Any) -> pl.DataFrame:
    """Return two treated and one control, with a score."""
    columns = {
        "member_id": ["emil", "anna", "ben"],
        "arm": ["treated", "treated", "control"],
        "segment": ["sensitivity low, power low"] * 3,
        "offer": ["ten"] * 3,
        "touchpoint": ["mail"] * 3,
        "store_id": ["s1", "s2", None],
        "amount_91d": [400, 300, 200],
    }
    return pl.DataFrame({**columns, **changes})


def left_out() -> pl.DataFrame:
    """Return who is in no arm."""
    return pl.DataFrame({"member_id": ["dora"], "segment": ["sensitivity low, power low"], "reason": ["must not be contacted"]})
