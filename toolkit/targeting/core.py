"""Core members and core goods: who carries the sales time after time, and what they come for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Table
from toolkit.language import tr, value
from toolkit.models.shares import share_index, wilson
from toolkit.portrait.measures.bands import grouped
from toolkit.registry import question
from toolkit.scope.hiding import pooled, too_few, unmeasured
from toolkit.scope.period import Period
from toolkit.scope.sales import member_sales, not_goods_notes, order_value_notes, within
from toolkit.scope.view import View
from toolkit.targeting.buyers import bought_by_member
from toolkit.targeting.measures.goods import Level, find_good, labels_of, scoped_parts, window_of
from toolkit.targeting.measures.member_list import listed, member_table, the_row
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

MOST_GOODS = 50
_CHART_GOODS = 15
_MONTH_DAYS = 28
LEAST_MONTHS = 3
"""28-day months in which steady can be told from once."""
CORE, HEAVY = value("core: heavy and steady"), value("heavy, not steady")
STEADY, OTHERS = value("steady, not heavy"), value("the others")

GROUPS = c.table(
    "one row per group of members that has any",
    c.text("group"),
    c.members(meaning="members who ordered in the window"),
    c.share("member_share", "Share of members", "of members who ordered in the window"),
    c.money("sales", "Sales"),
    c.share("sales_share", "Share of sales", "of member sales", null="members bought nothing"),
    c.money("sales_per_member", "Sales per member"),
    c.count("order_count", "Orders"),
    c.money("order_value", "Order value", "sales of an order"),
    c.share("months_share", "Months with an order", "mean share of 28-day months with an order"),
    c.members("quiet_count", "Quiet for 28 days", "without an order in the last 28 days of the window", null="some, but too few to show"),
)
GOODS = c.table(
    "one row per good, core goods first, then by sales",
    c.text("goods", "Goods"),
    c.flag("is_core_good", "Core good", "its index is above goods.core_index with its lower limit"),
    c.members("core_buyer_count", "Core buyers", "core members who bought it"),
    c.share("penetration_rate", "Of them, who buy it", "of core members"),
    c.share("other_penetration_rate", "Others who buy it", "of the other members"),
    c.interval(c.index("core_index", "Index against others", "times the place that it takes in other members' baskets")),
    c.interval(c.share("repeat_rate", "Bought again", "of its core buyers: bought it on two days or more")),
    c.number("other_goods_per_order", "Other goods per order", "in the core's orders with it: what it pulls along"),
    c.money("core_sales", "Sales to core members", "what is lost if they leave"),
    c.share("core_sales_share", "Their share of its sales", "of the good's sales to everybody"),
    few="drop",
    note=False,
)
GROUP_MEMBERS = member_table(
    c.count("order_count", "Orders"), c.money("sales", "Sales"), c.share("months_share", "Months with an order", "of 28-day months")
)
GOOD_BUYERS = member_table(
    c.count("day_count", "Shopping days", "days on which they bought the good"),
    c.day("last_bought_on", "Last bought on"),
    c.money("sales", "Sales", "spent on the good"),
)


@question(
    "targeting",
    "Who are our core members?",
    words=(
        "core members, members who carry the sales month after month",
        "heavy and steady buyers, backbone of the shop",
        "what would we lose if the core members left",
        "核心会员",
    ),
    tables=(GROUPS, GROUP_MEMBERS),
    figures=(c.share("core_sales_share", "Core members' share of sales"), c.share("core_member_share", "Share of core members")),
)
def core_members(view: View, *, members: str | None = None) -> Finding:
    """Return members by whether they are heavy and steady buyers: one row per group that has members.

    Core members are both: heavy (the top 20% of members by sales in the window, settings value.heavy_share, equal members together) and
    steady (with an order in at least two thirds of the window's 28-day months, settings goods.core_months_share). Heavy once is not core.
    The window is the past year (goods.window_days), unless a period is given; in a store, its own sales and orders.

    Parameters
    ----------
    members
        `core`, `heavy`, `steady`, `others`, or the group as the table names it: lists its members instead, for an audience.

    Raises
    ------
    UnknownName
        There is no such group.

    Notes
    -----
    Source: DEFINITIONS.md section 2, core members and core goods.

    Example
    -------
    >>> tk.targeting.core_members(ws).table                             # doctest: +SKIP
    """
    period = window_of(view)
    everybody = members_by_core(view, period)
    table = GROUP_MEMBERS if members else GROUPS
    if short := _too_short(view, period, table) or too_few(view, table, everybody.height, tr("members ordered"), window=period):
        return short
    groups, is_pooled = pooled(everybody, "group", (HEAVY, STEADY), OTHERS, view.least)
    if members:
        return _group_list(view, period, everybody, groups, members)
    core_count = groups.filter(pl.col("group") == CORE).height
    if few := too_few(view, GROUPS, core_count, tr("members are heavy and steady buyers"), window=period):
        return few
    shown = _group_table(view, groups)
    core = shown.row()
    notes = [
        view.say(
            "Steady: an order in at least {goods.core_months_share:.0%} of the window's {months} months of 28 days. A member who "
            "joined within it cannot have been there in all of them.",
            months=_months(period),
        )
    ]
    if is_pooled:
        notes.append(
            view.say(
                "Groups of fewer than {least} members are counted with '{others:word}' (setting scope.minimum_members).", others=OTHERS
            )
        )
    return Finding(
        headline=view.say(
            "{where}, {member_count} of {all:,} members who ordered {window:in} ({member_share}) are core members, heavy and steady "
            "buyers: they carry [{sales_share} of member sales|sales], {sales}, which is what is lost if they leave[; {quiet_count} of "
            "them did not order in the last {days} days].",
            core, all=groups.height, window=period, days=_MONTH_DAYS,
        ),
        table=shown,
        chart=lambda: _members_chart(view, period, shown.frame),
        notes=[*notes, *order_value_notes(view, shown)],
        ask_next=[("targeting.core_goods", {}), ("portrait.contribution", {"by": "heavy"}), ("portrait.lifecycle", {})],
        figures={"core_sales_share": core["sales_share"], "core_member_share": core["member_share"]},
    )  # fmt: skip


@question(
    "targeting",
    "What do our core members come for?",
    words=(
        "core goods, goods that the best members buy",
        "which categories matter to our best members",
        "what would be lost if the core members left, by category",
        "penetration, index and repeat rate of goods among core members",
        "核心商品",
        "core products, core categories",
    ),
    tables=(GOODS, GOOD_BUYERS),
    figures=(c.count("core_good_count", "Core goods"),),
)
def core_goods(view: View, *, level: Level = "category", members: str | None = None) -> Finding:
    """Return the goods of core members (see `core_members`) against those of other members: one row per good.

    Core members buy more of everything, so goods are compared by their share of what is in the baskets (different goods per order): an
    index of 1.3 means that the good takes 1.3 times the place in a core member's baskets. Core goods are those whose index is above
    1.2 (settings goods.core_index) with its lower limit. The window is the past year (goods.window_days), unless a period is given.

    Parameters
    ----------
    level
        `category` or `product`.
    members
        A good: lists the core members who bought it in the window instead, for an audience. Core members who did not: `buyers(without=)`
        among an audience of `core_members(members="core")`.

    Raises
    ------
    UnknownName, BadValue
        There is no such good, or several products have the name.

    Notes
    -----
    The interval of the index takes a member's baskets as alike (ratio of totals, variance over members), on the log scale. What they buy
    need not be why they come: a good that everybody has is in their baskets too. Source: DEFINITIONS.md section 2; Cochran, Sampling
    Techniques (1977), ch. 6.

    Example
    -------
    >>> tk.targeting.core_goods(ws).table                               # doctest: +SKIP
    """
    period = window_of(view)
    if short := _too_short(view, period, GOOD_BUYERS if members else GOODS):
        return short
    everybody = members_by_core(view, period)
    core = everybody.filter(pl.col("group") == CORE)
    if members:
        return _buyer_list(view, period, core, members)
    for count, what in ((core.height, tr("core members ordered")), (everybody.height - core.height, tr("other members ordered"))):
        if few := too_few(view, GOODS, count, what, window=period):
            return few
    frame, hidden = _goods(view, period, level, everybody)
    shown = GOODS.of(frame, view)
    core_goods = shown.cut(shown.frame.filter("is_core_good"))
    notes: list[str | Note] = [
        tr("What core members buy need not be why they come. Losing them would cost what they spend, not only on core goods."),
        tr("Sales include what is sold by weight and volume; the index compares places in baskets, not money."),
    ]
    if hidden + shown.few_rows:
        notes.append(
            view.say(
                "Not shown: {goods:good} bought by fewer than {least} core members or as few others (settings goods.minimum_baskets, "
                "scope.minimum_members).",
                goods=hidden + shown.few_rows,
                least=_least(view),
            )
        )
    if shown.height == MOST_GOODS:
        notes.append(view.say("The first {most_goods} goods are shown.", most_goods=MOST_GOODS))
    if not core_goods.height:
        notes.append(Note(tr("No good sets the core members apart: they buy what the others buy, and more of it."), "REVIEW"))
    return Finding(
        headline=_goods_headline(view, period, core_goods, core),
        table=shown,
        chart=(lambda: _goods_chart(view, period, shown.frame)) if shown.height else None,
        notes=[*notes, *not_goods_notes(view)],
        ask_next=[
            *([("targeting.attach", {"goods": shown.frame["goods"][0]})] if shown.height and level == "category" else []),
            ("targeting.core_members", {}),
            ("targeting.core_goods", {"level": "product" if level == "category" else "category"}),
        ],
        figures={"core_good_count": float(core_goods.height)},
    )


def _group_table(view: View, groups: pl.DataFrame) -> AnswerTable:
    total = int(groups["sales"].sum())
    counted = groups.group_by("group").agg(
        pl.len().alias("member_count"),
        pl.col("sales").sum(),
        pl.col("orders").sum().alias("order_count"),
        pl.col("order_sales").sum(),
        pl.col("months_share").mean(),
        pl.col("is_quiet").sum().alias("quiet_count"),
    )
    frame = pl.DataFrame({"group": [CORE, HEAVY, STEADY, OTHERS]}).join(counted, on="group", how="inner", maintain_order="left")
    return GROUPS.of(
        frame.select(
            pl.all().exclude("sales", "order_sales"),
            (pl.col("member_count") / groups.height).alias("member_share"),
            view.major("sales").alias("sales"),
            pl.when(total > 0).then(pl.col("sales") / total).alias("sales_share"),
            (view.major("sales") / pl.col("member_count")).alias("sales_per_member"),
            (view.major("order_sales") / pl.col("order_count")).alias("order_value"),
        ),
        view,
    )


def _group_list(view: View, period: Period, everybody: pl.DataFrame, groups: pl.DataFrame, asked: str) -> Finding:
    short = {"core": CORE, "heavy": HEAVY, "steady": STEADY, "others": OTHERS}
    named = {**short, **{group: group for group in short.values()}}
    group = named[the_row(asked, list(named), where="targeting.core_members")]
    chosen = groups.filter(pl.col("group") == group)  # as the table counts them; a group too small for the table is listed by itself
    chosen = chosen if chosen.height else everybody.filter(pl.col("group") == group)
    are = {
        CORE: tr("are core members, heavy and steady buyers"),
        HEAVY: tr("are heavy buyers, not steady"),
        STEADY: tr("are steady buyers, not heavy"),
        OTHERS: tr("are neither heavy nor steady buyers"),
    }
    return listed(
        view,
        GROUP_MEMBERS,
        chosen.select("member_code", pl.col("orders").alias("order_count"), "sales", "months_share"),
        are[group],
        period,
        ask_next=[("targeting.core_members", {}), ("targeting.core_goods", {})],
    )


def _buyer_list(view: View, period: Period, core: pl.DataFrame, asked: str) -> Finding:
    good = find_good(view, asked, "targeting.core_goods")
    bought = bought_by_member(view, period, [good]).filter(pl.col("day_count") > 0)
    return listed(
        view,
        GOOD_BUYERS,
        bought.join(core, on="member_code", how="semi").select("member_code", "day_count", "last_bought_on", "sales"),
        view.say("bought {label}, of {core:,} core members", label=good.label, core=core.height),
        period,
        ask_next=[("targeting.core_goods", {}), ("targeting.core_members", {})],
    )


@dataclass(frozen=True)
class _Bought:
    """What was bought in a window: `rows` per member x good (member_code null = not a member), `places`: goods in all baskets of each."""

    rows: pl.DataFrame
    places: pl.DataFrame


def _goods(view: View, period: Period, level: Level, members: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The table of goods and how many are too small for it; those of the chain are kept beside the mart."""

    def make(view: View) -> pl.DataFrame:
        core = members.filter(pl.col("group") == CORE)["member_code"]
        table, hidden = _goods_table(view, _bought(view, period, level), members, core, level)
        return table.with_columns(pl.lit(hidden, pl.Int64).alias("hidden"))

    name = f"core-goods-{level}-{period.start}-{period.end}"
    table = view.chainwide(name, make, "goods", "scope", "value") if view.scope.is_chain else make(view)
    return table.drop("hidden"), int(table["hidden"][0]) if table.height else 0


def members_by_core(view: View, period: Period) -> pl.DataFrame:
    """Return one row per member with an order in the window: `group` (CORE, ...), sums of `member_sales`, `months_share` and `is_quiet`."""
    sums = member_sales(view, period).filter(pl.col("orders") > 0)
    if sums.is_empty():
        return sums.with_columns(pl.lit("").alias("group"), pl.lit(0.0).alias("months_share"), pl.lit(False).alias("is_quiet"))
    weighed, _ = grouped(view, sums, "heavy")
    month = ((pl.col("ordered_at").dt.date() - period.start).dt.total_days() // _MONTH_DAYS).clip(0, _months(period) - 1)
    last = pl.col("ordered_at").max().dt.date() <= period.end - timedelta(days=_MONTH_DAYS)
    when = (
        view.orders.filter(pl.col("member_code").is_not_null() & pl.col("is_order") & within(period))
        .group_by("member_code")
        .agg((month.n_unique() / _months(period)).alias("months_share"), last.alias("is_quiet"))
        .collect()
    )
    heavy = pl.col("group").cast(pl.String) == "heavy"
    steady = pl.col("months_share") >= view.settings.goods.core_months_share
    return weighed.join(when, on="member_code", how="left").with_columns(
        pl.when(heavy & steady)
        .then(pl.lit(CORE))
        .when(heavy)
        .then(pl.lit(HEAVY))
        .when(steady)
        .then(pl.lit(STEADY))
        .otherwise(pl.lit(OTHERS))
        .alias("group")
    )


def _months(period: Period) -> int:
    return max(period.days // _MONTH_DAYS, 1)


def _bought(view: View, period: Period, level: Level) -> _Bought:
    code = f"{level}_code"
    rows, places = [], []
    for part in scoped_parts(view, period):
        goods = part.goods.lazy().group_by("order", pl.col(code).alias("good")).agg(pl.col("amount").sum(), pl.col("is_bought").any())
        held = goods.with_columns(pl.col("is_bought").cast(pl.Int64).sum().over("order").alias("size")).join(
            part.orders.lazy().select("order", "member_code", pl.col("ordered_at").dt.date().alias("day")), on="order"
        )
        taken = pl.col("is_bought")
        rows.append(
            held.group_by("member_code", "good").agg(
                taken.sum().cast(pl.Int64).alias("order_count"),
                (pl.col("day").filter(taken).min() != pl.col("day").filter(taken).max()).fill_null(False).alias("is_repeat"),
                pl.col("amount").sum(),
                (pl.col("size") - 1).filter(taken).sum().alias("others"),
            )
        )
        places.append(held.filter(taken).group_by("member_code").agg(pl.len().cast(pl.Int64).alias("places")))
    return _Bought(*pl.collect_all([pl.concat(frames) for frames in (rows, places)]))  # the baskets are joined once for both


def _goods_table(view: View, bought: _Bought, members: pl.DataFrame, core: pl.Series, level: Level) -> tuple[pl.DataFrame, int]:
    known = bought.rows.filter(pl.col("member_code").is_in(members["member_code"].implode()))
    known = known.join(bought.places, on="member_code", how="inner").with_columns(
        pl.col("member_code").is_in(core.implode()).alias("is_core")
    )
    places = bought.places.filter(pl.col("member_code").is_in(members["member_code"].implode()))
    is_core = pl.col("is_core")
    sums = (
        known.filter(pl.col("order_count") > 0)
        .group_by("good")
        .agg(
            is_core.sum().cast(pl.Int64).alias("core_buyer_count"),
            (~is_core).sum().cast(pl.Int64).alias("other_buyer_count"),
            (is_core & pl.col("is_repeat")).sum().cast(pl.Int64).alias("repeat_count"),
            pl.col("others").filter(is_core).sum(),
            pl.col("order_count").filter(is_core).sum().alias("core_orders"),
            *[
                expr.filter(mask).sum().cast(pl.Float64).alias(f"{name}_{side}")
                for side, mask in (("core", is_core), ("other", ~is_core))
                for name, expr in (
                    ("x", pl.col("order_count")),
                    ("xx", pl.col("order_count") ** 2),
                    ("xn", pl.col("order_count") * pl.col("places")),
                )
            ],
        )
    )
    money = bought.rows.group_by("good").agg(
        pl.col("amount").sum().alias("all_amount"),
        pl.col("amount").filter(pl.col("member_code").is_in(core.implode())).sum().alias("core_amount"),
    )
    enough = (pl.col("core_buyer_count") >= _least(view)) & (pl.col("other_buyer_count") >= _least(view))
    goods = sums.filter(enough)
    if goods.is_empty():
        return _shown(view, goods.join(money, on="good"), core.len(), members.height, level), sums.height
    inside = pl.col("member_code").is_in(core.implode())
    whole = {
        side: places.filter(mask).select(n=pl.col("places").sum(), nn=(pl.col("places") ** 2).sum()).row(0)
        for side, mask in (("core", inside), ("other", ~inside))
    }
    index = share_index(*[(goods[f"x_{s}"], goods[f"xx_{s}"], goods[f"xn_{s}"], *whole[s]) for s in ("core", "other")])
    goods = goods.with_columns(index).join(money, on="good")
    return _shown(view, goods, core.len(), members.height, level), sums.height - goods.height


def _shown(view: View, goods: pl.DataFrame, core_count: int, member_count: int, level: Level) -> pl.DataFrame:
    if "index" not in goods.columns:
        goods = goods.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("index", "index_low", "index_high"))
    is_core_good = pl.col("index_low") > view.settings.goods.core_index
    first = goods.sort(is_core_good, "core_amount", "good", descending=[True, True, False]).head(MOST_GOODS)
    names = labels_of(view, level, first["good"].to_list())
    return first.select(
        pl.col("good").cast(pl.Int64).replace_strict(names, return_dtype=pl.String, default=None).alias("goods"),
        is_core_good.alias("is_core_good"),
        "core_buyer_count",
        (pl.col("core_buyer_count") / core_count).alias("penetration_rate"),
        (pl.col("other_buyer_count") / (member_count - core_count)).alias("other_penetration_rate"),
        pl.col("index").alias("core_index"),
        pl.col("index_low").alias("core_index_low"),
        pl.col("index_high").alias("core_index_high"),
        (pl.col("repeat_count") / pl.col("core_buyer_count")).alias("repeat_rate"),
        wilson(pl.col("repeat_count"), pl.col("core_buyer_count"))[0].alias("repeat_rate_low"),
        wilson(pl.col("repeat_count"), pl.col("core_buyer_count"))[1].alias("repeat_rate_high"),
        (pl.col("others") / pl.col("core_orders")).alias("other_goods_per_order"),
        view.major("core_amount").alias("core_sales"),
        pl.when(pl.col("all_amount") > 0).then(pl.col("core_amount") / pl.col("all_amount")).alias("core_sales_share"),
    ).sort("is_core_good", "core_sales", "goods", descending=[True, True, False])


def _least(view: View) -> int:
    return max(view.settings.goods.minimum_baskets // 2, view.least)


def _too_short(view: View, period: Period, table: Table) -> Finding | None:
    if period.days >= LEAST_MONTHS * _MONTH_DAYS:
        return None
    return unmeasured(
        table,
        view.say(
            "{where}, core members are not measured {window:in}: steady buyers show over {months} months of {days} days or more.",
            window=period,
            months=LEAST_MONTHS,
            days=_MONTH_DAYS,
        ),
        view.say("Choose a period of {days} days or more.", days=LEAST_MONTHS * _MONTH_DAYS),
    )


def _goods_headline(view: View, period: Period, core_goods: AnswerTable, core: pl.DataFrame) -> str:
    if not core_goods.height:
        return view.say(
            "{where}, {window:in}, {core:,} core members buy what the others buy, and more of it: no good takes clearly more place in "
            "their baskets.",
            window=period, core=core.height,
        )  # fmt: skip
    return view.say(
        "{where}, {window:in}, {core:,} core members buy more of {favourites} than others do: {goods} takes {core_index} times the place "
        "in their baskets ({core_index_low} to {core_index_high}), {penetration_rate} buy it and {repeat_rate} of these again; if they "
        "left, {core_sales} of it would go, and {all_sales:minor} in all.",
        core_goods.row(), window=period, core=core.height, favourites=listing(core_goods.frame["goods"].head(3).to_list()),
        all_sales=int(core["sales"].sum()),
    )  # fmt: skip


def _members_chart(view: View, period: Period, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table,
        label="group",
        measures={"member_share": tr("share of members"), "sales_share": tr("share of sales")},
        title=tr("Core members: how many, how much of the sales"),
        subtitle=view.say("{place}, {period}", period=period),
    )


def _goods_chart(view: View, period: Period, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table.head(_CHART_GOODS),
        label="goods",
        value="core_index",
        low="core_index_low",
        high="core_index_high",
        n="core_buyer_count",
        reference=1.0,
        reference_title=tr("as others"),
        title=tr("What takes more place in the baskets of core members"),
        subtitle=view.say("{place}, {period}; n = core members who bought it", period=period),
        value_title=tr("Index against other members"),
    )
