"""Core members and core goods: who carries the sales time after time, and what they come for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import tr, value, word
from toolkit.mart.view import Period, View
from toolkit.models.shares import share_index, wilson
from toolkit.portrait.bands import grouped
from toolkit.portrait.phrases import where
from toolkit.portrait.sales import member_sales, within
from toolkit.registry import question
from toolkit.targeting.buyers import bought_by_member
from toolkit.targeting.goods import Level, days_in, find_good, labels_of, opening, scoped_parts, window_of
from toolkit.targeting.member_list import listed, the_row

if TYPE_CHECKING:
    import altair as alt

MOST_GOODS = 50
_CHART_GOODS = 15
_MONTH_DAYS = 28
LEAST_MONTHS = 3
"""28-day months in which steady can be told from once."""
CORE, HEAVY = value("core: heavy and steady"), value("heavy, not steady")
STEADY, OTHERS = value("steady, not heavy"), value("the others")


@question(
    "targeting",
    "Who are our core members?",
    words=(
        "core members, members who carry the sales month after month",
        "heavy and steady buyers, backbone of the shop",
        "what would we lose if the core members left",
        "核心会员",
    ),
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

    Returns
    -------
    Answer
        Table columns: `group`, `member_count`, `member_share` (0..1 of members who ordered in the window), `sales` (currency units) and
        `sales_share` (0..1 of member sales), `sales_per_member`, `order_count`, `order_value` (currency units per order), `months_share`
        (mean share of 28-day months with an order), `quiet_count` (members without an order in the last 28 days of the window; null
        where there are some, but too few to show). With `members`: `member_id`, `order_count`, `sales`, `months_share`, `reachable`.

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
    grouped_members = _members(view, period)
    if few := _too_short(view, period) or _too_few(view, period, grouped_members.height, tr("members ordered")):
        return few
    if members:
        return _group_list(view, period, grouped_members, members)
    least = view.settings.scope.minimum_members
    everybody, pooled = _pooled(grouped_members, least)
    if few := _too_few(view, period, everybody.filter(pl.col("group") == CORE).height, tr("members are heavy and steady buyers")):
        return few
    total = int(everybody["sales"].sum())
    counted = everybody.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        pl.col("sales").sum(),
        pl.col("orders").sum().cast(pl.Int64).alias("order_count"),
        pl.col("order_sales").sum(),
        pl.col("months_share").mean(),
        pl.col("is_quiet").sum().cast(pl.Int64).alias("quiet_count"),
    )
    groups = pl.DataFrame({"group": [CORE, HEAVY, STEADY, OTHERS]}).join(counted, on="group", how="inner", maintain_order="left")
    table = groups.select(
        "group",
        "member_count",
        (pl.col("member_count") / everybody.height).alias("member_share"),
        view.major("sales").alias("sales"),
        pl.when(total > 0).then(pl.col("sales") / total).alias("sales_share"),
        (view.major("sales") / pl.col("member_count")).alias("sales_per_member"),
        "order_count",
        (view.major("order_sales") / pl.col("order_count")).alias("order_value"),
        "months_share",
        pl.when(~pl.col("quiet_count").is_between(1, least - 1)).then("quiet_count").alias("quiet_count"),
    )
    notes: list[str | Note] = [
        tr(
            "Steady: an order in at least {core_months_share:.0%} of the window's {months} months of 28 days. A member "
            "who joined within it cannot have been there in all of them.",
            core_months_share=view.settings.goods.core_months_share,
            months=_months(period),
        )
    ]
    if pooled:
        notes.append(
            tr(
                "Groups of fewer than {least} members are counted with '{others}' (setting scope.minimum_members).",
                least=least,
                others=word(OTHERS),
            )
        )
    return Finding(
        headline=_members_headline(view, period, table, everybody.height),
        table=table,
        chart=lambda: _members_chart(view, period, table),
        notes=notes,
        ask_next=[("targeting.core_goods", {}), ("portrait.contribution", {"by": "heavy"}), ("portrait.lifecycle", {})],
        figures={"core_sales_share": table["sales_share"][0], "core_member_share": table["member_share"][0]}
        if table["sales_share"][0] is not None
        else {},
    )


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

    Returns
    -------
    Answer
        Table columns, core goods first, then by sales: `goods`; `is_core_good`; `core_buyer_count` (core members who bought it),
        `penetration_rate` (0..1 of core members), `other_penetration_rate` (0..1 of the other members), `core_index` with its 95% interval
        `core_index_low`, `core_index_high`; `repeat_rate` (0..1 of its core buyers: bought it on two days or more) with
        `repeat_rate_low`, `repeat_rate_high`; `other_goods_per_order` (other goods in the core's orders with it: what it pulls along);
        `core_sales` (currency units: what is lost if they leave), `core_sales_share` (0..1 of the good's sales to everybody). With
        `members`: `member_id`, `day_count`, `last_bought_on`, `sales` (spent on the good), `reachable`.

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
    if short := _too_short(view, period):
        return short
    everybody = _members(view, period)
    core = everybody.filter(pl.col("group") == CORE)
    if members:
        return _buyer_list(view, period, core, members)
    for count, said in ((core.height, tr("core members ordered")), (everybody.height - core.height, tr("other members ordered"))):
        if few := _too_few(view, period, count, said):
            return few
    table, hidden = _found_goods(view, period, level, everybody)
    goods = table.filter("is_core_good")
    notes: list[str | Note] = [
        tr("What core members buy need not be why they come. Losing them would cost what they spend, not only on core goods."),
        tr("Sales include what is sold by weight and volume; the index compares places in baskets, not money."),
    ]
    if hidden:
        notes.append(
            tr(
                "Not shown: {goods} bought by fewer than {least} core members or as few others (settings "
                "goods.minimum_baskets, scope.minimum_members).",
                goods=wording.some(hidden, "good"),
                least=_least(view),
            )
        )
    if table.height == MOST_GOODS:
        notes.append(tr("The first {most_goods} goods are shown.", most_goods=MOST_GOODS))
    if not goods.height:
        notes.append(Note(tr("No good sets the core members apart: they buy what the others buy, and more of it."), "REVIEW"))
    return Finding(
        headline=_goods_headline(view, period, table, core.height, int(core["sales"].sum())),
        table=table,
        chart=(lambda: _goods_chart(view, period, table)) if table.height else None,
        notes=notes,
        ask_next=[
            *([("targeting.attach", {"goods": table["goods"][0]})] if table.height and level == "category" else []),
            ("targeting.core_members", {}),
            ("targeting.core_goods", {"level": "product" if level == "category" else "category"}),
        ],
        figures={"core_good_count": float(goods.height)},
    )


def _group_list(view: View, period: Period, members: pl.DataFrame, asked: str) -> Finding:
    short = {"core": CORE, "heavy": HEAVY, "steady": STEADY, "others": OTHERS}
    named = {**short, **{group: group for group in short.values()}}
    group = named[the_row(asked, list(named), where="targeting.core_members")]
    shown, _ = _pooled(members, view.settings.scope.minimum_members)
    chosen = shown.filter(pl.col("group") == group)  # as the table counts them; a group too small for the table is listed by itself
    chosen = chosen if chosen.height else members.filter(pl.col("group") == group)
    said = {
        CORE: tr("are core members, heavy and steady buyers"),
        HEAVY: tr("are heavy buyers, not steady"),
        STEADY: tr("are steady buyers, not heavy"),
        OTHERS: tr("are neither heavy nor steady buyers"),
    }
    return listed(
        view,
        chosen.select("member_code", pl.col("orders").alias("order_count"), "sales", "months_share"),
        said[group],
        period,
        ask_next=[("targeting.core_members", {}), ("targeting.core_goods", {})],
    )


def _buyer_list(view: View, period: Period, core: pl.DataFrame, asked: str) -> Finding:
    good = find_good(view, asked, "targeting.core_goods")
    bought = bought_by_member(view, period, [good]).filter(pl.col("day_count") > 0)
    return listed(
        view,
        bought.join(core, on="member_code", how="semi").select("member_code", "day_count", "last_bought_on", "sales"),
        tr("bought {label}, of {core:,} core members", label=good.label, core=core.height),
        period,
        ask_next=[("targeting.core_goods", {}), ("targeting.core_members", {})],
    )


@dataclass(frozen=True)
class _Bought:
    """What was bought in a window: `rows` per member x good (member_code null = not a member), `places`: goods in all baskets of each."""

    rows: pl.DataFrame
    places: pl.DataFrame


def _found_goods(view: View, period: Period, level: Level, members: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The table of goods and how many are too small for it; those of the chain are kept beside the mart."""

    def make(view: View) -> pl.DataFrame:
        core = members.filter(pl.col("group") == CORE)["member_code"]
        table, hidden = _goods_table(view, _bought(view, period, level), members, core, level)
        return table.with_columns(pl.lit(hidden, pl.Int64).alias("hidden"))

    name = f"core-goods-{level}-{period.start}-{period.end}"
    table = view.chainwide(name, make, "goods", "scope", "value") if view.scope.is_chain else make(view)
    return table.drop("hidden"), int(table["hidden"][0]) if table.height else 0


