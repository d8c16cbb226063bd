"""Member day: a discount on one weekday, replayed for each weekday: which has room, what only moves there, what must come on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.differentiation.measures.amounts import read_budget, read_share
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, accounting_notes
from toolkit.differentiation.measures.reckoning import MONEY, best_of, money_columns, money_notes, nobody, outcome, reckoned, too_dear
from toolkit.errors import BadValue, nearest
from toolkit.language import tr, value, word
from toolkit.models.replay import response
from toolkit.models.replay_days import member_days, replay_member_day
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import listing, share, some

if TYPE_CHECKING:
    import altair as alt

DAYS = (
    value("Monday"),
    value("Tuesday"),
    value("Wednesday"),
    value("Thursday"),
    value("Friday"),
    value("Saturday"),
    value("Sunday"),
)
TABLE = pl.Schema(
    {
        "weekday": pl.String,
        "days_held": pl.Int64,
        "day_sales": pl.Float64,
        "day_index": pl.Float64,
        "free_rider_count": pl.Int64,
        "within_reach_count": pl.Int64,
        "moved_sales": pl.Float64,
        **MONEY,
    }
)


@question(
    "differentiation",
    "Which weekday has room for a member day, and would it pay?",
    words=(
        "member day on a weekday, how often",
        "which day of the week is weak, discount day for members",
        "would a members' day only move sales from other days",
        "会员日 周几",
    ),
)
def member_day(view: View, *, weekday: str = "", depth: float = 0.1, every_weeks: int = 1, budget: float | None = None) -> Finding:
    """Return a member day on each weekday, counted on the members' baskets of the period: one row per weekday with sales.

    Accounting: baskets of those days are free riders. Baskets up to setting offers.move_days days off may move there and bring nothing new:
    setting offers.moved_share of them. Within reach are members who came in the period, but never on or near those days: setting
    offers.response_share of them come once more with their mean basket.

    Parameters
    ----------
    weekday
        `wed`, `Wednesday` or 3 (1 = Monday): the one to speak of; empty = the one that does best.
    depth
        Share taken off all baskets of the day, 0..1.
    every_weeks
        1 = every week, 2 = every other week, 4 = every four weeks, counted back from the end of the period.
    budget
        Most that it may cost over a window like this, in currency units; empty = no limit.

    Returns
    -------
    Answer
        Table columns: `weekday`; `days_held` (member days in the period); `day_sales` (mean sales of such a weekday, all of the period),
        `day_index` (1 = as the mean day; below 1 there is room); `free_rider_count` (baskets), `within_reach_count` (members),
        `moved_sales` (assumed to move there); and the money columns of `differentiation.full_reduction`, where `break_even_share` is the
        rise of the days' own sales that pays for free riders and moved baskets (null where the depth takes the whole margin).

    Raises
    ------
    BadValue
        No such weekday, a depth that is no share, fewer than one week, a budget of nothing.

    Example
    -------
    >>> tk.differentiation.member_day(ws, weekday="wed", depth=0.1).headline      # doctest: +SKIP
    """
    spend, past = read_budget(budget, "differentiation.member_day"), Past(view)
    depth_bp, chosen = read_share(depth, "depth", most=0.9), _read_weekday(weekday)
    if not 1 <= every_weeks <= 52:
        raise BadValue(tr("every_weeks is {every_weeks}; 1 (every week) to 52 was needed.", every_weeks=every_weeks))
    if past.baskets.is_empty():
        return nobody(view, past, tr("member day"), TABLE)
    replayed = pl.concat([replayed_day(past, number, depth_bp, every_weeks) for number in range(1, 8)]).join(_usual(past), on="number")
    if replayed.filter(pl.col("days_held") > 0).is_empty():
        return nobody(view, past, tr("member day"), TABLE, need=tr("member day"))
    cells = reckoned(past, replayed.filter(pl.col("days_held") > 0)).with_columns(_of_day(view, depth_bp))
    rows = cells if chosen is None else cells.filter(pl.col("number") == chosen)
    if rows.is_empty():
        raise BadValue(
            tr(
                "weekday: nothing was sold on a {weekday} in {period}. Choose a day with sales.",
                weekday=word(DAYS[(chosen or 1) - 1]),
                period=view.period,
            )
        )
    best = best_of(view, rows, spend, "number")
    return Finding(
        headline=_headline(view, past, rows, best, spend, depth, every_weeks),
        table=_table(view, cells),
        chart=lambda: _chart(view, past, cells),
        notes=_notes(view, past, cells, best, depth, every_weeks),
        ask_next=[("differentiation.offers", {}), ("portrait.habits", {})],
        figures={"best_net_amount": best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def replayed_day(past: Past, number: int, depth_bp: int, every_weeks: int = 1) -> pl.DataFrame:
    """Return a member day on weekday `number` (1 = Monday) as `reckon` takes it: one row per group of `past`."""
    view, settings = past.view, past.view.settings.offers
    days = member_days(number, view.period.start, view.period.end, every_weeks)
    counted = replay_member_day(past.baskets, days, depth_bp=depth_bp, move_days=settings.move_days, by=past.by)
    depth = response(settings.response_share, pl.lit(depth_bp / BASIS_POINTS))
    return past.with_margin(counted).with_columns(
        pl.lit(number, pl.Int64).alias("number"), pl.lit(len(days), pl.Int64).alias("days_held"), depth.alias("response_share")
    )


def _usual(past: Past) -> pl.DataFrame:
    """Mean sales of each weekday with sales: `number`, `day_amount` and `day_index` against the mean day of those weekdays."""
    view = past.view
    days = pl.DataFrame({"day": pl.date_range(view.period.start, view.period.end, eager=True)})
    sold = days.join(past.baskets.group_by("day").agg(pl.col("amount").sum()), on="day", how="left").with_columns(
        pl.col("amount").fill_null(0), pl.col("day").dt.weekday().cast(pl.Int64).alias("number")
    )
    usual = sold.group_by("number").agg(pl.col("amount").mean().alias("day_amount")).filter(pl.col("day_amount") > 0).sort("number")
    return usual.with_columns((pl.col("day_amount") / pl.col("day_amount").mean()).alias("day_index"))


def _of_day(view: View, depth_bp: int) -> pl.Expr:
    """The rise of the days' sales that pays for free riders and moved baskets, at the margin that the depth leaves."""
    left = (pl.col("margin_share") - depth_bp / BASIS_POINTS) * pl.col("free_rider_amount")
    fixed = pl.col("free_cost") + view.settings.offers.moved_share * pl.col("movable_cost")
    return (fixed / pl.when(left > 0).then(left)).alias("break_even_lift")


