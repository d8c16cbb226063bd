"""What being on a guide's list changed: members who were on one against those whom chance held out of it, in the two weeks after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.ledger.guide_lists import lists_between
from toolkit.models.held_out import held_out_effect
from toolkit.models.lin import Effect
from toolkit.models.partial_pooling import drawn_together
from toolkit.scope.view import View
from toolkit.targeting.measures.task_places import WINDOW_DAYS

_PAST_DAYS = 91


@dataclass(frozen=True)
class Episodes:
    """`rows`: one a member and list, `member_id`, `guide_id`, `reason`, `day`, `treated`, `spend`, `came` (of two weeks from the day on),
    `past_spend`, `past_orders` (91 days before it), `spend_before` (currency units), `outcome` (the shop's word for the call; null = none).

    `running`: on lists whose two weeks are not over; `damaged`: days whose files were changed; `other_draws`: of lists with another share.
    """

    rows: pl.DataFrame
    running: int
    damaged: tuple[date, ...]
    other_draws: int


def episodes_of(view: View, first: date) -> Episodes:
    """Return what members did after each list of a day from `first` on whose two weeks are over, of the whole chain.

    Compared are the places that were looked at whatever was drawn (`ledger.guide_lists`): further down a list goes the longer, the more
    were held out of it. Where the share held out was
    changed, only the lists with the latest share are compared: mixed, arms would differ by the weeks they stand for.
    """
    last = view.as_of - timedelta(days=WINDOW_DAYS - 1)
    rows, damaged = lists_between(view.workspace, first, view.as_of)
    running = rows.filter(pl.col("day") > last).height
    rows = rows.filter(pl.col("day") <= last)
    share = pl.col("draw").str.split("/").list.get(1)
    latest = rows.sort("day").select(share)["draw"].to_list()[-1:] if rows.height else []
    own = rows.filter(share.is_in(latest) & pl.col("is_compared"))
    others = rows.filter(~share.is_in(latest)).height
    codes = view.population.select("member_code", "member_id")
    own = own.join(codes, on="member_id", how="left", maintain_order="left").sort("day", "member_id")
    ids = own.with_row_index("episode").select("episode", "member_code", "day")
    orders = view.chain.orders.join(ids.select("member_code").unique().drop_nulls().lazy(), on="member_code", how="semi")
    orders = orders.select("member_code", "is_order", "amount", at=pl.col("ordered_at").dt.date()).collect(engine="streaming")
    after = (pl.col("at") - pl.col("day")).dt.total_days()
    inside, past = after.is_between(0, WINDOW_DAYS - 1), after.is_between(-_PAST_DAYS, -1)
    sums = (
        ids.join(orders, on="member_code")
        .filter(inside | past)
        .group_by("episode")
        .agg(
            view.major(pl.col("amount").filter(inside).sum()).alias("spend"), pl.col("is_order").filter(inside).any().alias("came"),
            view.major(pl.col("amount").filter(past).sum()).alias("past_spend"),
            pl.col("is_order").filter(past).sum().cast(pl.Float64).alias("past_orders"),
        )
    )  # fmt: skip
    known = own.with_row_index("episode").join(sums, on="episode", how="left", maintain_order="left")
    known = known.with_columns(
        pl.col("spend", "past_spend", "past_orders").fill_null(0.0), pl.col("came").fill_null(False).cast(pl.Float64),
        view.major(pl.col("spend_before").fill_null(0.0)).alias("spend_before"), (pl.col("arm") == "treated").alias("treated"),
    ).join(_calls(view, ids.with_columns(known["member_id"])), on="episode", how="left", maintain_order="left")  # fmt: skip
    shown = known.select(
        "member_id", "store_id", "guide_id", "reason", "day", "treated", "spend", "came", "past_spend", "past_orders", "spend_before",
        "outcome",
    )  # fmt: skip
    return Episodes(shown, running, tuple(damaged), others)


def _calls(view: View, episodes: pl.DataFrame) -> pl.DataFrame:
    """The best that the shop's calls say of an episode: reached before refused before called."""
    table = view.workspace.table("guide_calls")
    if table is None:
        return pl.DataFrame(schema={"episode": episodes["episode"].dtype, "outcome": pl.String})
    calls = table.select(pl.col("member_id").cast(pl.String), "called_on", "outcome").collect()
    days = (pl.col("called_on") - pl.col("day")).dt.total_days()
    found = episodes.join(calls, on="member_id").filter(days.is_between(0, WINDOW_DAYS - 1))
    rank = pl.col("outcome").replace_strict({"reached": 0, "refused": 1, "called": 2}, default=3)
    return found.sort("episode", rank).unique("episode", keep="first", maintain_order=True).select("episode", "outcome")


def call_effect(episodes: pl.DataFrame, outcome: str = "spend", *, least_arm: int = 30, confidence: float = 0.95) -> Effect:
    """Return the effect of being on a list, per member and list (`models.held_out_effect`).

    In: `treated`, `spend` or `came`, and what was known before: `past_spend`, `past_orders`, `spend_before`, `reason`. Each list draws its
    arms anew, so a member's lists are as good as those of several members. Source: DEFINITIONS.md, guides' calls.
    """
    reasons = episodes.select("reason").fill_null("").to_dummies(drop_first=True).cast(pl.Float64)
    past = pl.concat([episodes.select("past_spend", "past_orders", "spend_before"), reasons], how="horizontal")
    return held_out_effect(
        episodes[outcome].cast(pl.Float64).to_numpy(), episodes["treated"].to_numpy(), past.to_numpy(), confidence=confidence,
        least_arm=least_arm,
    )  # fmt: skip


def drawn_effects(effects: Sequence[Effect]) -> np.ndarray:
    """Return draws of the true effects of groups; how far they differ is not known, and taken to be about a usual error."""
    estimates = np.array([one.estimate for one in effects], dtype=float)
    errors = np.array([one.standard_error for one in effects], dtype=float)
    return drawn_together(estimates, errors, prior_spread=float(np.median(errors)))[0]


def group_effects(view: View, episodes: pl.DataFrame, by: str, outcome: str, *, shrunk: bool) -> pl.DataFrame:
    """Return the effect of each group (`group`): counts, `effect`, `effect_low`, `effect_high`, `p_value`, null where nothing can be told.

    `shrunk`: each effect drawn to that of all groups as far as its own error demands, with the interval that this leaves.
    """
    least = view.settings.review.least_arm
    groups = episodes.sort(by).partition_by(by, as_dict=True, maintain_order=True)
    found = {str(name): call_effect(rows, outcome, least_arm=least) for (name,), rows in groups.items()}
    known = {name: one for name, one in found.items() if one.estimate is not None and one.standard_error}
    together = drawn_effects(list(known.values())) if shrunk and len(known) > 1 else None
    places = {name: number for number, name in enumerate(known)}
    rows = []
    for name, effect in found.items():
        estimate, low, high = effect.estimate, effect.low, effect.high
        if together is not None and name in places:
            own = together[:, places[name]]
            estimate, low, high = float(own.mean()), *map(float, np.quantile(own, [0.025, 0.975]))
        rows.append((name, effect.treated_count, effect.control_count, estimate, low, high, effect.p_value))
    schema = {
        "group": pl.String, "listed_count": pl.Int64, "held_count": pl.Int64, "effect": pl.Float64, "effect_low": pl.Float64,
        "effect_high": pl.Float64, "p_value": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
