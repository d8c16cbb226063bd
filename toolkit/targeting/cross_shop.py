"""Cross-shopping: which members buy in two or three categories, channels or stores, and what they are worth."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue, unknown_name
from toolkit.language import in_every_language, tr, value, word
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, where
from toolkit.scope.sales import days_of, member_sales, within
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import find_good, scoped_parts
from toolkit.targeting.measures.member_list import listed, the_row

if TYPE_CHECKING:
    import altair as alt

Of = Literal["category", "channel", "store"]
OTHERS = value("other combinations")
_PLURAL = {"category": value("categories"), "channel": value("channels"), "store": value("stores")}
_SCHEMA = {"group": pl.String, "member_count": pl.Int64, "member_share": pl.Float64, "sales": pl.Float64}


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

    Returns
    -------
    Answer
        Table columns: `group` (the combination), `member_count`, `member_share` (0..1 of the members in the table), `order_count`, `sales`
        (currency units: all they bought in the scope in the window), `sales_share` (0..1 of these members' sales), `sales_per_member`
        (currency units), `sales_in_them` (currency units: what they spent in the named ones). With `members`: `member_id`,
        `order_count`, `sales`, `sales_in_them`, `reachable`.

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
    if of == "channel" and not view.has_column("lines", "channel"):
        gap = not_measured(view, "lines", "channel", tr("cross-shopping of channels"))
        return Finding(
            headline=tr("{where}, cross-shopping of channels is not measured: receipts name no channel.", where=where(view)),
            table=pl.DataFrame(schema=_SCHEMA),
            notes=[gap],
        )
    given = [name for name in (first, second, third) if name]
    spent = _spent_by_good(view, given) if of == "category" else _spent_by_place(view, of, given)
    names = spent["name"].unique(maintain_order=True).to_list() if not given else list(dict.fromkeys(spent["asked"].to_list()))
    names = names[:3]
    if len(names) < 2:
        return _one_only(view, of, names)
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
        None,
        chosen,
        tr("bought in {group} (of {among})", group=group, among=_among(of, names)),
        view.period,
        notes=[tr("Sales are all that these members bought in the scope in the window; `sales in them` those of the named alone.")],
        ask_next=[("targeting.cross_shop", {"of": of, **dict(zip(("first", "second", "third"), names, strict=False))})],
    )


def _among(of: Of, names: list[str]) -> str:
    """The names that are compared, as a sentence speaks of them."""
    listed = wording.listing(names)
    return listed if of == "category" else tr("the {plural} {names}", plural=word(_PLURAL[of]), names=listed)


def _overlap(view: View, of: Of, names: list[str], members: pl.DataFrame) -> Finding:
    least = view.settings.scope.minimum_members
    if members.height < least:
        bought = tr(
            "{members} bought in {names} {days_of}",
            members=wording.some(members.height, "member"),
            names=wording.listing(names),
            days_of=days_of(view),
        )
        return Finding(
            headline=tr(
                "{where}, {bought}, fewer than the {least} that figures may speak of.", where=where(view), bought=bought, least=least
            ),
            table=pl.DataFrame(schema=_SCHEMA),
            notes=[Note(tr("Not measured for so few: choose a longer period or other names."), "NOT MEASURED")],
        )
    total = int(members["sales"].sum())
    sums = members.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        pl.col("orders").sum().cast(pl.Int64).alias("order_count"),
        pl.col("sales", "in_them").sum(),
    )
    groups = pl.DataFrame({"group": [_named(group, names) for group in _groups(names)]})
    counted = groups.join(sums, on="group", how="left", maintain_order="left").with_columns(pl.all().exclude("group").fill_null(0))
    pooled, hidden = _pooled(counted, least)
    table = pooled.select(
        "group",
        "member_count",
        (pl.col("member_count") / members.height).alias("member_share"),
        "order_count",
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.when(pl.col("member_count") > 0).then(view.major("sales") / pl.col("member_count")).alias("sales_per_member"),
        view.major("in_them").alias("sales_in_them"),
    )
    notes: list[str | Note] = [
        tr("Sales are all that these members bought in the scope in the window; `sales in them` those of the named alone.")
    ]
    notes.append(tr("Members who come often are in everything sooner or later: an overlap alone is no taste."))
    if hidden:
        notes.append(
            tr(
                "'{others}' are {hidden} together, since one of them has fewer than {least} members (setting "
                "scope.minimum_members) and could be found from the others.",
                others=word(OTHERS),
                hidden=hidden,
                least=least,
            )
        )
    several = members.filter("several").height / members.height
    return Finding(
        headline=_headline(view, of, names, members, table, total),
        table=table,
        chart=lambda: _chart(view, of, table),
        notes=notes,
        ask_next=[
            *([("targeting.attach", {"goods": names[0], "with_goods": names[1]})] if of == "category" else []),
            *[("targeting.cross_shop", {"of": other}) for other in ("category", "channel", "store") if other != of][:2],
        ],
        figures={} if hidden else {"overlap_member_share": several},
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
        raise BadValue(tr("targeting.cross_shop: {given} are not all different; different ones were needed.", given=wording.listing(given)))


def _ranked(spent: pl.DataFrame, asked: list[str]) -> pl.DataFrame:
    """The rows in the order of the names: as asked, else by sales, ties by name. `asked` also has those that nobody bought."""
    if asked:
        order = pl.DataFrame({"name": asked, "asked": asked})
        return order.join(spent, on="name", how="left", maintain_order="left")
    best = spent.group_by("name").agg(pl.col("amount").sum().alias("all")).sort("all", "name", descending=[True, False]).head(3)
    return best.join(spent, on="name", how="left", maintain_order="left").with_columns(pl.col("name").alias("asked")).drop("all")


def _named(group: tuple[str, ...], names: list[str]) -> str:
    if len(group) == len(names):
        return tr("all of {group}", group=wording.listing(group)) if len(names) > 2 else tr("both {group}", group=wording.listing(group))
    return (
        tr("{group} only", group=group[0])
        if len(group) == 1
        else tr("{group}, not {left_out}", group=wording.listing(group), left_out=wording.listing([n for n in names if n not in group]))
    )


def _one_only(view: View, of: Of, names: list[str]) -> Finding:
    found = (
        tr("members bought in one {of} alone ({name})", of=word(of), name=names[0])
        if names
        else tr("no member bought in any {of}", of=word(of))
    )
    return Finding(
        headline=tr(
            "{where}, {found} {days_of}: there is nothing to overlap (n = {members:,} members in scope).",
            where=where(view),
            found=found,
            days_of=days_of(view),
            members=view.members.height,
        ),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[
            Note(
                tr("Cross-shopping needs two {plural}: choose a longer period or a larger scope.", plural=word(_PLURAL[of])), "NOT MEASURED"
            )
        ],
    )


def _headline(view: View, of: Of, names: list[str], members: pl.DataFrame, table: pl.DataFrame, total: int) -> str:
    several = members.filter("several")
    said = tr(
        "{where}, of {members:,} members who bought in {them} {days_of}",
        where=where(view),
        members=members.height,
        them=_among(of, names),
        days_of=days_of(view),
    )
    if not several.height:
        return tr("{said}, none bought in more than one.", said=said)
    if several.height < view.settings.scope.minimum_members:
        return tr("{said}, hardly anybody bought in more than one.", said=said)
    said += tr(
        ", {several:,} ({share}) bought in more than one", several=several.height, share=wording.share(several.height / members.height)
    )
    if total > 0:
        said += tr(" and bring {share} of the sales of all of them", share=wording.share(int(several["sales"].sum()) / total))
    every = table.filter((pl.col("group") == _named(tuple(names), names)) & (pl.col("member_count") > 0)).to_dicts()
    if every and len(names) > 2:
        said += tr(
            "; {member_count:,} bought in all three, {sales_per_member} each",
            member_count=every[0]["member_count"],
            sales_per_member=wording.money(every[0]["sales_per_member"], view.currency),
        )
    return tr("{said}.", said=said)


def _chart(view: View, of: Of, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    known = {} if table["sales_share"].null_count() else {"sales_share": tr("share of sales")}
    return measured_bars(
        table,
        label="group",
        measures={"member_share": tr("share of members"), **known},
        title=tr("Members across {plural}", plural=word(_PLURAL[of])),
        subtitle=tr("{place}, {period}", place=view.place, period=view.period),
    )
