"""What each offer is expected to bring and to cost in each segment: from lessons where there are any, else from the replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.measures.replays import replay_offer
from toolkit.differentiation.methods.method import reckoned
from toolkit.language import value
from toolkit.ledger.lessons import read_lessons
from toolkit.ledger.offer import Offer
from toolkit.models.allocation import Allocation
from toolkit.models.method_effects import offer_effects

ASSUMED = value("assumption")
_FAILED = "FAIL"


@dataclass(frozen=True)
class Expected:
    """Segments x offers, money in minor units; nan where an offer has nobody to speak of in a segment.

    `net` expected gain, `cost` (reductions and contacts), `contacts`; `own_error`: standard error of `net` of the pair alone;
    `shared_error`: how far `net` moves when what is assumed for all pairs is off by one standard deviation.
    `small`: segments left out for too few members; `few_buyers`: pairs of a segment and a discount on named goods that too few of it buy;
    `loose_count`: lessons not listened to, since they were not randomised and others were.
    """

    segments: tuple[str, ...]
    members: tuple[int, ...]
    offers: tuple[Offer, ...]
    net: np.ndarray
    cost: np.ndarray
    contacts: np.ndarray
    own_error: np.ndarray
    shared_error: np.ndarray
    shared_spread: float
    basis: tuple[tuple[str, ...], ...]
    margin_known: bool
    small: int
    few_buyers: int
    lesson_count: int
    loose_count: int
    campaign_count: int
    count: int

    def draws(self, allocation: Allocation, seed: int) -> np.ndarray:
        """Return draws of the net of an allocation: errors of pairs apart, what is assumed off by the same factor (not below 0) for all."""
        rng = np.random.default_rng(seed)
        factor = np.maximum(rng.standard_normal(self.count), -1 / self.shared_spread if self.shared_spread else -np.inf)
        noise = rng.standard_normal((self.count, len(self.segments)))
        total = np.zeros(self.count)
        for segment, offer in allocation.pairs:
            total += (
                self.net[segment, offer] + self.shared_error[segment, offer] * factor + self.own_error[segment, offer] * noise[:, segment]
            )
        return total


def expected_pairs(past: Past, offers: Sequence[Offer]) -> Expected:
    """Return what each offer brings in each segment of `past` (grouped by `segment`) with enough members to speak of."""
    view, settings = past.view, past.view.settings.offers
    counts = past.members.group_by("segment").agg(pl.len().cast(pl.Int64).alias("members")).sort("segment")
    held = counts.filter(pl.col("members") >= view.settings.scope.minimum_members)
    segments = held["segment"].to_list()
    named = [place for place, offer in enumerate(offers) if offer.method == "discount" and offer.categories]
    least = view.settings.scope.minimum_members
    replayed = [
        replay_offer(past, offer, least_buyers=least).with_columns(pl.lit(place).alias("place")) for place, offer in enumerate(offers)
    ]
    cells = reckoned(past, pl.concat(replayed)).filter(pl.col("segment").is_in(segments))
    usable = _lessons(past)
    lessons = usable.filter(pl.col("is_random") == pl.col("is_random").any())
    effects = offer_effects(lessons, cells.select("segment", "method"))
    shape = (len(segments), len(offers))
    net, cost, contacts, own, shared = (np.full(shape, np.nan) for _ in range(5))
    basis = [["" for _ in offers] for _ in segments]
    for number, cell in enumerate(cells.iter_rows(named=True)):
        place = segments.index(cell["segment"]), cell["place"]
        cost[place], contacts[place] = cell["cost"], cell["contact_count"]
        if effects.height:
            effect = effects.row(number, named=True)
            net[place], own[place] = _measured(past, cell, effect)
            shared[place], basis[place[0]][place[1]] = 0.0, effect["basis"] + ("" if effect["is_random"] else ", not randomised")
        else:
            # What responds is assumed: its gain moves with it, what free riders get does not.
            moving = cell["worth"] + cell["cost"] - cell["response_share"] * cell["within_reach_cost"]
            net[place], own[place], shared[place] = cell["worth"], 0.0, settings.assumption_spread * moving
            basis[place[0]][place[1]] = ASSUMED
    return Expected(
        tuple(segments), tuple(held["members"]), tuple(offers), net, np.nan_to_num(cost, nan=np.inf), np.nan_to_num(contacts), own, shared,
        settings.assumption_spread, tuple(tuple(row) for row in basis), past.margin.share is not None, counts.height - held.height,
        len(named) * len(segments) - cells.filter(pl.col("place").is_in(named)).height,
        lessons.height, usable.height - lessons.height, lessons["campaign_id"].n_unique(), settings.draws,
    )  # fmt: skip


def _lessons(past: Past) -> pl.DataFrame:
    """The usable lessons known on the day: of all goods, not failed, margin before amount where a campaign says both."""
    known = read_lessons(past.view.workspace, before=past.view.as_of)
    wanted = ["margin", "amount"] if past.margin.share is not None else ["amount"]
    usable = known.filter(
        pl.col("category").is_null()
        & pl.col("outcome").is_in(wanted)
        & (pl.col("verdict").fill_null("") != _FAILED)
        & pl.col("effect_share").is_finite()
        & (pl.col("effect_share_se") > 0)
    )
    by_margin = (pl.col("outcome") == "margin").any().over("campaign_id", "segment", "method")
    return usable.filter((pl.col("outcome") == "margin") == by_margin).with_columns(
        pl.col("randomised").fill_null(False).alias("is_random")
    )


def _measured(past: Past, cell: dict, effect: dict) -> tuple[float, float]:
    """Net and its standard error of a pair from its effect as a share of the base.

    Measured sales are what the shop received: reductions are off them already, so only contacts are taken off.
    """
    margin = 1.0 if past.margin.share is None else cell["margin_share"]
    base = margin * cell["base_amount"]
    contacts = cell["cost"] - _reductions(past, cell)
    return effect["effect_share"] * base - contacts, effect["effect_share_se"] * base


def _reductions(past: Past, cell: dict) -> float:
    moved = past.view.settings.offers.moved_share * cell["movable_cost"]
    return cell["free_cost"] + moved + cell["response_share"] * cell["within_reach_cost"]
