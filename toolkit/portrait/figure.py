"""One figure: how much it is, how it changed, by time or by group. What figures there are: `toolkit.portrait.figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import polars as pl
from pydantic import BeforeValidator

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Column, Row, Table
from toolkit.errors import BadValue
from toolkit.language import later, tr, value
from toolkit.portrait.figures import FIGURES, Figure, Metric, figure_named
from toolkit.portrait.measures.drivers import CHAINS
from toolkit.portrait.measures.figure_sums import Groups, Of, groups_of
from toolkit.portrait.measures.figure_values import COUNTS, change_of, change_said, figure_values
from toolkit.portrait.measures.stages import lifecycle_limits
from toolkit.registry import question
from toolkit.scope.calendar import UNITS, Span, Unit, read_against, spans, unfinished
from toolkit.scope.period import Period
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

    from toolkit.charts.theme import Kind

Asked = Annotated[Metric, BeforeValidator(figure_named)]
By = Literal["total", "day", "week", "month", "quarter", "year", "store", "region", "category", "tier", "segment", "channel"]
_WORDS: dict[str, str] = {
    "day": later("day"), "week": later("week"), "month": later("month"), "quarter": later("quarter"), "year": later("year"),
    "store": later("store"), "region": later("region"), "category": later("category"), "tier": later("tier"),
    "segment": later("segment"), "channel": later("channel"),
}  # fmt: skip
_KEYS: dict[str, Column] = {
    **{name: c.text(name) for name in ("region", "category", "tier", "segment", "channel")}, "store": c.text("store_id", "Store"),
}  # fmt: skip
_THIS = value("this period")
_CHANGE, _POINTS = (
    c.share("change", "Change", null="not measured before"),
    c.number("change_points", "Change in points", null="not measured before"),
)
_BARS = 20


def _table(figure: Figure, by: str, *, of_audience: bool = False) -> Table:
    """The table of a figure: by time (one row for the whole period), or by group."""
    is_open = figure.is_open and not of_audience and by not in ("tier", "segment") and (figure.adds or by not in _KEYS)
    mine = figure.column if figure.column.counts_members else figure.column.of(hidden_by=None if is_open else "")
    before = mine.of(name=f"{figure.name}_before", label="Before", null="the receipts do not reach back")
    time = (
        c.text("window", "Period"),
        c.day("starts_on", "From"),
        c.day("ends_on", "To"),
        c.flag("is_whole", "Whole", "the receipts hold all of it"),
    )
    rows = f"one row per {by}, largest first" if by in _KEYS else "one row per window, oldest first"
    counts = [COUNTS[name] for name in figure.n]
    return c.table(rows, *((_KEYS[by],) if by in _KEYS else time), *counts, mine, before, _POINTS if figure.is_share else _CHANGE)


TABLES = (*(_table(FIGURES["sales"], by) for by in ("total", *_KEYS)), _table(FIGURES["repeat_rate"], "total"))
"""Each shape once; a figure's own column stands where `sales` does here, and `repeat_rate` for those whose change is in points."""


