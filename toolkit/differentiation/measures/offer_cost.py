"""What the offers of a plan are expected to cost: their replay on the baskets of those who would get them."""

from __future__ import annotations

import polars as pl

from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.measures.replays import REPLAYED, replay_offer
from toolkit.errors import ToolkitError
from toolkit.ledger.definition import Definition
from toolkit.ledger.offer import Offer
from toolkit.models.replay import reckon
from toolkit.scope.view import View

OFFER_COST = pl.Schema({"segment": pl.String, "offer": pl.String, "cost": pl.Float64})


def expected_offer_cost(view: View, definition: Definition, members: pl.DataFrame) -> pl.DataFrame | None:
    """Return what the offers cost the shop in the campaign's window: one row per segment x offer (schema OFFER_COST), minor units.

    `members` are those of the draft (`member_id`, `segment`, `offer`, `arm`); only the treated redeem. Each offer is replayed on what the
    treated of its segments bought in `view.period`, and taken at the campaign's share of those days: reductions of free riders, of those
    who are assumed to respond and of those who move; contacts apart. None where the draft names offers that cannot be replayed.
    """
    treated = members.filter(pl.col("arm") == "treated").select("member_id", "segment", "offer")
    coded = view.population.select("member_code", "member_id").join(treated, on="member_id").drop("member_id")
    settings, share = view.settings.offers, definition.days / view.period.days
    costs_of_offers = list[pl.DataFrame]()
    for name in sorted(set(coded["offer"])):
        if name not in definition.offer_names:
            return None
        past = Past(view, coded.filter(pl.col("offer") == name).select("member_code", "segment"))
        try:
            if _needs(past, definition.offer(name)) is not None:
                return None
            replayed = reckon(replay_offer(past, definition.offer(name)), moved_share=settings.moved_share)
        except ToolkitError:
            return None
        costs_of_offers.append(replayed.select("segment", pl.lit(name).alias("offer"), pl.col("cost") * share))
    cells = coded.select("segment", "offer").unique().sort("segment", "offer")
    costs = pl.concat(costs_of_offers) if costs_of_offers else pl.DataFrame(schema=OFFER_COST)
    return (
        cells.join(costs, on=["segment", "offer"], how="left", maintain_order="left")
        .with_columns(pl.col("cost").fill_null(0.0))
        .cast(OFFER_COST)
    )


def offers_without_cost(view: View, definition: Definition) -> list[str]:
    """Return a sentence for each offer whose cost cannot be replayed, that names what the shop did not hand over."""
    past, said = Past(view), list[str]()
    for offer in definition.offers:
        try:
            need = _needs(past, offer)
        except ToolkitError as error:
            said.append(str(error))
            continue
        if need is not None:
            said.append(view.say("What '{offer:word}' costs: needed {need}.", offer=offer.text, need=need))
    return said


def _needs(past: Past, offer: Offer) -> str | None:
    return REPLAYED[offer.method].needs(past, offer)
