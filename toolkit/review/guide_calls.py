"""Guides' calls: what being on a guide's list changed, against those whom chance held out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import tr, value
from toolkit.ledger.guide_lists import list_folders
from toolkit.models.lin import Effect
from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.registry import question
from toolkit.review.measures.guide_effect import Episodes, call_effect, episodes_of, group_effects
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.targeting.guide_tasks import in_scope
from toolkit.targeting.measures.task_places import WINDOW_DAYS

PROVEN, NOT_SHOWN, NOTHING_YET = value("proven"), value("not shown"), value("nothing can be told yet")
ALL = value("all lists")
_YEAR = 364
_FALSE_SHARE = 0.05
_COUNTS = (
    c.members("listed_count", "On a list", "of the places compared; a member on two lists counts twice"),
    c.count("held_count", "Held out", "by chance"),
    c.share("tried_share", "Called", "of those on a list, by the table `guide_calls`, whatever came of it", null="no such table"),
    c.share("reached_share", "Reached", "of those on a list", null="no such table"),
    c.share("refused_share", "Refused", "of those on a list", null="no such table"),
)
_TOO_FEW = "fewer than review.least_arm on a list or held out"
SALES = c.table(
    "one row for all lists, or one per reason or guide",
    c.text("group", "Group"),
    *_COUNTS,
    *c.interval(c.money("effect", "Effect on sales", f"per member on a list, within {WINDOW_DAYS} days", null=_TOO_FEW)),
    c.money("effect_total", "In all", "effect times those compared on a list", null=_TOO_FEW),
    c.text("verdict", "Verdict"),
)
CAME = c.table(
    "one row for all lists, or one per reason or guide",
    c.text("group", "Group"),
    *_COUNTS,
    *c.interval(c.share("effect", "Effect on who came", f"in points of share, within {WINDOW_DAYS} days", null=_TOO_FEW)),
    c.number("effect_total", "In all", "members who came since they were on a list, of those compared", null=_TOO_FEW),
    c.text("verdict", "Verdict"),
)


@question(
    "review",
    "What did the guides' calls change?",
    words=(
        "effect of the guides' calls, do the calls of shop assistants work",
        "do calls bring sales, by reason and by guide",
        "were the daily tasks worth it",
        "导购 回访 效果 电话 有没有用 增量",
    ),
    tables=(SALES, CAME),
    figures=(
        c.count("listed_count", "On a list"),
        c.count("held_count", "Held out"),
        c.money("effect_per_member", "Effect on sales per member on a list"),
        c.share("effect_came", "Effect on who came"),
        c.share("reached_share", "Reached"),
    ),
)
def guide_calls(view: View, *, by: Literal["all", "reason", "guide"] = "all", measure: Literal["sales", "came"] = "sales") -> Finding:
    """Return the effect of being on a guide's list within two weeks: all lists of the last year, or by reason or by guide.

    Compared are those on a list, called or not, with those whom chance held out of it when the list was frozen (intention to treat):
    whoever compares the called with the rest compares those who pick up the phone with those who do not. Nothing is told below
    review.least_arm on either side.

    Parameters
    ----------
    by
        `all`; `reason`: claims corrected for their number; `guide`: each drawn to the effect of all as far as its own error demands.
    measure
        `sales` of the two weeks, returns subtracted, or who `came`.

    Notes
    -----
    Lists of the last two weeks are not judged yet. The interval and the claim rest on redrawing the arms (`models.held_out_effect`).

    Example
    -------
    >>> tk.review.guide_calls(ws, by="reason").table                    # doctest: +SKIP
    """
    declared = SALES if measure == "sales" else CAME
    first = view.as_of - timedelta(days=_YEAR - 1) if view.period.is_default else view.period.start
    if not list_folders(view.workspace):
        headline = view.say("{where}, what the guides' calls changed cannot be told: no day's lists were given out from here.")
        advice = tr("Give them out with `toolkit guides` or tk.give_out_tasks: they are frozen with a tenth held out by chance.")
        return unmeasured(declared, headline, advice, ask_next=[("targeting.guide_tasks", {})])
    episodes = episodes_of(view, first)
    rows = in_scope(view, episodes.rows)
    outcome = "spend" if measure == "sales" else "came"
    whole = call_effect(rows, outcome, least_arm=view.settings.review.least_arm)
    table = declared.of(_table(view, rows, whole, by, outcome), view)
    reached = _share(rows, "reached") if _has_calls(view) else None
    is_shown = whole.estimate is not None
    figures = {"listed_count": float(whole.treated_count), "held_count": float(whole.control_count)}
    if is_shown:
        figures |= {"effect_per_member" if measure == "sales" else "effect_came": float(whole.estimate or 0)}
    return Finding(
        headline=_headline(view, whole, measure),
        table=table,
        notes=_notes(view, episodes, rows, whole, by),
        ask_next=[
            ("review.guide_calls", {"by": "reason" if by != "reason" else "guide"}), ("targeting.guides", {}),
            ("targeting.guide_tasks", {}),
        ],
        figures=figures | ({"reached_share": reached} if reached is not None else {}),
    )  # fmt: skip


def _headline(view: View, whole: Effect, measure: str) -> str:
    counts = {"listed": whole.treated_count, "held": whole.control_count}
    if whole.estimate is None or whole.low is None or whole.high is None:
        return view.say(
            "{where}, nothing can be told yet of the guides' calls: {listed:few} on a list and {held:few} held out by chance have two "
            "weeks behind them; {review.least_arm} of each are needed.",
            **counts,
        )
    claimed = whole.low > 0 or whole.high < 0
    if measure == "came":
        return view.say(
            "{where}, being on a guide's list [claimed?moved|shows no effect on] the share of members who came within {days} "
            "days[claimed? by {effect:+.1f} points]: 95% interval {low:+.1f} to {high:+.1f} points (n = {listed:,} on a list, {held:,} "
            "held out by chance).",
            claimed=claimed, days=WINDOW_DAYS, effect=100 * whole.estimate, low=100 * whole.low, high=100 * whole.high, **counts,
        )  # fmt: skip
    low, high, effect = (view.money(round(one * view.minor_units)) for one in (whole.low, whole.high, whole.estimate))
    return view.say(
        "{where}, being on a guide's list [claimed?brought {effect} of sales|shows no effect on sales] per member within {days} days: 95% "
        "interval {low} to {high} (n = {listed:,} on a list, {held:,} held out by chance).",
        claimed=claimed, days=WINDOW_DAYS, effect=effect, low=low, high=high, **counts,
    )  # fmt: skip


def _table(view: View, rows: pl.DataFrame, whole: Effect, by: str, outcome: str) -> pl.DataFrame:
    if by == "all":
        found = pl.DataFrame(
            {
                "group": [ALL], "listed_count": [whole.treated_count], "held_count": [whole.control_count], "effect": [whole.estimate],
                "effect_low": [whole.low], "effect_high": [whole.high], "p_value": [whole.p_value],
            },
            schema_overrides=dict.fromkeys(("effect", "effect_low", "effect_high", "p_value"), pl.Float64),
        )  # fmt: skip
        keyed = rows.with_columns(group=pl.lit(ALL))
    else:
        column = "reason" if by == "reason" else "guide_id"
        found = group_effects(view, rows, column, outcome, shrunk=by == "guide")
        keyed = rows.with_columns(group=pl.col(column))
    tested = found["p_value"].is_not_null()
    sure = benjamini_hochberg(found.filter(tested)["p_value"].to_numpy(), max(int(tested.sum()), 1), _FALSE_SHARE)
    claimed = pl.Series("claimed", [False] * found.height).scatter(tested.arg_true(), sure.tolist()) if tested.any() else tested
    clear = (pl.col("effect_low") > 0) | (pl.col("effect_high") < 0)
    verdict = (
        pl.when(pl.col("effect").is_null())
        .then(pl.lit(NOTHING_YET))
        .when(clear & claimed)
        .then(pl.lit(PROVEN))
        .otherwise(pl.lit(NOT_SHOWN))
    )
    return (
        found.with_columns(verdict.alias("verdict"), (pl.col("effect") * pl.col("listed_count")).alias("effect_total"))
        .join(_called(view, keyed), on="group", how="left", maintain_order="left")
        .sort("listed_count", "group", descending=[True, False])
        .drop("p_value")
    )


def _called(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    known = pl.lit(_has_calls(view))
    outcome = pl.col("outcome")
    shares = {"tried_share": outcome.is_not_null(), "reached_share": outcome == "reached", "refused_share": outcome == "refused"}
    means = [pl.when(known).then(test.fill_null(False).cast(pl.Float64).mean()).alias(name) for name, test in shares.items()]
    return rows.filter("treated").group_by("group").agg(means)


def _has_calls(view: View) -> bool:
    return view.workspace.table("guide_calls") is not None


def _share(rows: pl.DataFrame, outcome: str) -> float | None:
    listed = rows.filter("treated")
    return listed.filter(pl.col("outcome") == outcome).height / listed.height if listed.height else None


def _notes(view: View, episodes: Episodes, rows: pl.DataFrame, whole: Effect, by: str) -> list[str | Note]:
    notes: list[str | Note] = [
        tr("Compared is who was on a list with whom chance held out, called or not: who is reached differs from who is not.")
    ]
    spoiled = rows.filter(~pl.col("treated") & pl.col("outcome").is_not_null()).height
    if spoiled:
        text = view.say(
            "{spoiled:few} who were held out were called all the same: the effect is larger than what is told.", spoiled=spoiled
        )
        notes.append(Note(text, "REVIEW"))
    if episodes.running:
        notes.append(
            view.say(
                "{running:few} on lists of the last {days} days, or held out, are not judged yet.",
                running=episodes.running,
                days=WINDOW_DAYS,
            )
        )
    if episodes.other_draws:
        text = tr("Lists with another share held out are left out: {count:,} members and lists.", count=episodes.other_draws)
        notes.append(Note(text, "REVIEW"))
    if episodes.damaged:
        days = ", ".join(day.isoformat() for day in episodes.damaged[:5])
        notes.append(Note(tr("Lists that were changed after they were frozen are left out: {days}.", days=days), "REVIEW"))
    if by == "guide":
        notes.append(tr("A guide's effect is drawn to that of all as far as its own error demands: a few good weeks make no champion."))
    if not _has_calls(view):
        text = tr("Who was called and reached: the table `guide_calls` (`member_id`, `called_on`, `outcome`) was not handed over.")
        notes.append(Note(text, "NOT MEASURED"))
    if whole.estimate is None and rows.height:
        notes.append(Note(tr("Hold out more, or wait: each day adds a tenth of the day's tasks."), "NOT MEASURED"))
    return notes
