"""What the offers of a plan are expected to cost: the seam to the replay of offers on past baskets."""

from __future__ import annotations

import polars as pl

from toolkit.ledger.definition import Definition
from toolkit.mart.view import View

OFFER_COST = pl.Schema({"segment": pl.String, "offer": pl.String, "cost": pl.Float64})


def expected_offer_cost(view: View, definition: Definition, members: pl.DataFrame) -> pl.DataFrame | None:
    """Return what the offers cost the shop in the campaign's window: one row per segment x offer (schema OFFER_COST), minor units.

    `members` are those of the draft (`member_id`, `segment`, `offer`, `arm`); only the treated redeem. None = no replay can say.
    """
    return None
