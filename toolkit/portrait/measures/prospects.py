"""What is to be expected of each member: the probability of a purchase, and spend over a quarter and a year."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

import toolkit
from toolkit.language import tr
from toolkit.mart.derived import carried_table
from toolkit.models.lifetime_value import LifetimeModels, fit_lifetime, predict_lifetime
from toolkit.models.panel import panel
from toolkit.models.ranks import quantile_band
from toolkit.models.snapshots import shopping_days
from toolkit.models.written_fits import fit_as_text, read_fit
from toolkit.portrait.measures.model_reasons import reason_text
from toolkit.scope.feasts import feasts
from toolkit.scope.interruptions import anew_since, cut_off, new_ids_on, still_told
from toolkit.scope.phrases import spoken
from toolkit.scope.view import View

DECILES = tuple(f"decile {number}" for number in range(1, 11))

_MODELS = {
    "figure": pl.String,
    "method": pl.String,
    "reason": pl.String,
    "row_count": pl.Int64,
    "snapshot_count": pl.Int64,
    "held_out_count": pl.Int64,
    "auc": pl.Float64,
    "calibration_error": pl.Float64,
    "slope": pl.Float64,
    "lift": pl.Float64,
    "spearman": pl.Float64,
    "total_ratio": pl.Float64,
    "learned_days": pl.Int64,
    "season": pl.String,
    "season_turn": pl.Float64,
    "season_level": pl.Float64,
    "season_held": pl.Float64,
    "feast": pl.String,
    "feast_on": pl.Date,
    "feast_then": pl.Date,
    "panel_count": pl.Int64,
    "panel_on": pl.Date,
}


def prospects(view: View) -> pl.DataFrame:
    """Return what is expected of every member of the chain: one row per member with an order, sorted by member_code.

    Columns: `member_code`; `purchase_probability` (0..1, of a purchase within lifetime_value.purchase_days after as_of); `expected_spend`
    and `expected_spend_year` (minor units, within lifetime_value.spend_days and year_days); `value_decile` (decile 1 = the tenth of the
    chain's members with the highest expected spend, equal members together). A figure that the shop's history does not carry is null for
    all; all are null of a member who is cut off (`scope.interruptions`).

    Learned from the shop's own earlier snapshots, or by BG/NBD and Gamma-Gamma in a sparse shop: see `toolkit.models.lifetime_value`.
    """
    return view.chainwide("lifetime_value", _prospects, "lifetime_value", "calendar")


def prospect_models(view: View) -> pl.DataFrame:
    """Return how each figure was come by and how well it did out of time: one row per figure.

    Columns: `figure` (purchase, spend, year); `method` (not measured where history is too short), `reason`; `row_count`, `snapshot_count`
    learned from; judged on the last complete window, held out: `held_out_count`, `auc`, `calibration_error` (0..1), `slope`, `lift` of the
    probability, `spearman` and `total_ratio` (promised over received) of spend, `learned_days` (of the horizon that could be seen); null
    where it could not be judged. `season` ('one season', 'none', 'seasonal', 'moved'; null for a whole year: it holds them all),
    `season_turn` and `season_level` (`models.season.Season`), `season_held` (promised over received at the same season of a year before);
    `feast` with its dates now and a year ago: the holiday by which the weeks of a year ago were chosen, or that moved. `panel_count`,
    `panel_on`: of a large shop, how many members were learned from, and up to which day; null where all were, up to as_of.
    """
    prospects(view)  # makes and keeps both
    return view.chainwide(spoken("lifetime_models"), lambda chain: _described(_fitted(chain, _days(chain))), "lifetime_value", "calendar")


def panel_notes(view: View, model: Mapping[str, Any]) -> list[str]:
    """Return the sentence that says which members a figure (row of `prospect_models`) was learned from, where it was not all."""
    if model["panel_count"] is None:
        return []
    return [
        view.say(
            "The forecasts of a large shop are learned once a week, from a panel: here {panel_count:member}, chosen by a hash of their "
            "ids, as of {panel_on}. They are applied to everybody as they stand on {as_of}.",
            model,
        )
    ]


def _prospects(view: View) -> pl.DataFrame:
    days = _days(view)
    learned = _fitted(view, days)
    models = learned.models
    view.chainwide(spoken("lifetime_models"), lambda _: _described(learned), "lifetime_value", "calendar")
    if models is None:
        nothing = [pl.lit(None, pl.Float64).alias("purchase_probability"), pl.lit(None, pl.Int64).alias("expected_spend")]
        nothing += [pl.lit(None, pl.Int64).alias("expected_spend_year"), pl.lit(None, pl.String).alias("value_decile")]
        return days.select(pl.col("member_code").unique().sort()).with_columns(nothing)
    value = predict_lifetime(models, days, as_of=view.as_of)
    decile = quantile_band("expected_spend", shares=(0.1,) * 10, labels=DECILES).cast(pl.String).alias("value_decile")
    # The horizons have models of their own; of one member a year can never bring less than its first quarter.
    year = pl.max_horizontal("expected_spend_year", "expected_spend") if _is_longer(view) else pl.col("expected_spend_year")
    year = pl.when(pl.col("expected_spend_year").is_not_null()).then(year).alias("expected_spend_year")
    value = value.select("member_code", pl.col("p_buys").alias("purchase_probability"), "expected_spend", year, decile)
    # Of who is cut off nothing can be expected, and nothing denied.
    unseen = pl.col("member_code").is_in(cut_off(view)["member_code"].implode())
    return value.with_columns(pl.when(~unseen).then(pl.col(name)).alias(name) for name in value.columns[1:])


def _is_longer(view: View) -> bool:
    return view.settings.lifetime_value.year_days >= view.settings.lifetime_value.spend_days


def known_since(view: View) -> date:
    """Return the day from which members can be followed: that of their new ids or the end of a long gap, else of the first receipts.

    Across a day on which ids were given anew nobody is tied to what they did before: everybody seems to leave, and all who come are new. To
    learn from that is to promise what never came (on a shop of 22 months half of the spend, four months later). Across a gap it is the
    same of their pauses (of a gap of two years, two months later: .15 of the spend; of one of four weeks, ten months later: .64).
    """
    return max(day for day in (new_ids_on(view), anew_since(view), view.first_day) if day is not None)


def _days(view: View) -> pl.DataFrame:
    orders = still_told(view, view.orders)
    days = shopping_days(orders.select("member_code", "ordered_at", "is_order", "amount").collect())
    return days.filter(pl.col("day") >= known_since(view))


@dataclass(frozen=True)
class _Learned:
    """The models (None: too few days), the last day that they learned from, and how many members where it was not all."""

    models: LifetimeModels | None
    on: date
    panel_count: int | None = None


def _fitted(view: View, days: pl.DataFrame) -> _Learned:
    """Return the models at the latest day that they are learned on; of a large shop those of a panel, as of the last week's end.

    What a panel did up to a day does not change from one night to the next, so neither do its models: they are kept by what they were
    learned from, and taken over as long as that is the same.
    """
    settings, since = view.settings.lifetime_value, known_since(view)
    if (view.as_of - since).days + 1 < settings.minimum_history_days:
        return _Learned(None, view.as_of)
    if days["member_code"].n_unique() <= settings.panel_members:
        return _Learned(_learn(view, days, view.as_of), view.as_of)
    on = week_end(view.as_of)
    if (on - since).days + 1 < settings.minimum_history_days:
        on = view.as_of
    known = days.filter(pl.col("day") <= on)
    seen = view.population.select("member_id", "member_code").join(known.select("member_code").unique(), on="member_code", how="semi")
    chosen = seen.filter(panel(seen["member_id"], settings.panel_members))
    known = known.join(chosen.select("member_code"), on="member_code", how="semi", maintain_order="left")
    text = carried_table(view.mart.path, _key(view, known, on), lambda: pl.DataFrame({"fit": fit_as_text(_learn(view, known, on))}))
    return _Learned(read_fit(text["fit"][0]), on, chosen.height)


def week_end(day: date) -> date:
    """Return the last Sunday up to a day.

    >>> week_end(date(2024, 12, 31))
    datetime.date(2024, 12, 29)
    """
    return day - timedelta(days=day.toordinal() % 7)


def _learn(view: View, days: pl.DataFrame, on: date) -> LifetimeModels:
    settings = view.settings.lifetime_value
    return fit_lifetime(
        days,
        as_of=on,
        purchase_days=settings.purchase_days,
        spend_days=settings.spend_days,
        year_days=settings.year_days,
        feasts=feasts(view),
    )


def _key(view: View, known: pl.DataFrame, on: date) -> str:
    """Return a name that holds a digest of all that the models are learned from."""
    rests_on = (toolkit.__version__, on.isoformat(), view.settings.lifetime_value.model_dump_json(), [str(feast) for feast in feasts(view)])
    digest = hashlib.sha256(json.dumps(rests_on).encode())
    for name in known.columns:
        digest.update(np.ascontiguousarray(known[name].to_physical().to_numpy()).tobytes())
    return f"lifetime_fit-{digest.hexdigest()[:24]}"


def _described(learned: _Learned) -> pl.DataFrame:
    models = learned.models
    if models is None:
        rows = [
            {"figure": figure, "method": "not measured", "reason": tr("the receipts are too few days old")}
            for figure in ("purchase", "spend", "year")
        ]
        return pl.DataFrame(rows, schema=_MODELS)
    purchase, held_out = models.purchase, models.purchase.held_out
    rows = [
        {
            "figure": "purchase", "method": purchase.method, "reason": reason_text(purchase.reason),
            "row_count": purchase.row_count, "snapshot_count": purchase.snapshot_count,
        },
        *(
            {
                "figure": figure, "method": spend.status, "reason": reason_text(spend.reason),
                "row_count": spend.member_count, "snapshot_count": spend.snapshot_count,
                "spearman": spend.held_out_spearman, "total_ratio": spend.held_out_total, "learned_days": spend.learned_days,
            }
            for figure, spend in (("spend", models.spend), ("year", models.year))
        ),
    ]  # fmt: skip
    seasons = ((models.purchase_season, models.purchase_held), (models.spend_season, models.spend_held), (models.year_season, None))
    for row, (season, held) in zip(rows, seasons, strict=True):
        if season is None:
            continue
        row |= {"season": season.status, "season_turn": season.turn, "season_level": season.level, "season_held": held}
        if season.year_ago is not None:
            row |= {name: getattr(season.year_ago, name) for name in ("feast", "feast_on", "feast_then")}
    for row in rows if learned.panel_count else []:
        row |= {"panel_count": learned.panel_count, "panel_on": learned.on}
    if held_out is not None:
        rows[0] |= {"held_out_count": held_out.row_count, "calibration_error": held_out.error}
        rows[0] |= {name: getattr(held_out, name) for name in ("auc", "slope", "lift")}
    return pl.DataFrame(rows, schema=_MODELS)
