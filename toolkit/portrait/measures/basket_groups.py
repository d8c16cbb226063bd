"""Groups of members by what they spend on, and whether the groups are there or only drawn."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.language import tr
from toolkit.models.clusters import cluster
from toolkit.portrait.measures.model_reasons import reason_text
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.portrait.measures.tastes import NO_CATEGORY, measured_members
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import sales_basis, spoken
from toolkit.scope.view import View
from toolkit.wording import listing, sentence

GROUPS = 4
"""k-means on the Complete Journey falls below the bar of stability from five groups on (DEFINITIONS.md section 1)."""
PARTS = 8
"""Departments whose shares of spend the groups are made from: the largest ones, the rest is small and noisy."""
SEED = 0

BASKET_GROUPS = c.table(
    "one row per group of baskets",
    c.text("basket_group"),
    c.text("known_for", meaning="the two departments in which its share of spend is furthest above the shop's"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.count("order_count", "Orders", "of the period"),
    c.money("sales", "Sales", "of the period"),
    c.share("sales_share", "Share of sales", "of the period", null="they bought nothing"),
    c.text("status", meaning="whether resampled members give the same groups"),
)


def basket_groups(view: View) -> pl.DataFrame:
    """Return the basket group of the chain's members: one row per member with enough shopping days, sorted by member_code.

    Columns: `member_code`; `basket_group` (group 1 = the largest; null where groups are not measured); `known_for` (the two departments in
    which the group's share of spend is furthest above the shop's); and, the same in every row, `status` (stable, not stable, not measured),
    `agreement` (mean adjusted Rand index over resampled members, 1 = always the same groups) and `reason`.
    """
    return view.chainwide(spoken("basket_groups"), _basket_groups, "personas")


def _basket_groups(view: View) -> pl.DataFrame:
    part = "department" if view.categories["department"].count() else "category"
    named = view.categories.filter(pl.col("category") != NO_CATEGORY).select("category_code", pl.col(part).alias("part")).drop_nulls()
    spent = (
        view.member_category.join(named.lazy(), on="category_code")
        .join(measured_members(view).lazy().select("member_code"), on="member_code", how="semi")
        .group_by("member_code", "part")
        .agg(pl.col("amount").sum().clip(0, None))
        .collect()
    )
    parts = (
        spent.group_by("part")
        .agg(pl.col("amount").sum())
        .sort("amount", "part", descending=[True, False])
        .head(PARTS)["part"]
        .sort()
        .to_list()
    )
    whole = spent.group_by("member_code").agg(pl.col("amount").sum().alias("whole")).filter(pl.col("whole") > 0).sort("member_code")
    shares = whole.select("member_code")
    for name in parts:
        one = spent.filter(pl.col("part") == name).select("member_code", pl.col("amount").alias(name))
        shares = shares.join(one, on="member_code", how="left", maintain_order="left")
    shares = shares.with_columns(pl.col(parts).fill_null(0) / whole["whole"])
    if not parts:
        shares, parts = shares.with_columns(pl.lit(0.0).alias("nothing")), ["nothing"]
    clusters = cluster(shares.select(parts).to_numpy(), count=GROUPS, seed=SEED)
    known_for = [
        listing([parts[place] for place in sorted(range(len(parts)), key=lambda at: (-centre[at], parts[at]))[:2]])
        for centre in clusters.centres
    ]
    label = pl.Series("label", clusters.labels, dtype=pl.Int64)
    return shares.select("member_code").with_columns(
        pl.when(label >= 0).then(pl.format("group {}", label + 1)).alias("basket_group"),
        label.replace_strict(list(range(len(known_for))), known_for, default=None, return_dtype=pl.String).alias("known_for"),
        pl.lit(clusters.status).alias("status"),
        pl.lit(clusters.agreement, pl.Float64).alias("agreement"),
        pl.lit(reason_text(clusters.reason)).alias("reason"),
    )


def groups_finding(view: View) -> Finding:
    """Return what `personas(by="group")` answers: one row per basket group."""
    groups = basket_groups(view)
    if groups.is_empty() or groups["status"][0] == "not measured":
        reason = tr("no member has enough shopping days") if groups.is_empty() else groups["reason"][0]
        return unmeasured(
            BASKET_GROUPS,
            view.say("{where}, basket groups are not measured: {reason}.", reason=reason),
            view.say("Basket groups: {reason}.", reason=reason),
        )
    is_stable = groups["status"][0] == "stable"
    members = takings(view).join(groups, on="member_code", maintain_order="left")
    frame = by_group(view, members, "basket_group", "known_for").with_columns(pl.lit(groups["status"][0]).alias("status"))
    shown = BASKET_GROUPS.of(frame.sort("basket_group"), view)
    largest = shown.cut(shown.frame.sort("member_count", descending=True, nulls_last=True)).row()
    return Finding(
        headline=view.say(
            "{where}, the largest of {groups} basket groups, known for {known_for}, has [{member_share}|fewer than {least}] of "
            "{all:member}.",
            largest, groups=GROUPS, all=members.height,
        )
        if is_stable
        else view.say(
            "{where}, {groups} groups of baskets can be drawn but are not stable: other members would have given other groups (n = "
            "{all:member}).",
            groups=GROUPS, all=members.height,
        ),
        table=shown,
        chart=lambda: ranked_bars(
            shown.frame, label="basket_group", value="member_share", n="member_count", kind="share1", ranked=False,
            value_title=tr("Share of members"), subtitle=view.say("n = {n:member}", n=members.height),
            title=view.say("Basket groups: {place}") if is_stable else view.say("Basket groups, not stable: {place}"),
        ),
        notes=[
            Note(sentence(groups["reason"][0]), "PASS" if is_stable else "REVIEW"),
            view.say(
                "k-means on the shares of spend in the {parts} largest departments, all receipts of the chain's members.", parts=PARTS
            ),
            sales_basis(view),
        ],
        ask_next=[("portrait.personas", {})],
        figures={"agreement": float(groups["agreement"][0])},
    )  # fmt: skip
