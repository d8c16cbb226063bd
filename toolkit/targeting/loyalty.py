"""Loyalty: how steady, broad and lasting the members' custom is, and whether their card fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, word
from toolkit.models.calibration import spearman
from toolkit.portrait.measures.levels import LEVELS, in_order
from toolkit.portrait.measures.takings import takings
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import not_measured, sales_basis
from toolkit.scope.view import View
from toolkit.targeting.measures.loyal_traits import ABOVE, BELOW, STEPS, loyal_traits
from toolkit.targeting.measures.shares import known_share, share_text

if TYPE_CHECKING:
    import altair as alt

BY_LEVEL = c.table(
    "one row per level of loyalty that has members (medians of them)",
    c.text("loyalty"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.number("regularity", "Regularity (k)", "1 = pauses as by chance, more = steadier"),
    c.index("breadth_index", "Breadth (1 = usual)", "categories over those of members with as many shopping days"),
    c.share("months_active_share", "Months with an order", "of the months since the first order"),
    c.days("tenure_days", "Tenure, days"),
    c.count("order_count", "Orders", "of the period in the scope"),
    c.money("sales", "Sales", "of the period in the scope"),
    c.text("who", "As an audience", "an audience's expression"),
)
BY_TIER = c.table(
    "one row per tier, the highest mean spend first",
    c.text("tier"),
    c.members(),
    c.members("judged_count", "Judged", "with a measured loyalty"),
    c.members("above_count", "Above their card"),
    c.members("as_count", "As their card"),
    c.members("below_count", "Below their card"),
    c.share("above_share", "Share above", "of the judged", hidden_by="above_count"),
    c.share("below_share", "Share below", "of the judged", hidden_by="below_count"),
    c.money("sales", "Sales"),
)


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
    tables=(BY_LEVEL, BY_TIER),
    figures=(
        c.number("regularity", "Regularity (k)"),
        c.share("above_card_share", "Share above their card"),
        c.share("below_card_share", "Share below their card"),
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
    by_level = members.group_by(pl.col("loyalty_level").alias("loyalty")).agg(
        pl.len().alias("member_count"),
        (pl.len() / members.height).alias("member_share"),
        pl.col("regularity", "breadth_index", "months_active_share", "tenure_days").median(),
        pl.col("order_count").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
        pl.format("loyalty_level = '{}'", pl.col("loyalty_level").first()).fill_null("loyalty_level IS NULL").alias("who"),
    )
    shown = BY_LEVEL.of(in_order(by_level, "loyalty"), view)
    enough = measured.height >= view.least
    return Finding(
        headline=_headline(view, shown, members.height, measured),
        table=shown,
        chart=(lambda: _chart(view, shown.frame)) if measured.height else None,
        notes=[*_notes(view, members, measured), sales_basis(view)],
        ask_next=[("targeting.loyalty", {"by": "tier"})] * bool("tier" in view.population.columns) + [("targeting.activity", {})],
        figures={"regularity": float(measured["regularity"].median()) if enough else None},  # type: ignore[arg-type]
    )


def _headline(view: View, shown: AnswerTable, member_count: int, measured: pl.DataFrame) -> str:
    if measured.height < view.least:
        return view.say(
            "{where}, loyalty is not measured: {measured:few} of {members:member} have {activity.regular_gaps} pauses between shopping "
            "days.",
            measured=measured.height, members=member_count,
        )  # fmt: skip
    high, sales = shown.find(loyalty="high"), float(shown.frame["sales"].sum())
    steady = int((measured["regularity"] > 1.5).sum())
    return view.say(
        "{where}, the typical pause pattern has k = {typical:.1f} (1 = chance), and {steady:few} of {measured:measured member}"
        "[ ({steady_share})] come clearly more regularly (k above 1.5)[; the {member_count} of high loyalty bring {high_share:share} of "
        "member sales].",
        high, typical=measured["regularity"].median(), steady=steady, measured=measured.height,
        steady_share=share_text(known_share(view, steady, measured.height)), member_count=high and high["member_count"],
        high_share=high["sales"] / sales if high and high["sales"] and sales > 0 else None,
    )  # fmt: skip


def _notes(view: View, members: pl.DataFrame, measured: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = []
    without = members.height - measured.height
    if without:
        text = view.say(
            "Loyalty of {without:member} with fewer than {activity.regular_gaps} pauses between shopping days.", without=without
        )
        notes.append(Note(text, "NOT MEASURED"))
    correlation = spearman(measured["loyalty_score"].to_numpy(), measured["gap_count"].to_numpy()) if measured.height >= 30 else None
    if correlation is not None:
        notes.append(
            view.say(
                "Rank correlation of the loyalty score with the number of shopping days: {correlation:.2f} (1 = frequency by another "
                "name).",
                correlation=correlation,
            )
        )
    is_stated = "joined_on" in view.population.columns
    return [
        *notes,
        view.say(
            "The receipts start on {first_day}: older tenure is not seen[is_stated?, but for stated joining days].",
            first_day=view.first_day, is_stated=is_stated,
        ),
        tr("Share of wallet is not measured: what members buy elsewhere is not in the receipts."),
    ]  # fmt: skip


def _by_tier(view: View, members: pl.DataFrame, measured: pl.DataFrame) -> Finding:
    judged = measured.drop_nulls("against_card").height
    if not judged:
        headline = view.say("{where}, tiers against behaviour are not measured (n = {members:member}).", members=members.height)
        no_column = not_measured(view, "members", "tier", tr("tiers against behaviour")).text
        has_tiers = "tier" in view.population.columns
        reason = tr("Fewer than two tiers have members with a measured loyalty.") if has_tiers else no_column
        return unmeasured(BY_TIER, headline, reason, ask_next=[("targeting.loyalty", {})])
    above, as_card, below = ((pl.col("against_card") == step).sum() for step in STEPS)
    by_tier = members.group_by(pl.col("tier").fill_null(tr("no tier"))).agg(
        pl.len().alias("member_count"),
        pl.col("against_card").count().alias("judged_count"),
        above.alias("above_count"),
        as_card.alias("as_count"),
        below.alias("below_count"),
        (above / pl.col("against_card").count()).fill_nan(None).alias("above_share"),
        (below / pl.col("against_card").count()).fill_nan(None).alias("below_share"),
        view.major(pl.col("sales").sum()).alias("sales"),
        pl.col("sales").mean().alias("each"),
    )
    shown = BY_TIER.of(by_tier.sort("each", "tier", descending=[True, False]).drop("each"), view)
    above_count, below_count = (int((measured["against_card"] == step).sum()) for step in (ABOVE, BELOW))
    above_share, below_share = (known_share(view, count, judged) for count in (above_count, below_count))
    return Finding(
        headline=view.say(
            "{where}, of {judged:member} with a card and a measured loyalty, {above:few}[ ({above_share})] behave above their card and "
            "{below:few}[ ({below_share})] below it.",
            judged=judged, above=above_count, above_share=share_text(above_share), below=below_count, below_share=share_text(below_share),
        ),
        table=shown,
        chart=lambda: _tier_chart(view, shown.frame),
        notes=[
            tr("Tiers are ranked by the mean spend of their members; the same number of cards of each kind is dealt out by behaviour."),
            tr("Audiences: against_card = 'above their card', tier_by_behaviour."),
            *_notes(view, members, measured),
            sales_basis(view),
        ],
        ask_next=[("portrait.overview", {"audience": f"against_card = '{ABOVE}'"}), ("targeting.loyalty", {})],
        figures={"above_card_share": above_share, "below_card_share": below_share},
    )  # fmt: skip


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    total = max(float(table["sales"].sum() or 0), 1e-9)
    return measured_bars(
        table.filter(pl.col("loyalty").is_in(LEVELS)).with_columns(pl.col("sales") / total),
        label="loyalty",
        measures={"member_share": tr("share of members"), "sales": tr("share of member sales")},
        n="member_count",
        title=view.say("Members and sales by loyalty: {place}"),
        subtitle=view.say("{period}, n members beside each"),
    )


def _tier_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.filter(pl.any_horizontal(pl.col("above_share", "below_share").is_not_null())),
        label="tier",
        measures={"above_share": word(ABOVE), "below_share": word(BELOW)},
        n="judged_count",
        title=view.say("Behaviour against the card: {place}"),
        subtitle=view.say("up to {as_of}, n judged members beside each"),
        value_title=tr("Share of judged members"),
    )
