"""Goals: how far each is in its month, what it will come to, the chance of reaching it, and where a gap comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
from pydantic import BeforeValidator

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.portrait.figures import FIGURES, Metric, figure_named
from toolkit.portrait.measures.goal_list import goals_here
from toolkit.registry import question
from toolkit.review.measures.goal_gap import SPLIT, GoalGap, gap_parts
from toolkit.review.measures.goal_pace import LIKELY, MISSED, REACHED, UNLIKELY, Pace, goal_frame, paces
from toolkit.review.measures.store_months import fiscal_notes, month_period, month_words
from toolkit.scope.feasts import feast_notes
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

Show = Literal["goals", "gap"]
Asked = Annotated[Metric, BeforeValidator(figure_named)]
_UNIT = "in the unit of the figure"
GOALS = c.table(
    "one row per goal of the month",
    c.text("figure", "Figure"),
    c.text("month"),
    c.members("member_count", "Members behind it", null="it is the shop's as much as its members'"),
    c.number("target", "Target", _UNIT),
    c.number("so_far", "So far", "of the days seen", null="not measured"),
    c.share("so_far_rate", "Of the target so far", "of a sum: of as many days of the target, each alike", null="not measured"),
    c.number("forecast", "It will come to", _UNIT, null="cannot be told yet"),
    c.number("forecast_low", "from", "its 80% interval"),
    c.number("forecast_high", "to", "its 80% interval"),
    c.share("reach_chance", "Chance of reaching it", null="cannot be told yet"),
    c.number("gap", "Forecast less target", _UNIT),
    c.text("reading", "How it stands", "likely: chance of 80% or more; unlikely: 20% or less; open: between; else the month is over"),
    c.text("unit", "Unit"),
    c.text("source", "Stated", "stated: as a goal; sales_targets: by that table; stores: the goals of the stores together"),
)  # fmt: skip
GAP = c.table(
    "one row per part of the gap: of a store or of the whole scope; the parts add up to forecast less target",
    c.text("store_id", "Store", null="of the whole scope"),
    c.text("who", "Who"),
    c.text("part", "What"),
    c.money("gap_amount", "Part of the gap", hidden_by=None),
    c.members("member_count", "Members who bought there", null="the part is of no members", hidden_by=None),
)


@question(
    "review",
    "Shall we reach our goals this month, and where does a gap come from?",
    words=(
        "goals of the month, pace, forecast of the month, will we reach the goal",
        "chance of reaching the sales goal",
        "goal for members, repeat rate, active members",
        "where does the gap to the goal come from",
        "目标 进度 预测 能否达成 差距来源",
    ),
    tables=(GOALS, GAP),
    figures=(
        c.count("goal_count", "Goals"),
        c.count("likely_count", "Likely to be reached", "or reached"),
        c.count("unlikely_count", "Unlikely to be reached", "or missed"),
        c.share("target_rate", "Of the target"),
        c.share("reach_chance", "Chance of reaching it", "of the sales goal, else of the first"),
        c.money("gap_amount", "Gap of the sales goal", "forecast less target"),
    ),
)
def goals(view: View, *, month: str | None = None, show: Show = "goals", metric: Asked | None = None) -> Finding:
    """Return how the goals of a month stand (`show="goals"`), or where the gap of one comes from (`show="gap"`).

    Goals are those of documents/goals.toml (`toolkit goals WORKSPACE FILE`) of this scope; the table sales_targets states goals too, on
    the sales of its stores. A chain or region without a goal of its own has those of its stores, added up, where a figure adds up.

    Parameters
    ----------
    month
        The month, '2026-12'; empty = that of the last day seen.
    show
        `goals`: one row per goal. `gap`: the parts of what will come (once the month is over: what came) less the target.
    metric
        The figure whose gap is shown; empty = sales, else sales to members.

    Raises
    ------
    BadValue
        `month` is no month.
    DataError
        documents/goals.toml names a figure, store or month that there is not.

    Notes
    -----
    Sums are forecast by `models.sum_ahead`, other figures by how they went on in earlier months (`models.end_of_month`); 80% intervals. The
    gap is split by `models.shapley_parts` store by store into how many bought, how often and for how much, first-time members apart.

    Example
    -------
    >>> tk.review.goals(ws, show="gap").table                          # doctest: +SKIP
    """
    days = month_period(month or f"{view.as_of:%Y-%m}", called="review.goals")
    table = GAP if show == "gap" else GOALS
    if view.scope.audience is not None:
        return unmeasured(table, tr("Goals are of the chain, a store or a region: an audience has none."), tr("Leave the audience out."))
    wanted = goals_here(view, f"{days.start:%Y-%m}")
    if not wanted or days.start > view.as_of or days.end < view.first_day:
        headline = view.say(
            "{where}, [beyond?{month} is not in the receipts, which go from {first_day} to {as_of}|there is no goal for {month}].",
            month=month_words(days.start), beyond=bool(wanted), first_day=view.first_day,
        )  # fmt: skip
        advice = tr("State goals: `toolkit goals WORKSPACE FILE` takes a CSV or spreadsheet with figure, month, target, store or region.")
        return unmeasured(table, headline, advice, ask_next=[("review.sales_targets", {}), ("portrait.scoreboard", {})])
    standing = paces(view, wanted, days)
    return _gap(view, standing, metric) if show == "gap" else _goals(view, standing)


def _goals(view: View, standing: Sequence[Pace]) -> Finding:
    shown = GOALS.of(goal_frame(standing), view)
    first = main_goal(standing)
    hidden = {row["figure"] for row in shown.rows() if row["target"] is None}
    told = [one for one in standing if one.figure.words not in hidden]
    gap = first.ahead.value - first.wanted.target if first.ahead.value is not None and first.wanted.figure in SPLIT else None
    readings = shown.frame["reading"]
    likely, unlikely = (int(readings.is_in(words).sum()) for words in ([LIKELY, REACHED], [UNLIKELY, MISSED]))
    headline = view.say(
        "{where}, {goals:goal} for {month}: {likely} [over?reached|likely to be reached], {unlikely} [over?missed|likely to be missed][; "
        "{told}].",
        goals=len(standing), month=month_words(first.month.start), likely=likely, unlikely=unlikely, over=first.is_over,
        told=goal_words(view, first) if first in told else "",
    )  # fmt: skip
    return Finding(
        headline=headline,
        table=shown,
        chart=(lambda: _chart(view, shown)) if shown.frame["forecast"].is_not_null().any() else None,
        notes=[*_notes(view, standing, told), *fiscal_notes(view)],
        ask_next=[
            ("review.goals", {"month": f"{first.month.start:%Y-%m}", "show": "gap"}),
            ("review.alerts", {}),
            ("portrait.why", {"metric": "sales"}),
        ],
        figures={
            "goal_count": float(len(standing)),
            "likely_count": float(likely),
            "unlikely_count": float(unlikely),
            "target_rate": first.so_far_rate if first in told else None,
            "reach_chance": first.chance if first in told else None,
            "gap_amount": gap if first in told else None,
        },
    )


def main_goal(standing: Sequence[Pace]) -> Pace:
    """Return the goal that is told first: that of sales, else the first."""
    return next((one for one in standing if one.wanted.figure == "sales"), standing[0])


def goal_words(view: View, one: Pace) -> str:
    """Return a goal as part of a sentence: the target, what is there, what it will come to, the chance."""
    column, ends = one.figure.column, one.ahead.interval()
    told = not one.is_over and ends is not None

    def text(value: float | None) -> str:
        return "" if value is None else wording.column_text(round(value) if column.kind == "count" else value, column, view.currency)

    return view.say(
        "{figure} [over?came to|so far] {so_far} of the target of {target}[told?, by the end {low} to {high} (4 times in 5), chance of "
        "[most?staying below|reaching] it {chance:.0%}][over?|[told?|; what it will come to cannot be told yet]]",
        figure=tr(one.figure.words), over=one.is_over, so_far=text(one.reached) or tr("not measured"), target=text(one.wanted.target),
        told=told, low=text(ends[0]) if ends else "", high=text(ends[1]) if ends else "", most=one.at_most, chance=one.chance or 0.0,
    )  # fmt: skip


def target_text(view: View, one: Pace) -> str:
    """Return a goal as it stands under its figure on a page, in a line."""
    column = one.figure.column
    target = round(one.wanted.target) if column.kind == "count" else one.wanted.target
    return view.say(
        "{month}[running? so far]: {rate:share} of the target of {target}[told?, chance {chance:.0%}]",
        month=month_words(one.month.start), running=not one.is_over, rate=one.so_far_rate, chance=one.chance or 0.0,
        target=wording.column_text(target, column, view.currency), told=not one.is_over and one.chance is not None,
    )  # fmt: skip


def _notes(view: View, standing: Sequence[Pace], told: Sequence[Pace]) -> list[str | Note]:
    notes: list[str | Note] = [wording.capital(goal_words(view, one)) + tr(".") for one in told if one is not main_goal(standing)]
    short = [one for one in told if not one.is_over and one.chance is None]
    if short:
        text = view.say(
            "What {names} will come to cannot be told: {origins} earlier times can be learned from, {least} are needed, or nothing was "
            "sold "
            "lately.",
            names=wording.listing([tr(one.figure.words) for one in short]), origins=min(one.ahead.origins for one in short), least=8,
        )  # fmt: skip
        notes.append(Note(text, "NOT MEASURED"))
    seasonless = [one for one in told if one.ahead.status == "told" and not one.ahead.knows_year]
    if seasonless:
        text = view.say(
            "{names}: without the season of a year ago, which the receipts do not hold or which foretold no better.",
            names=wording.capital(wording.listing([tr(one.figure.words) for one in seasonless])),
        )  # fmt: skip
        notes.append(text)
    for one in told:
        if one.wanted.source in ("stores", "sales_targets") and not view.scope.store_id:
            text = view.say(
                "The goal for {figure} is the sum of {stores:store}[bare?; {bare} sold lately and have none, though their sales count].",
                figure=tr(one.figure.words), stores=one.wanted.store_count, bare=wording.listing(one.wanted.bare_stores[:6]),
            )  # fmt: skip
            notes.append(Note(text, "REVIEW") if one.wanted.bare_stores else text)
    first = main_goal(standing)
    if not first.is_over:
        notes.append(
            view.say(
                "Seen are {seen} of {days} days of the month. Intervals hold what comes 4 times in 5, as forecasts of earlier days erred; "
                "of "
                "a change that nothing before announced (a new store, another price) they know nothing.",
                seen=first.seen.days, days=first.month.days,
            )
        )  # fmt: skip
        notes += feast_notes(view, first.month.year_before(), now=first.month)
    return notes


def _gap(view: View, standing: Sequence[Pace], metric: str | None) -> Finding:
    chosen = metric or next((name for name in ("sales", "member_sales") if any(one.wanted.figure == name for one in standing)), "")
    pace = next((one for one in standing if one.wanted.figure == chosen), None)
    gap = gap_parts(view, pace) if pace else None
    again: list[tuple[str, Mapping[str, Any]]] = [("review.goals", {"month": f"{standing[0].month.start:%Y-%m}"}), ("portrait.why", {})]
    if pace is None or gap is None:
        headline = view.say(
            "{where}, where a gap comes from cannot be told[figure? for {figure}].", figure=tr(FIGURES[chosen].words) if chosen else ""
        )
        advice = tr(
            "It is told for goals on sales and sales to members, whose parts add up, once a forecast is told and the same month a year "
            "before, or the month before, is whole in the receipts."
        )
        return unmeasured(GAP, headline, advice, ask_next=again)
    rows = gap.parts.select(pl.exclude("amount"), view.major("amount").alias("gap_amount"))
    ahead = gap.total >= 0
    rows = rows.sort("gap_amount", "store_id", "who", "part", descending=[ahead, False, False, False], nulls_last=True)
    shown = GAP.of(rows, view)
    worst = shown.row() if shown.height else None
    return Finding(
        headline=view.say(
            "{where}, {figure} of {month} [over?came|will come] {gap:minor} [ahead?above|below] the target[; the largest part: "
            "{part:word}, "
            "{who:word}][store? in {store}][amount? ({amount:money})].",
            figure=tr(pace.figure.words), month=month_words(pace.month.start), over=pace.is_over, gap=abs(gap.total), ahead=ahead,
            part=worst and worst["part"], who=worst and worst["who"], store=worst and worst["store_id"],
            amount=worst and worst["gap_amount"],
        ),
        table=shown,
        chart=lambda: _gap_chart(view, shown),
        notes=_gap_notes(view, pace, gap),
        ask_next=again,
        figures={"gap_amount": gap.total / view.minor_units, "target_rate": pace.so_far_rate, "reach_chance": pace.chance},
    )  # fmt: skip


def _gap_notes(view: View, pace: Pace, gap: GoalGap) -> list[str | Note]:
    return [
        view.say(
            "The parts add up to the cent: what {now} brought against {before}, by store, kind of member and what moved it[running?; what "
            "the "
            "days to come bring beyond those of the month of comparison]; and what the target asks for beyond that month.",
            now=gap.now, before=gap.before, running=not pace.is_over,
        ),
        tr("Stores and kinds with too few members stand together. Who buys in two stores counts in both."),
        *feast_notes(view, gap.before, now=gap.now),
    ]  # fmt: skip


def _chart(view: View, shown: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    share = [(pl.col(name) / pl.col("target")).alias(name) for name in ("forecast", "forecast_low", "forecast_high")]
    rows = shown.frame.filter(pl.col("target") > 0).with_columns(share).with_columns(label=pl.col("figure").map_elements(tr, pl.String))
    return ranges(
        rows, label="label", value="forecast", low="forecast_low", high="forecast_high", kind="share", reference=1.0,
        reference_title=tr("the target"), value_title=tr("Of the target"), title=view.say("What goals will come to: {place}"),
        subtitle=tr("forecast of the month over the target, with its 80% interval"),
    )  # fmt: skip


def _gap_chart(view: View, shown: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars
    from toolkit.language import word

    rows = shown.frame.with_columns(
        label=pl.struct("store_id", "who", "part").map_elements(
            lambda row: ", ".join(part for part in (word(row["store_id"]), word(row["who"]), word(row["part"])) if part), pl.String
        )
    )
    most = rows.sort(pl.col("gap_amount").abs(), descending=True).head(14)
    return ranked_bars(
        most, label="label", value="gap_amount", kind="money", value_title=tr("Part of the gap"),
        title=view.say("Where the gap comes from: {place}"), subtitle=tr("the largest parts; all of them are in the table"),
    )  # fmt: skip
