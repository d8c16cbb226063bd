"""Scoreboard: the main figures of membership side by side, today and over the past quarter; what a page opens with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Column
from toolkit.language import tr
from toolkit.portrait.figures import FIGURES
from toolkit.portrait.measures.figure_sums import sums_of
from toolkit.portrait.measures.figure_values import change_of, change_said, values_of
from toolkit.registry import question
from toolkit.scope.feasts import feast_notes
from toolkit.scope.period import Period
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

SHOWN = ("members", "active_members", "first_time_members", "repeat_rate", "member_sales", "order_value")
"""The figures, in the order of the page."""
STEPS = 13
_WEEK = timedelta(days=7)


def _changes(name: str) -> Column:
    figure = FIGURES[name]
    heading, meaning = figure.column.label, "against the period named in the headline"
    return (
        c.number(f"{name}_change", f"{heading}, change in points", meaning)
        if figure.is_share
        else c.share(f"{name}_change", f"{heading}, change", meaning)
    )


BOARD = c.table(
    f"one row per window as long as the period, {STEPS} of them, the period itself first, each ending a week before the one above",
    c.day("starts_on", "From"),
    c.day("ends_on", "To"),
    c.members("buyer_count", "Buyers", "members who ordered"),
    *(FIGURES[name].column.of(null="the receipts do not reach back") for name in SHOWN),
)
CHANGES = tuple(_changes(name) for name in SHOWN)


@question(
    "portrait",
    "How do our main figures stand, and where are they heading?",
    words=(
        "scoreboard, key figures at a glance, dashboard of main figures",
        "are we doing better or worse than last year",
        "main figures with their trend",
        "关键指标 指标看板 核心指标 趋势",
    ),
    tables=BOARD,
    figures=(*(FIGURES[name].column for name in SHOWN), *CHANGES),
)
def scoreboard(view: View) -> Finding:
    """Return the main figures of the period and how they moved: one row per window, the period itself first.

    Each window is as long as the period and ends a week before the one above, so that a figure is the same thing all along its line and a
    single good week does not bend it. Changes are against the same days a year earlier (364 days, so that weekdays agree), where the
    receipts hold them, else against as many days just before; of a share in points.

    Notes
    -----
    Figures are those of `portrait.figure`, under the same names. Source: DEFINITIONS.md.

    Example
    -------
    >>> tk.portrait.scoreboard(ws).figures["repeat_rate"]              # doctest: +SKIP
    """
    windows = _windows(view.period)
    other, is_year = compared_with(view)
    shown = _shown(view, [*windows, *([other] if other else [])])
    board = BOARD.of(shown.head(len(windows)), view)
    changes: dict[str, float | None] = dict.fromkeys(SHOWN)
    if other:
        changes = _changed(board.frame.head(1), BOARD.of(shown.tail(1), view).frame)
    if not is_year:  # early receipts make everybody new who was away before them
        changes["first_time_members"] = None
    return Finding(
        headline=_headline(view, board, changes),
        table=board,
        chart=lambda: _chart(view, board.frame),
        notes=_notes(view, other, is_year=is_year),
        ask_next=[
            ("review.agenda", {}),
            ("portrait.why", {"metric": "member_sales"}),
            ("portrait.figure", {"metric": "repeat_rate", "by": "month"}),
        ],
        figures={name: board.frame[name][0] for name in SHOWN} | {f"{name}_change": change for name, change in changes.items()},
        spark=board.frame["member_sales"].drop_nulls().reverse().to_list(),
    )


def _windows(period: Period) -> list[Period]:
    return [Period(period.start - step * _WEEK, period.end - step * _WEEK) for step in range(STEPS)]


def compared_with(view: View) -> tuple[Period | None, bool]:
    """Return what the period is compared with (None: the receipts do not reach back), and whether that is the same days a year earlier."""
    for other in (view.period.year_before(), view.period.before()):
        if other.start >= view.first_day:
            return other, other == view.period.year_before()
    return None, False


def _shown(view: View, windows: Sequence[Period]) -> pl.DataFrame:
    """The figures of each window: null where it starts before the receipts."""
    figures = [FIGURES[name] for name in ("buyers", *SHOWN)]
    sums = sums_of(view, figures, windows, None)  # the orders are read once for all of them
    buyers, *parts = [values_of(view, figure, windows, sums).select(figure.name) for figure in figures]
    dates = pl.DataFrame({"starts_on": [one.start for one in windows], "ends_on": [one.end for one in windows]})
    board = pl.concat([dates, buyers.rename({"buyers": "buyer_count"}), *parts], how="horizontal")
    reaches = pl.col("starts_on") >= view.first_day
    is_first = pl.int_range(pl.len()) == 0  # the period itself is told as it is, as everywhere
    return board.with_columns(pl.when(reaches | is_first).then(pl.col("buyer_count", *SHOWN)))


def _changed(now: pl.DataFrame, was: pl.DataFrame) -> dict[str, float | None]:
    """The change of each figure between two rows of the board: of what may be shown, so that it tells no more."""
    return pl.select(change_of(FIGURES[name], pl.lit(now[name]), pl.lit(was[name])).alias(name) for name in SHOWN).row(0, named=True)


def _headline(view: View, board: AnswerTable, changes: dict[str, float | None]) -> str:
    now = board.frame.row(0, named=True)

    def text(name: str) -> str:
        return wording.column_text(now[name], FIGURES[name].column, view.currency)

    def moved(name: str) -> str:
        return change_said(FIGURES[name], changes[name])

    return view.say(
        "{where}, {active} of {members} members are active[ ({active_change})]; they brought {sales} {period:in}[ ({sales_change})], "
        "{again} of the buyers came again[ ({again_change})], and an order is worth {value}[ ({value_change})].",
        None, active=text("active_members"), members=text("members"), sales=text("member_sales"), again=text("repeat_rate"),
        value=text("order_value"), active_change=moved("active_members"), sales_change=moved("member_sales"),
        again_change=moved("repeat_rate"), value_change=moved("order_value"),
    )  # fmt: skip


def _notes(view: View, other: Period | None, *, is_year: bool) -> list[str | Note]:
    """The first one says what changes are against: the entry page shows it under the figures."""
    if other is None:
        notes = [Note(view.say("Changes are not measured: the receipts start on {first_day}.", first_day=view.first_day), "NOT MEASURED")]
    elif is_year:
        notes = [Note(view.say("Compared with the same days a year earlier, {other}.", other=other))]
    else:
        text = view.say(
            "Compared with the days just before, {other}: the receipts start on {first_day} and hold no year to compare with, so a change "
            "holds the season too.",
            other=other, first_day=view.first_day,
        )  # fmt: skip
        notes = [Note(text, "REVIEW")]
    notes += feast_notes(view, other) if other else []
    notes.append(Note(tr("Each point of a line is a window as long as the period; neighbours share all days but seven.")))
    return list(notes)


def _chart(view: View, board: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.multiples import multiples

    now = board.row(0, named=True)
    names = {name: wording.capital(tr(FIGURES[name].words)) for name in SHOWN}
    # Figures of different units on one scale: each as a share of what it is now.
    lines = pl.concat(
        board.reverse().select("ends_on", pl.lit(names[name]).alias("figure"), (pl.col(name) / now[name]).cast(pl.Float64).alias("of_now"))
        for name in SHOWN
        if now[name]
    )
    return multiples(
        lines, panel="figure", x="ends_on", value="of_now", kind="share", columns=3,
        title=view.say("Where the main figures are heading: {place}"),
        subtitle=view.say("windows of {days} days, one a week; each figure as a share of its last value", days=view.period.days),
        value_title=tr("Of the last value"),
    )  # fmt: skip