def _read_weekday(text: str) -> int | None:
    given = text.strip()
    if not given:
        return None
    found = [
        number
        for number, name in enumerate(DAYS, start=1)
        if given in (str(number), word(name)) or (len(given) >= 2 and name.lower().startswith(given.lower()))
    ]
    if len(found) != 1:
        near = nearest(given, DAYS)
        raise BadValue(
            tr("weekday is '{text}'; did you mean {near}?", text=text, near=near[0])
            if near
            else tr("weekday is '{text}'; a name such as wed, or 1 (Monday) to 7, was needed.", text=text)
        )
    return found[0]


def _table(view: View, cells: pl.DataFrame) -> pl.DataFrame:
    return cells.select(
        pl.col("number").replace_strict(dict(enumerate(DAYS, start=1)), return_dtype=pl.String).alias("weekday"),
        "days_held",
        view.major("day_amount").alias("day_sales"),
        "day_index",
        "free_rider_count",
        "within_reach_count",
        (view.settings.offers.moved_share * view.major("movable_amount")).alias("moved_sales"),
        *money_columns(view),
    ).match_to_schema(TABLE)


def _headline(
    view: View, past: Past, rows: pl.DataFrame, best: dict[str, Any] | None, budget: float | None, depth: float, every_weeks: int
) -> str:
    often = tr("every week") if every_weeks == 1 else tr("every {every_weeks} weeks", every_weeks=every_weeks)
    if best is None:
        cheapest = rows.sort("cost", "number").row(0, named=True)
        return too_dear(
            view,
            rows,
            budget or 0,
            tr("{member_days} with {depth} off {often}", member_days=some(rows.height, "member day"), depth=share(depth), often=often),
            word(DAYS[cheapest["number"] - 1]),
        )
    level = best["day_index"] - 1
    room = (
        tr("{level} below the mean day", level=share(-level, 0)) if level < 0 else tr("{level} above the mean day", level=share(level, 0))
    )
    return tr(
        "{where}, a member day with {depth} off {often} does best on a {weekday}, whose sales are {room}: {free_riders:,} of {baskets} "
        "are made then anyway, and some {moved:,.0f} more would only move there; {outcome}",
        where=where(view),
        depth=share(depth),
        often=often,
        weekday=word(DAYS[best["number"] - 1]),
        room=room,
        free_riders=best["free_rider_count"],
        baskets=some(past.baskets.height, "basket"),
        moved=view.settings.offers.moved_share * best["movable_count"],
        outcome=outcome(view, best, tr("members who never come then do"), what=tr("sales of those days")),
    )


def _notes(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, depth: float, every_weeks: int) -> list[str | Note]:
    settings = view.settings.offers
    notes = accounting_notes(
        past,
        tr(
            "{moved_share} of the baskets up to {move_days} days off move to the day (settings offers.moved_share, "
            "offers.move_days); at 10% off, {response_share} of the members who came, but not on or near those days, "
            "come once more, in proportion at other depths (setting offers.response_share).",
            moved_share=share(settings.moved_share, 0),
            move_days=settings.move_days,
            response_share=share(settings.response_share, 0),
        ),
    )
    weak = cells.filter(pl.col("day_index") < 1).sort("day_index")
    if weak.height:
        said = [
            tr("{weekday} ({share} below)", weekday=word(DAYS[row["number"] - 1]), share=share(1 - row["day_index"], 0))
            for row in weak.iter_rows(named=True)
        ]
        notes.append(tr("Room: sales below the mean day on {said}.", said=listing(said)))
    called = tr("{weekday} with {depth} off", weekday=word(DAYS[best["number"] - 1]), depth=share(depth)) if best else ""
    name = pl.col("number").replace_strict(dict(enumerate(DAYS, start=1)), return_dtype=pl.String)
    notes += money_notes(past, cells, best, called, name.alias("weekday"))
    if cells.height < 7:
        closed = [word(day) for number, day in enumerate(DAYS, start=1) if number not in cells["number"]]
        notes.append(tr("Left out, without sales or without such a day in the period: {closed}.", closed=listing(closed)))
    if every_weeks > 1:
        notes.append(tr("Days held: the last such weekday of the period and every {every_weeks} weeks before it.", every_weeks=every_weeks))
    return notes


def _chart(view: View, past: Past, cells: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    drawn = _table(view, cells).select("weekday", "day_index", "free_rider_count")
    return ranked_bars(
        drawn, label="weekday", value="day_index", n="free_rider_count", kind="decimal", ranked=False, reference=1.0,
        reference_title=tr("mean day"), value_title=tr("Sales against the mean day"),
        title=tr("Room by weekday: {place}", place=view.place),
        subtitle=tr("{baskets} of members, {period}; n = baskets on the member days", baskets=some(past.baskets.height, "basket"),
                    period=view.period),
    )  # fmt: skip