def _members(view: View, period: Period) -> pl.DataFrame:
    """One row per member with an order in the window: `group`, sums of `member_sales`, `months_share` and `is_quiet`."""
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


def _pooled(members: pl.DataFrame, least: int) -> tuple[pl.DataFrame, bool]:
    """The members with groups too small to show in OTHERS, and whether there were any. A small group alone could be found from the rest."""
    sizes = dict(members.group_by("group").len().iter_rows())
    small = [group for group in (HEAVY, STEADY) if 0 < sizes.get(group, 0) < least]
    left = sizes.get(OTHERS, 0) + sum(sizes[group] for group in small)
    if 0 < left < least:
        small = [HEAVY, STEADY]
    elif not small:
        return members, False
    return members.with_columns(pl.when(pl.col("group").is_in(small)).then(pl.lit(OTHERS)).otherwise("group").alias("group")), True


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
    return max(view.settings.goods.minimum_baskets // 2, view.settings.scope.minimum_members)


def _too_short(view: View, period: Period) -> Finding | None:
    if period.days >= LEAST_MONTHS * _MONTH_DAYS:
        return None
    needed = tr("{least_months} months of {month_days} days", least_months=LEAST_MONTHS, month_days=_MONTH_DAYS)
    return Finding(
        headline=tr(
            "{where}, core members are not measured {days_in}: steady buyers show over {needed} or more.",
            where=where(view),
            days_in=days_in(period),
            needed=needed,
        ),
        table=pl.DataFrame(schema={"group": pl.String, "member_count": pl.Int64, "sales": pl.Float64}),
        notes=[Note(tr("Choose a period of {least_months} days or more.", least_months=LEAST_MONTHS * _MONTH_DAYS), "NOT MEASURED")],
    )


def _too_few(view: View, period: Period, count: int, said: str) -> Finding | None:
    least = view.settings.scope.minimum_members
    if count >= least:
        return None
    about = opening(view, period)
    return Finding(
        headline=tr(
            "{about}, {count:,} {said}: fewer than the {least} that figures may speak of.",
            about=about,
            count=count,
            said=said,
            least=least,
        )
        if count
        else tr("{about}, no {said}: fewer than the {least} that figures may speak of.", about=about, said=said, least=least),
        table=pl.DataFrame(schema={"group": pl.String, "member_count": pl.Int64, "sales": pl.Float64}),
        notes=[Note(tr("Not measured for so few: choose a longer period or a larger scope."), "NOT MEASURED")],
    )


def _members_headline(view: View, period: Period, table: pl.DataFrame, count: int) -> str:
    core = table.row(0, named=True)
    basis = tr("{count:,} members who ordered {days_in}", count=count, days_in=days_in(period))
    money = wording.money(core["sales"], view.currency)
    carried = (
        tr("{sales_share} of member sales", sales_share=wording.share(core["sales_share"]))
        if core["sales_share"] is not None
        else tr("sales")
    )
    said = tr(
        "{where}, {member_count:,} of {basis} ({member_share}) are core members, heavy and steady buyers: "
        "they carry {carried}, {money}, which is what is lost if they leave",
        where=where(view),
        member_count=core["member_count"],
        basis=basis,
        member_share=wording.share(core["member_share"]),
        carried=carried,
        money=money,
    )
    if core["quiet_count"]:
        said += tr(
            "; {quiet_count:,} of them did not order in the last {month_days} days", quiet_count=core["quiet_count"], month_days=_MONTH_DAYS
        )
    return tr("{said}.", said=said)


def _goods_headline(view: View, period: Period, table: pl.DataFrame, core: int, sales: int) -> str:
    about = tr("{about}, {core:,} core members", about=opening(view, period), core=core)
    goods = table.filter("is_core_good")
    if not goods.height:
        return tr("{about} buy what the others buy, and more of it: no good takes clearly more place in their baskets.", about=about)
    best = goods.row(0, named=True)
    return tr(
        "{about} buy more of {favourites} than others do: {goods} takes {core_index:.2f} times the place in their "
        "baskets ({core_index_low:.2f} to {core_index_high:.2f}), {penetration_rate} buy it and {repeat_rate} of "
        "these again; if they left, {core_sales} of it would go, and {all_sales} in all.",
        about=about,
        favourites=wording.listing(goods["goods"].head(3).to_list()),
        goods=best["goods"],
        core_index=best["core_index"],
        core_index_low=best["core_index_low"],
        core_index_high=best["core_index_high"],
        penetration_rate=wording.share(best["penetration_rate"]),
        repeat_rate=wording.share(best["repeat_rate"]),
        core_sales=wording.money(best["core_sales"], view.currency),
        all_sales=view.money(sales),
    )


def _members_chart(view: View, period: Period, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table,
        label="group",
        measures={"member_share": tr("share of members"), "sales_share": tr("share of sales")},
        title=tr("Core members: how many, how much of the sales"),
        subtitle=tr("{place}, {period}", place=view.place, period=period),
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
        subtitle=tr("{place}, {period}; n = core members who bought it", place=view.place, period=period),
        value_title=tr("Index against other members"),
    )
