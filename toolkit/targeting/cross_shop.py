"""Cross-shopping: which members buy in two or three categories, channels or stores, and what they are worth."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue, unknown_name
from toolkit.language import in_every_language, tr, value, word
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.phrases import not_measured, without_categories
from toolkit.scope.sales import member_sales, within
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import find_good, scoped_parts
from toolkit.targeting.measures.member_list import listed, member_table, the_row
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

Of = Literal["category", "channel", "store"]
OTHERS = value("other combinations")
_PLURAL = {"category": value("categories"), "channel": value("channels"), "store": value("stores")}
_ORDERS, _SALES = c.count("order_count", "Orders"), c.money("sales", "Sales", "all they bought in the scope in the window")
_IN_THEM = c.money("sales_in_them", "Sales in them", "what they spent in the named ones")
COMBINATIONS = c.table(
    "one row per combination",
    c.text("group", "Group", "the combination"),
    c.members(),
    c.share("member_share", "Share of members", "of the members in the table"),
    _ORDERS,
    _SALES,
    c.share("sales_share", "Share of sales", "of these members' sales"),
    c.money("sales_per_member", "Sales per member", null="nobody"),
    _IN_THEM,
)
BUYERS = member_table(_ORDERS, _SALES, _IN_THEM)


@question(
    "targeting",
    "Which members shop across categories, channels or stores?",
    words=(
        "cross shopping, overlap of members between categories",
        "members who buy in the app and in the store, multichannel members",
        "members of store A and store B, overlap, venn",
        "who buys only one of these",
        "跨品类 跨渠道 跨店购买",
    ),
    tables=(COMBINATIONS, BUYERS),
    figures=(c.share("overlap_member_share", "Share who buy both"), c.count("members_in_all", "Members in all")),
)
def cross_shop(
    view: View,
    *,
    of: Of = "category",
    first: str | None = None,
    second: str | None = None,
    third: str | None = None,
    members: str | None = None,
) -> Finding:
    """Return members by which of two or three categories, channels or stores they bought in: one row per combination.

    Members are those who bought in at least one of them in the window, in the scope; each is in exactly one row.

    Parameters
    ----------
    of
        `category`, `channel` or `store`.
    first, second, third
        Their names (a category may also be a product_id or product name). Without any: the three with most member sales in the window.
    members
        A combination as the table names it, such as 'BREAD only': lists its members instead (small ones too), for an audience.

    Raises
    ------
    UnknownName, BadValue
        There is no such name or combination, or only one name was given.

    Notes
    -----
    Heavy buyers are in everything, so an overlap alone is no taste: `liked_together` tests against chance. Source: DEFINITIONS.md,
    section 2.

    Example
    -------
    >>> tk.targeting.cross_shop(ws, of="channel").table                 # doctest: +SKIP
    """
    table = BUYERS if members else COMBINATIONS
    if of == "channel" and not view.has_column("lines", "channel"):
        return Finding(
            headline=view.say("{where}, cross-shopping of channels is not measured: receipts name no channel."),
            table=table.empty(),
            notes=[not_measured(view, "lines", "channel", tr("cross-shopping of channels"))],
        )
    if of == "category" and not view.has_column("products", "category"):
        return Finding(
            headline=view.say("{where}, cross-shopping of categories is not measured: no good has a category."),
            table=table.empty(),
            notes=[not_measured(view, "products", "category", tr("cross-shopping of categories"))],
        )
    given = [name for name in (first, second, third) if name]
    spent = _spent_by_good(view, given) if of == "category" else _spent_by_place(view, of, given)
    names = spent["name"].unique(maintain_order=True).to_list() if not given else list(dict.fromkeys(spent["asked"].to_list()))
    names = names[:3]
    if len(names) < 2:
        headline = view.say(
            "{where}, [name?members bought in one {of:word} alone ({name})|no member bought in any {of:word}] {window:in}: there is "
            "nothing to overlap (n = {members:,} members in scope).",
            name="".join(names), of=of, window=view.period, members=view.members.height,
        )  # fmt: skip
        advice = view.say("Cross-shopping needs two {plural:word}: choose a longer period or a larger scope.", plural=_PLURAL[of])
        found = unmeasured(table, headline, advice)
        return replace(found, notes=[*without_categories(view), *found.notes]) if of == "category" else found
    spent = spent.filter(pl.col("name").is_in(names) & pl.col("member_code").is_not_null())
    bought = _by_combination(view, names, spent)
    return _list(view, of, names, bought, members) if members else _overlap(view, of, names, bought)


def _groups(names: list[str]) -> list[tuple[str, ...]]:
    return [group for size in range(1, len(names) + 1) for group in combinations(names, size)]


def _by_combination(view: View, names: list[str], spent: pl.DataFrame) -> pl.DataFrame:
    """One row per member who bought in any: `group` (the combination), `several` (of them), `orders`, `sales`, `in_them`."""
    sets = spent.group_by("member_code").agg(
        *[pl.col("name").eq(name).any().alias(f"in_{place}") for place, name in enumerate(names)],
        pl.col("amount").sum().alias("in_them"),
    )
    held = [pl.col(f"in_{place}") for place in range(len(names))]
    group = pl.lit("")
    for chosen in _groups(names):
        same = pl.all_horizontal(inside == (name in chosen) for inside, name in zip(held, names, strict=True))
        group = pl.when(same).then(pl.lit(_named(chosen, names))).otherwise(group)
    sums = member_sales(view).select("member_code", "orders", "sales")
    return sets.join(sums, on="member_code", how="left").with_columns(
        group.alias("group"), (pl.sum_horizontal(inside.cast(pl.Int64) for inside in held) > 1).alias("several")
    )


def _list(view: View, of: Of, names: list[str], bought: pl.DataFrame, asked: str) -> Finding:
    groups = {name: _named(chosen, names) for chosen in _groups(names) for name in in_every_language(_named, chosen, names)}
    group = groups[the_row(asked, groups, where="targeting.cross_shop")]
    chosen = bought.filter(pl.col("group") == group).select(
        "member_code", pl.col("orders").alias("order_count"), "sales", pl.col("in_them").alias("sales_in_them")
    )
    return listed(
        view,
        BUYERS,
        chosen,
        view.say(
            "bought in {group} (of [plural?the {plural:word} {them}|{them}])",
            group=group, plural=None if of == "category" else _PLURAL[of], them=listing(names),
        ),
        view.period,
        notes=[tr("Sales are all that these members bought in the scope in the window; `sales in them` those of the named alone.")],
        ask_next=[("targeting.cross_shop", {"of": of, **dict(zip(("first", "second", "third"), names, strict=False))})],
    )  # fmt: skip


def _overlap(view: View, of: Of, names: list[str], members: pl.DataFrame) -> Finding:
    what = view.say("members bought in {them}", them=listing(names))
    if few := too_few(view, COMBINATIONS, members.height, what, window=view.period):
        return few
    total = int(members["sales"].sum())
    sums = members.group_by("group").agg(
        pl.len().alias("member_count"), pl.col("orders").sum().alias("order_count"), pl.col("sales", "in_them").sum()
    )
    groups = pl.DataFrame({"group": [_named(group, names) for group in _groups(names)]})
    counted = groups.join(sums, on="group", how="left", maintain_order="left").with_columns(pl.all().exclude("group").fill_null(0))
    pooled, pooled_count = _pooled(counted, view.least)
    frame = pooled.select(
        "group",
        "member_count",
        (pl.col("member_count") / members.height).alias("member_share"),
        "order_count",
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.when(pl.col("member_count") > 0).then(view.major("sales") / pl.col("member_count")).alias("sales_per_member"),
        view.major("in_them").alias("sales_in_them"),
    )
    shown = COMBINATIONS.of(frame, view)
    notes = [
        tr("Sales are all that these members bought in the scope in the window; `sales in them` those of the named alone."),
        tr("Members who come often are in everything sooner or later: an overlap alone is no taste."),
    ]
    if pooled_count:
        notes.append(
            view.say(
                "'{others:word}' are {pooled} together, since one of them has fewer than {least} members (setting scope.minimum_members) "
                "and could be found from the others.",
                others=OTHERS,
                pooled=pooled_count,
            )
        )
    return Finding(
        headline=_headline(view, of, names, members, shown, total),
        table=shown,
        chart=lambda: _chart(view, of, shown.frame),
        notes=notes,
        ask_next=[
            *([("targeting.attach", {"goods": names[0], "with_goods": names[1]})] if of == "category" else []),
            *[("targeting.cross_shop", {"of": other}) for other in ("category", "channel", "store") if other != of][:2],
        ],
        figures={"overlap_member_share": None if pooled_count else members.filter("several").height / members.height},
    )


def _pooled(counted: pl.DataFrame, least: int) -> tuple[pl.DataFrame, int]:
    """The combinations with those too small pooled into one row, and how many are in it; with the smallest of the others, where needed."""
    some = counted.filter(pl.col("member_count") > 0).sort("member_count", maintain_order=True)
    small = some.filter(pl.col("member_count") < least).height
    if not small:
        return counted, 0
    enough = (some["member_count"].cum_sum() >= least).to_list()
    count = max(small, enough.index(True) + 1 if True in enough else some.height, min(2, some.height))
    pool = some.head(count)
    one = pool.select(pl.lit(OTHERS).alias("group"), pl.col("member_count", "order_count", "sales", "in_them").sum())
    return pl.concat([counted.join(pool, on="group", how="anti", maintain_order="left"), one]), count


def _spent_by_good(view: View, given: list[str]) -> pl.DataFrame:
    """What each member spent on each good: member_code, name, amount; `asked` in the order asked, else the best-selling first."""
    goods = [find_good(view, name, "targeting.cross_shop") for name in given]
    _check(given, [good.label for good in goods])
    frames = []
    for part in scoped_parts(view, view.period):
        lines = part.goods.with_columns(part.orders.select(pl.col("order"), "member_code").pipe(_by_row, part.goods["order"]))
        for good in goods:
            chosen = lines.filter(pl.col(f"{good.level}_code") == good.code)
            frames.append(chosen.select("member_code", pl.lit(good.label).alias("name"), "amount", "is_bought"))
        if not goods:
            best = view.categories.filter(pl.col("category") != NO_CATEGORY).select("category_code", pl.col("category").alias("name"))
            frames.append(lines.join(best, on="category_code", how="inner").select("member_code", "name", "amount", "is_bought"))
    held = (
        pl.concat(frames)
        if frames
        else pl.DataFrame(schema={"member_code": pl.UInt32, "name": pl.String, "amount": pl.Int64, "is_bought": pl.Boolean})
    )
    spent = held.drop_nulls("member_code").group_by("member_code", "name").agg(pl.col("amount").sum(), pl.col("is_bought").any())
    return _ranked(spent.filter("is_bought").drop("is_bought"), [good.label for good in goods])


def _by_row(orders: pl.DataFrame, order: pl.Series) -> pl.Series:
    """The member of each row of goods, by the order it names."""
    rows = pl.Series(orders["order"].to_numpy().searchsorted(order.to_numpy()), dtype=pl.UInt32)
    return orders["member_code"].gather(rows)


def _spent_by_place(view: View, of: Of, given: list[str]) -> pl.DataFrame:
    """What each member spent in each store or channel; columns as `_spent_by_good`."""
    codes = (
        view.stores.select(pl.col("store_code").alias("code"), pl.col("store_id").alias("name")).drop_nulls("code")
        if of == "store"
        else view.workspace.codes("channel").rename({"id": "name"})
    )
    known = codes["name"].to_list()
    for name in given:
        if name not in known:
            raise unknown_name(word(of), name, known, where="targeting.cross_shop")
    _check(given, given)
    orders = view.orders.filter(within(view.period) & pl.col("is_order") & pl.col("member_code").is_not_null())
    spent = orders.group_by("member_code", pl.col(f"{of}_code").alias("code")).agg(pl.col("amount").sum()).collect(engine="streaming")
    return _ranked(spent.join(codes, on="code", how="inner").select("member_code", "name", "amount"), given)


def _check(given: list[str], labels: list[str]) -> None:
    if len(given) == 1:
        raise BadValue(
            tr("targeting.cross_shop: two or three names were needed, but one came. Give `first` and `second`, or none of them.")
        )
    if len(set(labels)) < len(labels):
        raise BadValue(tr("targeting.cross_shop: {given} are not all different; different ones were needed.", given=listing(given)))


def _ranked(spent: pl.DataFrame, asked: list[str]) -> pl.DataFrame:
    """The rows in the order of the names: as asked, else by sales, ties by name. `asked` also has those that nobody bought."""
    if asked:
        order = pl.DataFrame({"name": asked, "asked": asked})
        return order.join(spent, on="name", how="left", maintain_order="left")
    best = spent.group_by("name").agg(pl.col("amount").sum().alias("all")).sort("all", "name", descending=[True, False]).head(3)
    return best.join(spent, on="name", how="left", maintain_order="left").with_columns(pl.col("name").alias("asked")).drop("all")


def _named(group: tuple[str, ...], names: list[str]) -> str:
    if len(group) == len(names):
        return tr("all of {group}", group=listing(group)) if len(names) > 2 else tr("both {group}", group=listing(group))
    return (
        tr("{group} only", group=group[0])
        if len(group) == 1
        else tr("{group}, not {left_out}", group=listing(group), left_out=listing([n for n in names if n not in group]))
    )


def _headline(view: View, of: Of, names: list[str], members: pl.DataFrame, shown: AnswerTable, total: int) -> str:
    several = members.filter("several")
    is_enough = several.height >= view.least
    every = shown.find(group=_named(tuple(names), names)) if is_enough and len(names) > 2 else None
    return view.say(
        "{where}, of {all:,} members who bought in [plural?the {plural:word} {them}|{them}] {window:in}, [is_enough?{several:,} "
        "({several_share:share})|[several?hardly anybody|none]] bought in more than one[ and bring {several_sales_share:share} of the "
        "sales of all of them][; {member_count} bought in all three, {sales_per_member} each].",
        every or {"member_count": None}, all=members.height, plural=None if of == "category" else _PLURAL[of], them=listing(names),
        window=view.period, is_enough=is_enough, several=several.height, several_share=several.height / members.height,
        several_sales_share=int(several["sales"].sum()) / total if is_enough and total > 0 else None,
    )  # fmt: skip


def _chart(view: View, of: Of, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    known = {} if table["sales_share"].null_count() else {"sales_share": tr("share of sales")}
    return measured_bars(
        table,
        label="group",
        measures={"member_share": tr("share of members"), **known},
        title=view.say("Members across {plural:word}", plural=_PLURAL[of]),
        subtitle=view.say("{place}, {period}"),
    )
