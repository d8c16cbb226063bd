"""Niches: small groups of members with a strong, stable taste, and groups that only look like one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note, Verdict
from toolkit.charts.ranges import ranges
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue, require_rows, unknown_name
from toolkit.language import in_every_language, later, tr
from toolkit.models.shares import wilson
from toolkit.portrait.measures.takings import takings
from toolkit.portrait.measures.tastes import measured_members
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import sales_basis, without_categories
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import labels_of
from toolkit.targeting.measures.niche_goods import niche_goods
from toolkit.targeting.measures.niche_groups import NOT_STABLE, STABLE, UNKNOWN, niche_groups, niche_members
from toolkit.wording import some

if TYPE_CHECKING:
    import altair as alt

MOST_NAMES = 4
MOST_PRODUCTS = 100
READING = later("A niche is a reading of baskets, not a fact about a person: never tell a member what they are.")
NICHES = c.table(
    "one row per niche, strongest first",
    c.text("niche", "Niche", "its categories"),
    c.text("status", "Status", "stable, not stable, or not measured: no half alone makes it a group, or finds members enough to be sure"),
    c.count("category_count", "Categories", hidden_by=None),
    c.members(),
    c.share("member_share", "Share of members", "of the members measured"),
    c.index("taste_index", "Times as much as others", "median: how many times as often as others"),
    c.money("sales", "Sales"),
    c.share("sales_share", "Share of sales"),
    c.money("spend", "Spend", "in its categories over all receipts"),
    c.members("found_count", "Found by one half", "of the chain, by one half of the receipts"),
    c.share("held_share", "Held in the other half", "of these, those whose taste held in the other half", hidden_by="found_count"),
    c.share("held_share_low", "Held, at least (95%)", hidden_by="found_count"),
    c.share("base_share", "Share by chance", "of all members: what chance alone would hold"),
    c.share(
        "member_change",
        "Growth of members",
        "members by the second half over members by the first, less 1, among those who shopped in both",
        null="too few by the first half",
    ),
    few="drop",
    note=False,
)
MEMBERS = c.table(
    "one row per member of the niche, strongest taste first",
    c.text("member_id", "Member"),
    c.text("niche", "Niche"),
    c.index("taste_index", "Times as much as others"),
    c.index("taste_index_low", "Taste index, at least"),
    c.flag("contactable", "Contactable", null="the shop does not say who may be contacted"),
)
PRODUCTS = c.table(
    "one row per product that the members of the niche buy more than others; chosen by the first half, figures of the second",
    c.text("product", "Product"),
    c.text("category", "Category"),
    c.flag("in_niche", "Of its categories"),
    c.members("late_count", "Buyers, second half"),
    c.share("penetration_rate", "Of them, who buy it", "of its members, who bought it in the second half"),
    c.share("other_penetration_rate", "Others who buy it", "of all others"),
    c.index("goods_index", "Index against others", "their ratio"),
    c.index("goods_index_low", "Index, at least", "95%"),
)


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
    tables=(NICHES, MEMBERS, PRODUCTS),
    figures=(
        c.count("stable_niche_count", "Stable niches"),
        c.count("members_in_all", "Members in all"),
        c.count("defining_product_count", "Defining products"),
        c.count("held_product_count", "Products that hold"),
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
    require_rows("targeting.niches", top)
    groups = _named(view, niche_groups(view))
    if niche:
        row = _row_called(view, groups, niche)
        return _members(view, row, top) if show == "member" else _products(view, row)
    if show == "product":
        raise BadValue(tr("targeting.niches: the products of which niche? Name one as the table does: niche='...'."))
    measured = measured_members(view)
    members = niche_members(view).join(measured.select("member_code"), on="member_code", how="semi", maintain_order="left")
    shown = NICHES.of(_table(view, groups, members, measured.height), view)
    if not shown.height:
        return _none(view, measured.height, groups.height)
    first = {"niche": shown.frame["niche"][0]}
    return Finding(
        headline=_headline(view, shown, measured.height),
        table=shown,
        chart=lambda: _chart(view, shown.frame),
        notes=_notes(view, shown, groups.height - shown.height),
        ask_next=[("targeting.niches", first), ("targeting.niches", {**first, "show": "product"}), ("portrait.personas", {"by": "taste"})],
        figures={"stable_niche_count": float((shown.frame["status"] == STABLE).sum())},
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


def _table(view: View, groups: pl.DataFrame, members: pl.DataFrame, measured: int) -> pl.DataFrame:
    taken = takings(view)
    total = int(taken["sales"].sum())
    held = (
        members.join(taken, on="member_code")
        .group_by("group")
        .agg(pl.len().alias("member_count"), pl.col("index").median().alias("taste_index"), pl.col("sales").sum())
    )
    pairs = groups.select("group", pl.col("category_codes").alias("category_code")).explode("category_code")
    inside = members.select("group", "member_code").join(pairs, on="group")
    wanted = inside.select("category_code").unique()
    amounts = view.member_category.select("member_code", "category_code", "amount").join(wanted.lazy(), on="category_code", how="semi")
    spent = inside.join(amounts.collect(), on=["member_code", "category_code"]).group_by("group").agg(pl.col("amount").sum().alias("spend"))
    low, _ = wilson(pl.col("held_count"), pl.col("found_count"))
    order = pl.col("status").replace_strict({STABLE: 0, NOT_STABLE: 1, UNKNOWN: 2}, return_dtype=pl.Int64)
    growth = pl.when(pl.col("early_count") >= view.least).then(pl.col("late_count") / pl.col("early_count") - 1)
    niches = groups.join(held, on="group").join(spent, on="group", how="left")
    return niches.sort(order, "taste_index", "niche", descending=[False, True, False]).select(
        "niche",
        "status",
        pl.col("category_codes").list.len().alias("category_count"),
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
        growth.alias("member_change"),
    )


def _row_called(view: View, groups: pl.DataFrame, niche: str) -> dict[str, Any]:
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
    frame = inside.sort("index_low", "member_id", descending=[True, False]).select(
        "member_id",
        pl.lit(niche).alias("niche"),
        pl.col("index").alias("taste_index"),
        pl.col("index_low").alias("taste_index_low"),
        *known,
    )
    notes: list[str | Note] = [tr(READING), _verdict(view, row)]
    if top and frame.height > top:
        notes.append(view.say("The {top} strongest of {n} are shown; top=0 gives all.", top=top, n=frame.height))
    return Finding(
        headline=view.say(
            "{where}, {listed} of {all:,} belong to the niche {niche} ({status:word}).",
            row,
            listed=some(frame.height, "member"),
            all=view.members.height,
        ),
        table=MEMBERS.of(frame.head(top) if top else frame, view),
        notes=notes,
        ask_next=[("targeting.niches", {"niche": niche, "show": "product"}), ("targeting.niches", {})],
        figures={"members_in_all": float(frame.height)},
    )


def _verdict(view: View, row: dict[str, Any]) -> Note:
    verdicts: dict[str, Verdict] = {STABLE: "PASS", NOT_STABLE: "REVIEW"}
    return Note(view.say("This group is {status:word}.", row), verdicts.get(row["status"], "NOT MEASURED"))


def _products(view: View, row: dict[str, Any]) -> Finding:
    """The products that define a niche, across the chain."""
    goods = niche_goods(view).filter(group=row["group"])
    kinds = view.mart.products.select("product_code", "category_code").join(
        view.categories.select("category_code", "category"), on="category_code"
    )
    labels = labels_of(view, "product", goods["product_code"].to_list())
    frame = goods.join(kinds, on="product_code", how="left", maintain_order="left").select(
        pl.col("product_code").replace_strict(labels, default=None, return_dtype=pl.String).alias("product"),
        "category",
        pl.col("in_group").alias("in_niche"),
        "late_count",
        "penetration_rate",
        "other_penetration_rate",
        pl.col("index_late").alias("goods_index"),
        pl.col("index_low").alias("goods_index_low"),
    )
    shown = PRODUCTS.of(frame, view)
    held_count = frame.filter(pl.col("goods_index_low") > 1).height
    notes = [
        _verdict(view, row),
        tr(
            "Members and products are chosen by the first half of the receipts (products: Poisson test, "
            "Benjamini-Hochberg 5%); the figures are of the second half, so that none looks strong by luck."
        ),
    ]
    if shown.height > MOST_PRODUCTS:
        notes.append(view.say("The {most} surest of {products:product} are shown.", most=MOST_PRODUCTS, products=shown.height))
    return Finding(
        headline=_products_headline(view, row, shown, held_count),
        table=shown.cut(shown.frame.head(MOST_PRODUCTS)),
        notes=notes,
        ask_next=[("targeting.niches", {"niche": row["niche"]}), ("targeting.niches", {})],
        figures={"defining_product_count": float(shown.height), "held_product_count": float(held_count)},
    )


def _products_headline(view: View, niche: dict[str, Any], shown: AnswerTable, held_count: int) -> str:
    words = {"niche": niche["niche"], "status": niche["status"]}
    if not shown.height:
        return view.say(
            "Across the chain, no product is known to be bought clearly more by members of the niche {niche} ({status:word}) than by "
            "others.",
            **words,
        )
    known = [product for product in shown.rows() if product["late_count"] is not None]
    first = next((product for product in known if (product["goods_index_low"] or 0) > 1), known[0] if known else None)
    return view.say(
        "Across the chain, {products:product} [is_one?defines|define] the niche {niche} ({status:word}) by the first half of the receipts, "
        "and {held:,} still do by the second[first?; first {product}: {penetration_rate} of its members buy it, "
        "{other_penetration_rate} of the others].",
        first, first=first is not None, products=shown.height, is_one=shown.height == 1, held=held_count, **words,
    )  # fmt: skip


def _headline(view: View, shown: AnswerTable, measured: int) -> str:
    stable = shown.cut(shown.frame.filter(pl.col("status") == STABLE))
    if not stable.height:
        return view.say(
            "{where}, none of {groups:group} with a strong taste among {n:member} is known to be stable: the table says what is missing.",
            groups=shown.height,
            n=measured,
        )
    return view.say(
        "{where}, {groups:small group} of {n:member} [is_one?has|have] a strong, stable taste; the strongest is {niche}: "
        "{member_count:member}[is_measured?, {sales_share} of the sales], who buy it {taste_index:.1f} times as often as others.",
        stable.row(), groups=stable.height, is_one=stable.height == 1, n=measured, is_measured=stable.row()["sales_share"] is not None,
    )  # fmt: skip


def _notes(view: View, shown: AnswerTable, small: int) -> list[str | Note]:
    notes: list[str | Note] = [tr(READING), sales_basis(view)]
    doubtful = shown.cut(shown.frame.filter(pl.col("status") == NOT_STABLE).sort("held_share", "niche"))
    if doubtful.height:
        example = view.say(
            "{groups:group} [is_one?looks|look] like a niche but may not last. Example: of {found_count:member} that one half of the "
            "receipts puts into {niche}, {held_share} show the taste in the other (95% sure of {held_share_low} only; "
            "{niches.stable_share:.0%} needed; {base_share} of all members do). Build no campaign on it.",
            doubtful.row(), groups=doubtful.height, is_one=doubtful.height == 1,
        )  # fmt: skip
        notes.append(Note(example, "REVIEW"))
    unknown = int((shown.frame["status"] == UNKNOWN).sum())
    if unknown:
        why = view.say(
            "Stability of {groups:group}: neither half of the receipts alone makes such a group, or it finds fewer than {least} members of "
            "it who shopped in both, or enough held but of too few members to be sure.",
            groups=unknown,
        )
        notes.append(Note(why, "NOT MEASURED"))
    notes.append(
        view.say(
            "Growth compares members by each half alone, among those with {niches.minimum_half_days} or more shopping days in both: "
            "newcomers and leavers of the shop are not in it. One half alone chose the categories and members of a group tested on the "
            "other."
        )
    )
    if small:
        notes.append(view.say("Not shown: {small:niche} with fewer than {least} members here.", small=small))
    return notes


def _none(view: View, measured: int, small: int) -> Finding:
    headline = view.say(
        "{where}, no small group of {n:member} with {personas.minimum_days} or more shopping days has a strong taste[; {small:niche} of "
        "the chain [is_one?has|have] too few members here].",
        n=measured, small=small, is_one=small == 1,
    )  # fmt: skip
    advice = view.say(
        "Niches: a group needs {least} members with a strong taste, and at most {niches.most_share:.0%} of all (settings scope, niches)."
    )
    found = unmeasured(NICHES, headline, advice)
    return replace(found, notes=[*without_categories(view), *found.notes])


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    drawn = table.filter(pl.col("held_share").is_not_null()).head(20)
    _, high = wilson((pl.col("held_share") * pl.col("found_count")).round(), pl.col("found_count"))
    labels = [view.say("{niche} ({status:word})", niche=niche, status=status) for niche, status in drawn.select("niche", "status").rows()]
    return ranges(
        drawn.with_columns(high.alias("held_share_high"), pl.Series("label", labels, dtype=pl.String)),
        label="label",
        value="held_share",
        low="held_share_low",
        high="held_share_high",
        n="found_count",
        kind="share",
        title=view.say("Do niches hold? {place}"),
        subtitle=tr("Found by one half of the receipts, with the taste in the other; hollow = not sure"),
        value_title=tr("Share that held"),
        reference=view.settings.niches.stable_share,
        reference_title=tr("needed"),
    )