@question(
    "portrait",
    "How much is one figure, and how did it change?",
    words=(
        "sales by month, by week, by day, by quarter, by year",
        "how many members, how many new members last month",
        "repeat rate, order value, units per order by store, tier or channel",
        "revenue this year against last year",
        "每月销售额 客单价 连带率 复购率 新增会员 动销",
    ),
    tables=TABLES,
    figures=tuple(figure.column for figure in FIGURES.values()),
)
def figure(view: View, *, metric: Asked = "sales", by: By = "total", against: str | None = None) -> Finding:
    """Return one figure of the period: one row, one row per unit of time, or one row per group, each with its change.

    Whole months are compared with whole months, an unfinished month with the same first days of the month before, any other period with as
    many days just before; a unit of time with the one before it. Without a period, units of time go back far enough to be compared with
    their like a year earlier.

    Parameters
    ----------
    metric
        The figure, by name or as people call it in either language: `sales`, `repeat_rate`, `新增会员`. All of them with their formulas:
        `toolkit.portrait.figures`.
    by
        `total`; `day`, `week`, `month`, `quarter`, `year`; `store`, `region`, `category`, `tier`, `segment`, `channel`.
    against
        What it is compared with: empty = the period before; 'year' = a year earlier; 'FIRST..LAST' (not by time).

    Raises
    ------
    UnknownName
        There is no such figure.
    BadValue
        The figure cannot be told by category, or `against` is no period before this one.
    DataError
        The shop's tables do not hold what would part the figure.

    Notes
    -----
    Segments and tiers are those of the last day. A figure that another question shows too is the same there. Source: DEFINITIONS.md.

    Example
    -------
    >>> tk.portrait.figure(ws, metric="order_value", by="month").table             # doctest: +SKIP
    """
    asked = FIGURES[metric]
    if by == "category" and not asked.by_category:
        raise BadValue(_not_by_category(asked))
    if by in UNITS and against not in (None, "", "year"):
        raise BadValue(
            tr("portrait.figure: by {by}, against can be empty or 'year'; for a period of your own ask without `by`.", by=tr(_WORDS[by]))
        )
    groups = groups_of(view, cast("Of", by)) if by in _KEYS else None
    units = (
        spans(view.period, cast("Unit", by), view.first_day, view.settings.calendar)
        if by in UNITS
        else [Span(_THIS, view.period, view.period.start >= view.first_day)]
    )
    before = _compared(view, units, by, against)
    shown = _shown(view, asked, by, units, before, groups)
    return Finding(
        headline=_headline(view, asked, by, shown, before),
        table=shown,
        chart=(lambda: _chart(view, asked, by, shown, against)) if shown.height else None,
        notes=_notes(view, asked, by, units, before),
        ask_next=_ask_next(asked, by),
        figures={asked.name: shown.row()[asked.name]} if by == "total" else {},
        spark=shown.frame[asked.name].drop_nulls().to_list() if by in UNITS else (),
    )


def _not_by_category(asked: Figure) -> str:
    known = [tr(figure.words) for figure in FIGURES.values() if figure.by_category]
    return tr(
        "portrait.figure: {figure} cannot be told by category, since orders and members belong to several; by category there are {known}.",
        figure=tr(asked.words), known=wording.listing(known),
    )  # fmt: skip


def _compared(view: View, units: Sequence[Span], by: str, against: str | None) -> list[Period | None]:
    """What each window is compared with; None where its beginning is not seen, or the receipts do not reach back."""
    if by in UNITS:
        others = [unit.before(cast("Unit", by), year=against == "year") for unit in units]
    else:
        others = [read_against(against, view.period, view.as_of, name="portrait.figure")]
    return [other if other is not None and other.start >= view.first_day else None for other in others]


def _shown(
    view: View, asked: Figure, by: str, units: Sequence[Span], before: Sequence[Period | None], groups: Groups | None
) -> AnswerTable:
    """The table: the figure as it may be shown now and before, and the change between the two."""
    declared = _table(asked, by, of_audience=view.scope.audience is not None)
    windows = [*(unit.seen for unit in units), *(other for other in before if other is not None)]
    measured = figure_values(view, asked, windows, groups)
    counts = [COUNTS[name].name for name in asked.n]
    # What may be shown of either side is decided first, so that no change tells what is hidden.
    side = c.table("one row per window and group", *(declared.by_name[name] for name in (*counts, asked.name)))
    visible = measured.select("window", "group").with_columns(side.of(measured.select(*counts, asked.name), view).frame[asked.name])
    after = iter(range(len(units), len(windows)))
    places = pl.DataFrame(
        [(place, None if other is None else next(after)) for place, other in enumerate(before)],
        schema={"window": pl.Int64, "before": pl.Int64}, orient="row",
    )  # fmt: skip
    then = places.join(visible, left_on="before", right_on="window").select(
        "window", "group", pl.col(asked.name).alias(f"{asked.name}_before")
    )
    joined = measured.filter(pl.col("window") < len(units)).join(then, on=["window", "group"], how="left", maintain_order="left")
    seen = joined.join(visible, on=["window", "group"], how="left", maintain_order="left")
    now, was = seen[f"{asked.name}_right"], pl.col(f"{asked.name}_before")
    change = change_of(asked, pl.lit(now), was).alias(_POINTS.name if asked.is_share else _CHANGE.name)
    rows = joined.with_columns(change).drop("window", "group")
    if groups is None:
        return declared.of(pl.concat([pl.DataFrame([_dates(unit) for unit in units]), rows], how="horizontal"), view)
    if measured[asked.name].null_count() == measured.height:
        return declared.empty()
    key = _KEYS[by].name
    shown = declared.of(rows.with_columns(joined["group"].alias(key)), view)  # sorted as it is shown: an order tells what is hidden
    return shown.cut(shown.frame.sort(asked.name, key, descending=[True, False], nulls_last=True))


