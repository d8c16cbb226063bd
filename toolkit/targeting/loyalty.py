"""Loyalty: how steady, broad and lasting the members' custom is, and whether their card fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import tr, word
from toolkit.models.calibration import spearman
from toolkit.portrait.measures.levels import LEVELS, in_order
from toolkit.portrait.measures.takings import takings
from toolkit.registry import question
from toolkit.scope.hiding import hide_few
from toolkit.scope.phrases import not_measured, sales_basis, where
from toolkit.scope.view import View
from toolkit.targeting.measures.loyal_traits import ABOVE, BELOW, STEPS, loyal_traits
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt


@question(
    "targeting",
    "How loyal are our members, and whose card does not fit?",
    words=(
        "loyalty by regularity, breadth, months active and tenure",
        "tiers against behaviour, who is above or below their card",
        "how loyal are members, regular and steady members",
        "which members deserve a higher or lower tier",
        "忠诚度 会员等级 行为",
        "most loyal members, loyal customers",
    ),
)
def loyalty(view: View, *, by: Literal["level", "tier"] = "level") -> Finding:
    """Return the members by loyalty, or their tiers against their behaviour: one row per group.

    Loyalty is four things, each scored 1 to 5 among the chain's own members and averaged: regularity (k = 1/CV squared of the pauses
    between shopping days, from ten pauses on; setting activity.regular_gaps), breadth (categories) and share of months active, both among
    members with as many shopping days, and tenure. It is not frequency, and not a share of wallet: what members buy
    elsewhere is not known here.

    Parameters
    ----------
    by
        `level`: low, mid, high loyalty (thirds of the measured members). `tier`: the shop's tiers, with how many members behave above or
        below their card: as many cards of each kind are dealt out anew, by loyalty and spend of 365 days in equal parts.

    Returns
    -------
    Answer
        By level: `loyalty`; `member_count`, `member_share` (0..1); medians of `regularity`, `breadth_index`, `months_active_share`,
        `tenure_days`; `order_count`, `sales` (currency units, of the period in the scope); `who` (an audience's expression). By tier:
        `tier`; `member_count`, `judged_count` (with a measured loyalty); `above_count`, `as_count`, `below_count`, `above_share` and
        `below_share` (0..1 of the judged); `sales`. Figures of fewer members than scope.minimum_members are null.

    Notes
    -----
    Sources: regularity as in Platzer and Reutterer, Marketing Science 35 (2016); DEFINITIONS.md section 2.

    Example
    -------
    >>> tk.targeting.loyalty(ws, by="tier").table                       # doctest: +SKIP
    """
    members = takings(view).join(loyal_traits(view), on="member_code", how="left", maintain_order="left")
    measured = members.filter(pl.col("loyalty_score").is_not_null())
    if by == "tier":
        return _by_tier(view, members, measured)
    table = members.group_by(pl.col("loyalty_level").alias("loyalty")).agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        (pl.len() / members.height).alias("member_share"),
        pl.col("regularity", "breadth_index", "months_active_share", "tenure_days").median(),
        pl.col("order_count").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
    )
    told = (
        pl.when(pl.col("loyalty").is_not_null())
        .then(pl.format("loyalty_level = '{}'", "loyalty"))
        .otherwise(pl.lit("loyalty_level IS NULL"))
    )
    table = in_order(table.with_columns(told.alias("who")), "loyalty")
    figures = ("regularity", "breadth_index", "months_active_share", "tenure_days", "order_count", "sales")
    table, hidden = hide_few(view, table, *figures)
    return Finding(
        headline=_headline(view, table, members.height, measured),
        table=table,
        chart=(lambda: _chart(view, table)) if measured.height else None,
        notes=[*_notes(view, members, measured), *hidden, sales_basis(view)],
        ask_next=[("targeting.loyalty", {"by": "tier"})] * bool("tier" in view.population.columns) + [("targeting.activity", {})],
        figures={"regularity": float(measured["regularity"].median())} if measured.height >= view.settings.scope.minimum_members else {},  # type: ignore[arg-type]
    )


def _headline(view: View, table: pl.DataFrame, members: int, measured: pl.DataFrame) -> str:
    least = view.settings.activity.regular_gaps
    if measured.height < view.settings.scope.minimum_members:
        few = tr("{measured:,} of {members}", measured=measured.height, members=some(members, "member"))
        return tr(
            "{where}, loyalty is not measured: {few} have {least} pauses between shopping days.", where=where(view), few=few, least=least
        )
    rows = {row["loyalty"]: row for row in table.iter_rows(named=True)}
    high = rows.get("high")
    steady = int((measured["regularity"] > 1.5).sum())
    brought = ""
    if high and high["sales"] is not None and (total := float(table["sales"].sum())) > 0:
        brought = tr(
            "; the {member_count:,} of high loyalty bring {sales} of member sales",
            member_count=high["member_count"],
            sales=share(high["sales"] / total),
        )
    return tr(
        "{where}, the typical pause pattern has k = {regularity:.1f} (1 = chance), and {steady:,} of {members} ({steady_share}) come "
        "clearly more regularly (k above 1.5){brought}.",
        where=where(view),
        regularity=measured["regularity"].median(),
        steady=steady,
        members=some(measured.height, "measured member"),
        steady_share=share(steady / measured.height),
        brought=brought,
    )


def _notes(view: View, members: pl.DataFrame, measured: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = []
    without = members.height - measured.height
    if without:
        text = tr(
            "Loyalty of {members} with fewer than {regular_gaps} pauses between shopping days.",
            members=some(without, "member"),
            regular_gaps=view.settings.activity.regular_gaps,
        )
        notes.append(Note(text, "NOT MEASURED"))
    if measured.height >= 30:
        days = measured["gap_count"].to_numpy()
        with_days = spearman(measured["loyalty_score"].to_numpy(), days)
        if with_days is not None:
            notes.append(
                tr(
                    "Rank correlation of the loyalty score with the number of shopping days: {correlation:.2f} (1 = frequency by another "
                    "name).",
                    correlation=with_days,
                )
            )
    notes.append(
        tr("The receipts start on {first_day}: older tenure is not seen, but for stated joining days.", first_day=view.first_day)
        if "joined_on" in view.population.columns
        else tr("The receipts start on {first_day}: older tenure is not seen.", first_day=view.first_day)
    )
    notes.append(tr("Share of wallet is not measured: what members buy elsewhere is not in the receipts."))
    return notes


def _by_tier(view: View, members: pl.DataFrame, measured: pl.DataFrame) -> Finding:
    judged = measured.filter(pl.col("against_card").is_not_null())
    if judged.is_empty():
        reason = (
            Note(tr("Fewer than two tiers have members with a measured loyalty."), "NOT MEASURED")
            if "tier" in view.population.columns
            else not_measured(view, "members", "tier", tr("tiers against behaviour"))
        )
        return Finding(
            headline=tr(
                "{where}, tiers against behaviour are not measured (n = {members}).",
                where=where(view),
                members=some(members.height, "member"),
            ),
            table=pl.DataFrame(schema={"tier": pl.String, "member_count": pl.Int64}),
            notes=[reason],
            ask_next=[("targeting.loyalty", {})],
        )
    counts = [(pl.col("against_card") == step).sum().cast(pl.Int64).alias(name) for step, name in zip(STEPS, _COUNTS, strict=True)]
    table = (
        members.with_columns(pl.col("tier").fill_null(tr("no tier")))
        .group_by("tier")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            pl.col("against_card").count().cast(pl.Int64).alias("judged_count"),
            *counts,
            view.major(pl.col("sales").sum()).alias("sales"),
            pl.col("sales").mean().alias("_each"),
        )
    )
    shares = [
        pl.when(pl.col("judged_count") > 0).then(pl.col(f"{name}_count") / pl.col("judged_count")).alias(f"{name}_share")
        for name in ("above", "below")
    ]
    table = (
        table.sort("_each", "tier", descending=[True, False]).drop("_each").with_columns(shares).select(pl.all().exclude("sales"), "sales")
    )
    table, few = hide_few(view, table, "sales")
    table, hidden = hide_few(view, table, *_COUNTS, "above_share", "below_share", count="judged_count")
    above, below = (int((judged["against_card"] == step).sum()) for step in (ABOVE, BELOW))
    headline = tr(
        "{where}, of {members} with a card and a measured loyalty, {above:,} ({above_share}) behave above their card and "
        "{below:,} ({below_share}) below it.",
        where=where(view),
        members=some(judged.height, "member"),
        above=above,
        above_share=share(above / judged.height),
        below=below,
        below_share=share(below / judged.height),
    )
    order = tr("Tiers are ranked by the mean spend of their members; the same number of cards of each kind is dealt out by behaviour.")
    return Finding(
        headline=headline,
        table=table,
        chart=lambda: _tier_chart(view, table),
        notes=[
            order,
            tr("Audiences: against_card = 'above their card', tier_by_behaviour."),
            *_notes(view, members, measured),
            *few,
            *hidden,
            sales_basis(view),
        ],
        ask_next=[("portrait.overview", {"audience": f"against_card = '{ABOVE}'"}), ("targeting.loyalty", {})],
        figures={"above_card_share": above / judged.height, "below_card_share": below / judged.height},
    )


_COUNTS = ("above_count", "as_count", "below_count")


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    shown = table.filter(pl.col("loyalty").is_in(LEVELS))
    total = max(float(table["sales"].sum() or 0), 1e-9)
    return measured_bars(
        shown.with_columns(pl.col("sales") / total),
        label="loyalty",
        measures={"member_share": tr("share of members"), "sales": tr("share of member sales")},
        n="member_count",
        title=tr("Members and sales by loyalty: {place}", place=view.place),
        subtitle=tr("{period}, n members beside each", period=view.period),
    )


def _tier_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.drop_nulls("above_share"),
        label="tier",
        measures={"above_share": word(ABOVE), "below_share": word(BELOW)},
        n="judged_count",
        title=tr("Behaviour against the card: {place}", place=view.place),
        subtitle=tr("up to {as_of}, n judged members beside each", as_of=view.as_of),
        value_title=tr("Share of judged members"),
    )
