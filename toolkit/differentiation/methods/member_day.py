"""Member day: a discount on one weekday, replayed for each weekday: which has room, what only moves there, what must come on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable
from toolkit.differentiation.measures.amounts import DEPTH_BP, read_budget, read_share
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, accounting_notes, basis_points
from toolkit.differentiation.methods.method import BEST_NET, MONEY, Method, answered, nothing_to_replay, reckoned
from toolkit.errors import BadValue, nearest
from toolkit.language import later, tr, value, word
from toolkit.ledger.offer import WEEKDAYS
from toolkit.models.replay import response
from toolkit.models.replay_days import member_days, replay_member_day
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

DAYS = (
    value("Monday"), value("Tuesday"), value("Wednesday"), value("Thursday"), value("Friday"), value("Saturday"), value("Sunday"),
)  # fmt: skip


def replayed_day(past: Past, number: int, depth_bp: int, every_weeks: int = 1) -> pl.DataFrame:
    """Return a member day on weekday `number` (1 = Monday) as `reckon` takes it: one row per group of `past`."""
    view, settings = past.view, past.view.settings.offers
    days = member_days(number, view.period.start, view.period.end, every_weeks)
    counted = replay_member_day(past.baskets, days, depth_bp=depth_bp, move_days=settings.move_days, by=past.by)
    depth = response(settings.response_share, pl.lit(depth_bp / BASIS_POINTS))
    return past.with_margin(counted).with_columns(
        pl.lit(number, pl.Int64).alias("number"), pl.lit(len(days), pl.Int64).alias("days_held"), depth.alias("response_share")
    )


def _replayed_days(past: Past, depth_bp: int, every_weeks: int = 1) -> pl.DataFrame:
    return pl.concat([replayed_day(past, number, depth_bp, every_weeks) for number in range(1, 8)])


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
    fitting = [
        number
        for number, name in enumerate(DAYS, start=1)
        if given in (str(number), word(name)) or (len(given) >= 2 and name.lower().startswith(given.lower()))
    ]
    if len(fitting) != 1:
        near = nearest(given, DAYS)
        raise BadValue(
            tr("weekday is '{text}'; did you mean {near}?", text=text, near=near[0])
            if near
            else tr("weekday is '{text}'; a name such as wed, or 1 (Monday) to 7, was needed.", text=text)
        )
    return fitting[0]


MEMBER_DAY = Method(
    table=c.table(
        "one row per weekday with sales",
        c.text("weekday"),
        c.count("days_held", "Days held", "member days in the period", hidden_by=None),
        c.money("day_sales", "Sales a day", "mean sales of such a weekday, all of the period", hidden_by=None),
        c.index("day_index", "Against the mean day", "1 = as the mean day; below 1 there is room", hidden_by=None),
        c.count("free_rider_count", "Get it anyway", "baskets of those days", hidden_by=None),
        c.members("within_reach_count", "Within reach", "members who came, but never on or near those days", null="too few to show"),
        c.money("moved_sales", "Sales that only move", "assumed to move there", hidden_by=None),
        *(column.of(hidden_by=None) for column in MONEY),
        note=False,
    ),
    figures=lambda view: [
        pl.col("number").replace_strict(dict(enumerate(DAYS, start=1)), return_dtype=pl.String).alias("weekday"),
        pl.col("days_held", "day_index", "free_rider_count", "within_reach_count"),
        view.major("day_amount").alias("day_sales"),
        (view.settings.offers.moved_share * view.major("movable_amount")).alias("moved_sales"),
    ],
    keys=("number",),
    headline=later(
        "{where}, a member day with {depth:share} off [weeks?every {weeks} weeks|every week] does best on a {weekday}, whose sales are "
        "{level:.0%} [has_room?below|above] the mean day: {free_rider_count} of {baskets:basket} are made then anyway, and some "
        "{moved:,.0f} more would only move there; it costs {cost_amount}[leaves? and leaves {net_amount} net, if {response_share} of "
        "members who never come then do.][loses? and loses {loss:money}: to pay for itself [rise_pays?sales of those days must rise by "
        "{break_even_share}|no rise of sales of those days is enough]. Doing nothing is better on these figures.][no_margin? for "
        "{extra_sales} of extra sales; what that leaves is not known without a margin.]"
    ),
    too_dear=later(
        "{where}, none of {n:member day} with {depth:share} off [weeks?every {weeks} weeks|every week] fits a budget of {budget:money}: "
        "the cheapest, {weekday}, costs {cost_amount}."
    ),
    called=later("{weekday} with {depth:share} off"),
    label="{weekday}",
    replay=lambda past, offer: replayed_day(past, offer.weekday or 1, basis_points(offer.depth)),
    proposed=lambda past: _replayed_days(past, DEPTH_BP).filter(pl.col("free_rider_count") > 0),
    text=lambda view, cell: f"member_day {WEEKDAYS[cell['number'] - 1]} 10%",
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
    tables=MEMBER_DAY.table,
    figures=BEST_NET,
)
def member_day(view: View, *, weekday: str = "", depth: float = 0.1, every_weeks: int = 1, budget: float | None = None) -> Finding:
    """Return a member day on each weekday, counted on the members' baskets of the period: one row per weekday with sales.

    Accounting: baskets of those days are free riders. Baskets up to setting offers.move_days days off may move there and bring nothing new:
    setting offers.moved_share of them. Within reach are members who came in the period, but never on or near those days: setting
    offers.response_share of them come once more with their mean basket. What must rise to pay for free riders and moved baskets are the
    days' own sales; no rise is enough where the depth takes the whole margin.

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
        return nothing_to_replay(past, MEMBER_DAY.table, tr("member day"))
    held = _replayed_days(past, depth_bp, every_weeks).join(_usual(past), on="number").filter(pl.col("days_held") > 0)
    if held.is_empty():
        return nothing_to_replay(past, MEMBER_DAY.table, tr("member day"), tr("member day"))
    cells = reckoned(past, held).with_columns(_of_day(view, depth_bp))
    if chosen and chosen not in cells["number"]:
        day = DAYS[chosen - 1]
        raise BadValue(view.say("weekday: nothing was sold on a {day:word} in {period}. Choose a day with sales.", day=day))
    assumed = view.say(
        "Assumed, not measured: {offers.moved_share:.0%} of the baskets up to {offers.move_days} days off move to the day (settings "
        "offers.moved_share, offers.move_days); at 10% off, {offers.response_share:.0%} of the members who came, but not on or near those "
        "days, come once more, in proportion at other depths (setting offers.response_share). A campaign with a control group measures it."
    )
    notes, more_notes = accounting_notes(past, assumed), list[str]()
    weak = [
        view.say("{day:word} ({gap:.0%} below)", day=DAYS[number - 1], gap=1 - index)
        for number, index in cells.filter(pl.col("day_index") < 1).sort("day_index").select("number", "day_index").iter_rows()
    ]
    if weak:
        notes.append(view.say("Room: sales below the mean day on {days}.", days=listing(weak)))
    if cells.height < 7:
        closed = [word(day) for number, day in enumerate(DAYS, start=1) if number not in cells["number"]]
        more_notes.append(view.say("Left out, without sales or without such a day in the period: {days}.", days=listing(closed)))
    weeks = every_weeks if every_weeks > 1 else None
    if weeks:
        more_notes.append(view.say("Days held: the last such weekday of the period and every {weeks} weeks before it.", weeks=weeks))
    return answered(
        MEMBER_DAY, past, cells, spend, notes=notes, more_notes=more_notes,
        more=lambda cell: {
            "level": abs(cell["day_index"] - 1),
            "has_room": cell["day_index"] < 1,
            "moved": view.settings.offers.moved_share * cell["movable_count"],
        },
        chart=lambda table, best: _chart(past, table), ask_next=[("differentiation.offers", {}), ("portrait.habits", {})],
        among=pl.col("number") == chosen if chosen else None, depth=depth, weeks=weeks,
    )  # fmt: skip


def _chart(past: Past, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    drawn = table.frame.select("weekday", "day_index", "free_rider_count")
    return ranked_bars(
        drawn, label="weekday", value="day_index", n="free_rider_count", kind="decimal", ranked=False, reference=1.0,
        reference_title=tr("mean day"), value_title=tr("Sales against the mean day"), title=past.view.say("Room by weekday: {place}"),
        subtitle=past.view.say("{n:basket} of members, {period}; n = baskets on the member days", n=past.baskets.height),
    )  # fmt: skip