def _dates(unit: Span) -> dict[str, Any]:
    return {"window": unit.name, "starts_on": unit.seen.start, "ends_on": unit.seen.end, "is_whole": unit.is_whole}


def _told_of(asked: Figure, period: Period) -> Period:
    """The days that a sentence names: the last one, of what is so on a day."""
    return Period(period.end, period.end) if asked.is_of_a_day else period


def _said(asked: Figure, row: Row) -> str:
    return change_said(asked, row[_POINTS.name if asked.is_share else _CHANGE.name])


def _headline(view: View, asked: Figure, by: str, shown: AnswerTable, before: Sequence[Period | None]) -> str:
    rows = [row for row in shown.rows() if row[asked.name] is not None]
    told = {"figure": tr(asked.words), "by": tr(_WORDS.get(by, "")), "window": _told_of(asked, view.period)}
    if not rows:
        return view.say("{where}, {figure} {window:in}: not measured.", None, **told)

    def text(row: Row, name: str = asked.name) -> str:
        return wording.column_text(row[name], asked.column, view.currency)

    def count(row: Row) -> str:
        number = row[COUNTS[asked.n[0]].name] if asked.n else None
        return "" if number is None else wording.some(number, "member")

    if by == "total":
        row, earlier = rows[0], before[0] and _told_of(asked, before[0])
        return view.say(
            "{where}, {figure} {window:in}: {value}[ (n = {n})][, {change}; it was {was} {before:in}].", None, **told,
            value=text(row), n=count(row), change=_said(asked, row), was=text(row, f"{asked.name}_before"), before=earlier,
        )  # fmt: skip
    if by in UNITS:
        whole = [row for row in rows if row["is_whole"]] or rows
        last, most, least = whole[-1], max(whole, key=lambda row: row[asked.name]), min(whole, key=lambda row: row[asked.name])
        return view.say(
            "{where}, {figure} by {by}: {value} in {last}[ ({change})][several?; most in {most} ({most_value}), least in {least} "
            "({least_value})].",
            None, **told, value=text(last), last=last["window"], change=_said(asked, last), several=len(whole) > 1,
            most=most["window"], most_value=text(most), least=least["window"], least_value=text(least),
        )  # fmt: skip
    key = _KEYS[by].name
    first, last = rows[0], rows[-1]
    return view.say(
        "{where}, {figure} by {by} {window:in}: {first} has most with {value}[ (n = {n})][ ({change})][several?, {last} least with "
        "{last_value}, of {count}].",
        None, **told, first=wording.value_of(key, first[key]), value=text(first), n=count(first), change=_said(asked, first),
        several=len(rows) > 1, last=wording.value_of(key, last[key]), last_value=text(last), count=len(rows),
    )  # fmt: skip


