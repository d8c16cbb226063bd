"""Niches: small groups of members with a strong, stable taste, and groups that only look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note, Verdict
from toolkit.charts.ranges import ranges
from toolkit.errors import BadValue, unknown_name
from toolkit.language import in_every_language, later, tr, trn, word
from toolkit.models.shares import wilson
from toolkit.portrait.measures.takings import takings
from toolkit.portrait.measures.tastes import measured_members
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis, where
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import labels_of
from toolkit.targeting.measures.niche_goods import niche_goods
from toolkit.targeting.measures.niche_groups import NOT_STABLE, STABLE, UNKNOWN, niche_groups, niche_members

if TYPE_CHECKING:
    import altair as alt

MOST_NAMES = 4
MOST_PRODUCTS = 100
_SCHEMA = {"niche": pl.String, "status": pl.String, "member_count": pl.Int64, "member_share": pl.Float64}


@question(
    "targeting",
    "Which small groups of members have a strong taste of their own?",
    words=(
        "niches, niche groups, small segments with a stable taste",
        "special interests, pet owners, wine lovers, gluten-free, found from baskets",
        "which niche is growing",
        "小众 圈层 兴趣群体",
        "小众口味的会员",
    ),
)
def niches(view: View, *, niche: str = "", show: Literal["member", "product"] = "member", top: int = 500) -> Finding:
    """Return the niches: one row per small group with a strong taste, strongest first, with what says whether it is stable; or, with
    `niche`, the members of one or the products that define it.

    A niche is a category, or several whose tastes go together with the same members more than chance (Poisson test, Benjamini-Hochberg 5%,
    at least twice the expected number). A member belongs who buys it so often that the lower limit of days over expected days is above
    niches.strong_index, in at least two of its categories if it has several. Stable: one half of the receipts alone (the first, where it
    can) makes it a group and finds its members, and of these at least niches.stable_share (lower 95% limit) show the taste in the other
    half, which had no part in either.

    Niches and membership are the chain's, over all receipts; a store shows its own members of them. A member may be in several.

    Parameters
    ----------
    niche
        Name of one niche, as in the table: then its members, strongest taste first, or its products.
    show
        With `niche`: its `member` list, or each `product` that its members buy more than others.
    top
        Rows of the member list at most; 0 = all, as an audience needs.

    Returns
    -------
    Answer
        Table columns: `niche` (its categories); `status` (`stable`, `not stable`, `not measured`: no half alone makes it a
        group, or finds members enough to be sure);
        `category_count`; `member_count`, `member_share` (0..1 of the members measured); `taste_index` (median: how many times as often as
        others); `sales` (currency units) and `sales_share` of the period; `spend` in its categories over all receipts; `held_share`
        (0..1 of the `found_count` members found by one half that held in the other) with `held_share_low` (95%); `base_share`
        (0..1 of all members: what chance alone would hold); `member_change` (members by the second half over members by the first, less
        1, among those who shopped in both). With `niche` given: `member_id`, `niche`, `taste_index`, `taste_index_low`, and `contactable`
        where known; or `product`, `category`, `in_niche` (of its own categories), `late_count`, `penetration_rate`,
        `other_penetration_rate` (0..1 of its members and of all others who bought it in the second half), `goods_index` (their ratio) with
        `goods_index_low` (95%): products are chosen by the first half, and these figures are of the second.

    Raises
    ------
    UnknownName
        There is no such niche; the nearest is named.
    BadValue
        `show` without `niche`, or `top` below 0.

    Notes
    -----
    Tastes: Gamma(2 + x, 2 + E) as in portrait.personas. A niche is a reading of baskets, not a fact about a person.

    Example
    -------
    >>> tk.targeting.niches(ws).table                                  # doctest: +SKIP
    """
    if top < 0:
        raise BadValue(tr("targeting.niches: top is {top}; a number of rows was needed, or 0 for all.", top=top))
    groups = _named(view, niche_groups(view))
    if niche:
        row = _found(view, groups, niche)
        return _members(view, row, top) if show == "member" else _products(view, row)
    if show == "product":
        raise BadValue(tr("targeting.niches: the products of which niche? Name one as the table does: niche='...'."))
    measured = measured_members(view)
    members = niche_members(view).join(measured.select("member_code"), on="member_code", how="semi", maintain_order="left")
    table, small = _table(view, groups, members, measured.height)
    if table.is_empty():
        return _none(view, measured.height, small)
    return Finding(
        headline=_headline(view, table, members, measured.height),
        table=table,
        chart=lambda: _chart(view, table),
        notes=_notes(view, table, small),
        ask_next=[
            ("targeting.niches", {"niche": table["niche"][0]}),
            ("targeting.niches", {"niche": table["niche"][0], "show": "product"}),
            ("portrait.personas", {"by": "taste"}),
        ],
        figures={"stable_niche_count": float((table["status"] == STABLE).sum())},
    )


def _named(view: View, groups: pl.DataFrame) -> pl.DataFrame:
    """The niches with `niche`, their name: the categories, most bought first; `known_as` is that in every language."""
    names = dict(view.categories.select("category_code", "category").iter_rows())
    sizes = dict(view.categories.select("category_code", "member_count").iter_rows())
    ordered = [
        [names[code] for code in sorted(codes, key=lambda code: (-(sizes.get(code) or 0), names[code]))]
        for codes in groups["category_codes"].to_list()
    ]
    return groups.with_columns(
        pl.Series("niche", [_title(categories) for categories in ordered], dtype=pl.String),
        pl.Series("known_as", [in_every_language(_title, categories) for categories in ordered], dtype=pl.List(pl.String)),
    )


def _title(categories: list[str]) -> str:
    shown = " + ".join(categories[:MOST_NAMES])
    return shown + tr(" + {count} more", count=len(categories) - MOST_NAMES) if len(categories) > MOST_NAMES else shown


def _table(view: View, groups: pl.DataFrame, members: pl.DataFrame, measured: int) -> tuple[pl.DataFrame, int]:
    """The rows, and how many niches have too few members in scope to be shown."""
    taken = takings(view)
    total = int(taken["sales"].sum())
    held = (
        members.join(taken, on="member_code")
        .group_by("group")
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("index").median().alias("taste_index"), pl.col("sales").sum())
    )
    pairs = groups.select("group", pl.col("category_codes").alias("category_code")).explode("category_code")
    inside = members.select("group", "member_code").join(pairs, on="group")
    wanted = inside.select("category_code").unique()
    amounts = view.member_category.select("member_code", "category_code", "amount").join(wanted.lazy(), on="category_code", how="semi")
    spent = inside.join(amounts.collect(), on=["member_code", "category_code"]).group_by("group").agg(pl.col("amount").sum().alias("spend"))
    low, _ = wilson(pl.col("held_count"), pl.col("found_count"))
    found = groups.join(held, on="group").join(spent, on="group", how="left")
    least = view.settings.scope.minimum_members
    shown = found.filter(pl.col("member_count") >= least)
    order = pl.col("status").replace_strict({STABLE: 0, NOT_STABLE: 1, UNKNOWN: 2}, return_dtype=pl.Int64)
    table = shown.sort(order, "taste_index", "niche", descending=[False, True, False]).select(
        "niche",
        "status",
        pl.col("category_codes").list.len().cast(pl.Int64).alias("category_count"),
        "member_count",
        (pl.col("member_count") / max(measured, 1)).alias("member_share"),
        "taste_index",
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        view.major("spend").alias("spend"),
        "found_count",
        pl.when(pl.col("found_count") > 0).then(pl.col("held_count") / pl.col("found_count")).alias("held_share"),
        low.alias("held_share_low"),
        "base_share",
        pl.when(pl.col("early_count") >= least).then(pl.col("late_count") / pl.col("early_count") - 1).alias("member_change"),
    )
    return table, groups.height - table.height


def _found(view: View, groups: pl.DataFrame, niche: str) -> dict[str, Any]:
    """The row of a niche that was named, in any case and language."""
    wanted = " ".join(niche.split()).casefold()
    for row in groups.iter_rows(named=True):
        if wanted in (name.casefold() for name in row["known_as"]):
            return row
    raise unknown_name(later("niche"), niche, groups["niche"].to_list(), where=tr("The shop"))


def _members(view: View, row: dict[str, Any], top: int) -> Finding:
    niche = row["niche"]
    known = [name for name in ("contactable",) if name in view.members.columns]
    inside = niche_members(view).filter(group=row["group"]).join(view.members.select("member_code", "member_id", *known), on="member_code")
    table = inside.sort("index_low", "member_id", descending=[True, False]).select(
        "member_id",
        pl.lit(niche).alias("niche"),
        pl.col("index").alias("taste_index"),
        pl.col("index_low").alias("taste_index_low"),
        *known,
    )
    notes: list[str | Note] = [_reading(), _verdict(row)]
    if top and table.height > top:
        notes.append(tr("The {top:,} strongest of {members:,} are shown; top=0 gives all.", top=top, members=table.height))
    said = tr(
        "{members} of {all:,} belong to the niche {niche} ({status})",
        members=wording.some(table.height, "member"),
        all=view.members.height,
        niche=niche,
        status=word(row["status"]),
    )
    return Finding(
        headline=tr("{where}, {said}.", where=where(view), said=said),
        table=table.head(top) if top else table,
        notes=notes,
        ask_next=[("targeting.niches", {"niche": niche, "show": "product"}), ("targeting.niches", {})],
        figures={"members_in_all": float(table.height)},
    )


def _verdict(row: dict[str, Any]) -> Note:
    verdicts: dict[str, Verdict] = {STABLE: "PASS", NOT_STABLE: "REVIEW"}
    return Note(tr("This group is {status}.", status=word(row["status"])), verdicts.get(row["status"], "NOT MEASURED"))


def _products(view: View, row: dict[str, Any]) -> Finding:
    """The products that define a niche, across the chain."""
    goods = niche_goods(view).filter(group=row["group"])
    kinds = view.mart.products.select("product_code", "category_code").join(
        view.categories.select("category_code", "category"), on="category_code"
    )
    labels = labels_of(view, "product", goods["product_code"].to_list())
    table = goods.join(kinds, on="product_code", how="left", maintain_order="left").select(
        pl.col("product_code").replace_strict(labels, default=None, return_dtype=pl.String).alias("product"),
        "category",
        pl.col("in_group").alias("in_niche"),
        "late_count",
        "penetration_rate",
        "other_penetration_rate",
        pl.col("index_late").alias("goods_index"),
        pl.col("index_low").alias("goods_index_low"),
    )
    held = table.filter(pl.col("goods_index_low") > 1)
    name = tr("the niche {niche} ({status})", niche=row["niche"], status=word(row["status"]))
    if table.is_empty():
        said = tr("no product is known to be bought clearly more by members of {name} than by others", name=name)
    else:
        first = (held if held.height else table).row(0, named=True)
        said = trn(
            "{products} defines {name} by the first half of the receipts, and {held:,} still do by the second; first {product}: "
            "{share} of its members buy it, {other_share} of the others",
            "{products} define {name} by the first half of the receipts, and {held:,} still do by the second; first {product}: "
            "{share} of its members buy it, {other_share} of the others",
            table.height,
            products=wording.some(table.height, "product"),
            name=name,
            held=held.height,
            product=first["product"],
            share=wording.share(first["penetration_rate"]),
            other_share=wording.share(first["other_penetration_rate"]),
        )
    return Finding(
        headline=tr("Across the chain, {said}.", said=said),
        table=table.head(MOST_PRODUCTS),
        notes=[
            _verdict(row),
            tr(
                "Members and products are chosen by the first half of the receipts (products: Poisson test, "
                "Benjamini-Hochberg 5%); the figures are of the second half, so that none looks strong by luck."
            ),
            *(
                [tr("The {shown} surest of {products:,} products are shown.", shown=MOST_PRODUCTS, products=table.height)]
                if table.height > MOST_PRODUCTS
                else []
            ),
        ],
        ask_next=[("targeting.niches", {"niche": row["niche"]}), ("targeting.niches", {})],
        figures={"defining_product_count": float(table.height), "held_product_count": float(held.height)},
    )


def _headline(view: View, table: pl.DataFrame, members: pl.DataFrame, measured: int) -> str:
    n = wording.some(measured, "member")
    stable = table.filter(pl.col("status") == STABLE)
    if stable.is_empty():
        return tr(
            "{where}, none of {groups} with a strong taste among {n} is known to be stable: the table says what is missing.",
            where=where(view),
            groups=wording.some(table.height, "group"),
            n=n,
        )
    first = stable.row(0, named=True)
    shares = tr(", {sales_share} of the sales", sales_share=wording.share(first["sales_share"])) if first["sales_share"] is not None else ""
    return trn(
        "{where}, {small_groups} of {n} has a strong, stable taste; the strongest is {niche}: {members}{shares}, "
        "who buy it {taste_index:.1f} times as often as others.",
        "{where}, {small_groups} of {n} have a strong, stable taste; the strongest is {niche}: {members}{shares}, "
        "who buy it {taste_index:.1f} times as often as others.",
        stable.height,
        where=where(view),
        small_groups=wording.some(stable.height, "small group"),
        n=n,
        niche=first["niche"],
        members=wording.some(first["member_count"], "member"),
        shares=shares,
        taste_index=first["taste_index"],
    )


def _notes(view: View, table: pl.DataFrame, small: int) -> list[str | Note]:
    settings = view.settings.niches
    notes: list[str | Note] = [_reading(), sales_basis(view)]
    bad = table.filter(pl.col("status") == NOT_STABLE)
    if bad.height:
        worst = bad.sort("held_share", "niche").row(0, named=True)
        notes.append(
            Note(
                trn(
                    "{groups} looks like a niche but may not last. Example: of {members} that one half of the receipts puts "
                    "into {niche}, {held_share} show the taste in the other (95% sure of {held_share_low} only; {stable_share} "
                    "needed; {base_share} of all members do). Build no campaign on it.",
                    "{groups} look like a niche but may not last. Example: of {members} that one half of the receipts puts "
                    "into {niche}, {held_share} show the taste in the other (95% sure of {held_share_low} only; {stable_share} "
                    "needed; {base_share} of all members do). Build no campaign on it.",
                    bad.height,
                    groups=wording.some(bad.height, "group"),
                    members=wording.some(worst["found_count"], "member"),
                    niche=worst["niche"],
                    held_share=wording.share(worst["held_share"]),
                    held_share_low=wording.share(worst["held_share_low"]),
                    stable_share=wording.share(settings.stable_share, 0),
                    base_share=wording.share(worst["base_share"]),
                ),
                "REVIEW",
            )
        )
    unknown = int((table["status"] == UNKNOWN).sum())
    if unknown:
        least = view.settings.scope.minimum_members
        notes.append(
            Note(
                tr(
                    "Stability of {groups}: neither half of the receipts alone makes such a group, or it finds fewer than "
                    "{least} members of it who shopped in both, or enough held but of too few members to be sure.",
                    groups=wording.some(unknown, "group"),
                    least=least,
                ),
                "NOT MEASURED",
            )
        )
    notes.append(
        tr(
            "Growth compares members by each half alone, among those with {minimum_half_days} or more shopping days in "
            "both: newcomers and leavers of the shop are not in it. One half alone chose the categories and members of a "
            "group tested on the other.",
            minimum_half_days=settings.minimum_half_days,
        )
    )
    if small:
        notes.append(
            tr(
                "Not shown: {niches} with fewer than {minimum_members} members here.",
                niches=wording.some(small, "niche"),
                minimum_members=view.settings.scope.minimum_members,
            )
        )
    return notes


def _reading() -> str:
    return tr("A niche is a reading of baskets, not a fact about a person: never tell a member what they are.")


def _none(view: View, measured: int, small: int) -> Finding:
    personas = view.settings.personas
    n = wording.some(measured, "member")
    few = (
        trn(
            "; {niches} of the chain has too few members here",
            "; {niches} of the chain have too few members here",
            small,
            niches=wording.some(small, "niche"),
        )
        if small
        else ""
    )
    return Finding(
        headline=tr(
            "{where}, no small group of {n} with {minimum_days} or more shopping days has a strong taste{few}.",
            where=where(view),
            n=n,
            minimum_days=personas.minimum_days,
            few=few,
        ),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[
            Note(
                tr(
                    "Niches: a group needs {minimum_members} members with a strong taste, and at most {most_share} of all (settings "
                    "scope, niches).",
                    minimum_members=view.settings.scope.minimum_members,
                    most_share=wording.share(view.settings.niches.most_share, 0),
                ),
                "NOT MEASURED",
            )
        ],
    )


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    drawn = table.filter(pl.col("held_share").is_not_null()).head(20)
    _, high = wilson((pl.col("held_share") * pl.col("found_count")).round(), pl.col("found_count"))
    labels = [tr("{niche} ({status})", niche=niche, status=word(status)) for niche, status in drawn.select("niche", "status").rows()]
    return ranges(
        drawn.with_columns(high.alias("held_share_high"), pl.Series("label", labels, dtype=pl.String)),
        label="label",
        value="held_share",
        low="held_share_low",
        high="held_share_high",
        n="found_count",
        kind="share",
        title=tr("Do niches hold? {place}", place=view.place),
        subtitle=tr("Found by one half of the receipts, with the taste in the other; hollow = not sure"),
        value_title=tr("Share that held"),
        reference=view.settings.niches.stable_share,
        reference_title=tr("needed"),
    )