def _notes(view: View, asked: Figure, by: str, units: Sequence[Span], before: Sequence[Period | None]) -> list[str | Note]:
    notes: list[str | Note] = [tr("{figure} = {formula}.", figure=wording.capital(tr(asked.words)), formula=tr(asked.formula))]
    month, last = unfinished(view.period) if by == "total" else None, units[-1]
    if month is not None or (by in UNITS and not last.is_whole and last.seen.start > view.first_day):
        name = f"{month.start:%Y-%m}" if month is not None else last.name
        text = view.say(
            "{name} is not finished: only its days up to {end} are counted[before?, and compared with {before}].",
            name=name, end=last.seen.end, before=before[-1],
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if by not in UNITS and before[0] is None:
        text = view.say("The change is not measured: the receipts start on {first_day}.", first_day=view.first_day)
        notes.append(Note(text, "NOT MEASURED"))
    if asked.name in ("margin", "margin_share") and not view.has_column("products", "unit_cost"):
        notes.append(not_measured(view, "products", "unit_cost", tr(asked.words)))
    if asked.name == "discount_share" and not view.has_column("lines", "discount_amount"):
        notes.append(not_measured(view, "lines", "discount_amount", tr(asked.words)))
    if asked.source == "stages" and not (limits := lifecycle_limits(view)).measured:
        notes.append(Note(view.say("Lifecycle stages: {reason}.", vars(limits)), "NOT MEASURED"))
    if asked.name == "member_sales_share" and view.scope.audience is not None:
        notes.append(tr("Sales are those of the audience alone, so the member share of sales is not measured."))
    if asked.name == "first_time_members":
        text = view.say(
            "The receipts start on {first_day}: who was away for longer than since then reads as first-time.", first_day=view.first_day
        )
        notes.append(text)
    if by in ("store", "channel", "region", "category"):
        notes.append(tr("A member counts in every {by} they order in.", by=tr(_WORDS[by])))
    if by == "category":
        notes.append(tr("An order counts in every category that it holds."))
    if by in ("tier", "segment"):
        notes.append(view.say("The {by} of a member is that of {as_of}, for both periods.", by=tr(_WORDS[by])))
    return notes


def _ask_next(asked: Figure, by: str) -> list[tuple[str, Mapping[str, Any]]]:
    others = [other for other in ("month", "store", "segment") if other != by]
    reasons: list[tuple[str, Mapping[str, Any]]] = [("portrait.why", {"metric": asked.name})] if asked.name in CHAINS else []
    return [*reasons, *(("portrait.figure", {"metric": asked.name, "by": other}) for other in others)][:3]


_DRAWN: dict[str, Kind] = {"money": "money", "share": "share1", "number": "decimal", "count": "count"}


def _chart(view: View, asked: Figure, by: str, shown: AnswerTable, against: str | None) -> alt.Chart | alt.LayerChart:
    kind: Kind = "money2" if asked.column.kind == "money" and not asked.adds else _DRAWN[asked.column.kind]
    name = wording.capital(tr(asked.words))
    heading = asked.column.heading + (f", {view.currency}" if asked.column.kind == "money" else "")
    if by in UNITS:
        from toolkit.charts.lines import lines_over_time

        return lines_over_time(
            shown.frame, time="starts_on", value=asked.name, kind=kind, value_title=heading,
            earlier=f"{asked.name}_before" if against == "year" else None, title=tr("{figure} by {by}", figure=name, by=tr(_WORDS[by])),
            subtitle=view.place, from_zero=asked.adds,
        )  # fmt: skip
    from toolkit.charts.bars import ranked_bars

    if by == "total":
        before = shown.frame.select(pl.lit(tr("before")).alias("window"), pl.col(f"{asked.name}_before").alias(asked.name))
        both = pl.concat([shown.frame.select("window", asked.name), before])
        return ranked_bars(
            both.drop_nulls(asked.name), label="window", value=asked.name, kind=kind, ranked=False, value_title=heading, title=name,
            subtitle=view.say("{place}, {period}"),
        )  # fmt: skip
    return ranked_bars(
        shown.frame.drop_nulls(asked.name).head(_BARS), label=_KEYS[by].name, value=asked.name, kind=kind,
        n=COUNTS[asked.n[0]].name if asked.n else None, value_title=heading, title=tr("{figure} by {by}", figure=name, by=tr(_WORDS[by])),
        subtitle=view.say("{place}, {period}"),
    )  # fmt: skip
