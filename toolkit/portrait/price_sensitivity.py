"""Price sensitivity: promo dependence and coupon affinity, two traits that are never merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.heatmap import heatmap
from toolkit.charts.histogram import histogram
from toolkit.columns import AnswerTable
from toolkit.expressions import BASIS_POINTS
from toolkit.language import later, tr
from toolkit.models.shrinkage import estimate_kappa, shrink, shrunk_pace
from toolkit.portrait.measures.levels import LEVELS, UNKNOWN, in_order, level, shown_bins
from toolkit.portrait.measures.model_reasons import reason_text
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, sales_basis, spoken
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Trait:
    """One of the two traits: where it comes from and what it is called."""

    name: str
    source: str  # column of the lines without which it is not measured
    stem: str  # of its columns in the mart
    words: str
    meaning: str


PROMO = Trait("promo_dependence", "discount_amount", "promo", later("promo dependence"), later("share of spend bought on discount"))
COUPON = Trait("coupon_affinity", "coupon_amount", "coupon", later("coupon affinity"), later("share of shopping days with a coupon"))
TRAITS = (PROMO, COUPON)
_PACE_DAYS = 28

PAIRS = c.table(
    "one row per pair of levels that has members",
    c.text("promo_level", "Promo level", null="the lines have no `discount_amount`"),
    c.text("coupon_level", "Coupon level", null="the lines have no `coupon_amount`"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.count("order_count", "Orders", "of the period"),
    c.money("sales", "Sales", "of the period"),
    c.share("sales_share", "Share of sales", "of the period", null="members bought nothing"),
    c.share("promo_dependence", "Promo dependence", "mean of the members", null="not measured"),
    c.share("coupon_affinity", "Coupon affinity", "mean of the members", null="not measured"),
    c.share("discount_share", "Saved by discounts", "of the shelf price, mean of the members", null="not measured"),
    c.number("coupon_days_28d", "Coupon days in 28 days", "mean of the members", null="not measured"),
    c.days("shopping_days", "Shopping days", "that the two rest on, median of the members"),
)


def sensitivity_traits(view: View) -> pl.DataFrame:
    """Return the two traits by member of the chain: one row per member (`member_code`).

    Columns: `shopping_days` (d, the days both rest on); `promo_dependence` (share of spend bought on discount, 0..1) and `coupon_affinity`
    (share of shopping days with a coupon, 0..1), each `w * own + (1 - w) * expected` with `w = d / (d + kappa)`, expected = what members
    with as many shopping days show; `promo_raw`, `coupon_raw` (the member's own share); `promo_level`, `coupon_level` (low, mid, high
    against the shop's own members, ties together); `discount_share` (what discounts took off the shelf price of all they bought, 0..1,
    drawn to the shop's as promo dependence is) and `coupon_days_28d` (shopping days with a coupon in 28 days since the first order, drawn
    to the shop's pace): what tells best how much they will save, and who will redeem. Null where the shop's lines have no such column, and
    for members without a shopping day.

    Source: DEFINITIONS.md section 1; kappa from odd and even days, see `toolkit.models.shrinkage.estimate_kappa`.
    """
    return view.chainwide("member_price_sensitivity", _sensitivity_traits, "sensitivity")


def _sensitivity_traits(view: View) -> pl.DataFrame:
    settings, members = view.settings.sensitivity, view.population
    traits = members.select("member_code", pl.col("day_count").cast(pl.Int64).alias("shopping_days"))
    for trait in TRAITS:
        empty = [pl.lit(None, pl.Float64).alias(name) for name in (trait.name, f"{trait.stem}_raw")]
        if not view.has_column("lines", trait.source):
            traits = traits.with_columns(*empty, pl.lit(None, pl.String).alias(f"{trait.stem}_level"))
            continue
        own = members.with_columns((pl.col("promo_amount") / pl.col("amount")).clip(0, 1).alias("own_share"))
        kappa = kappas(view).filter(pl.col("trait") == trait.name)["kappa"][0]
        shrunk = shrink(own, trait=trait.stem, kappa=kappa, raw="own_share" if trait is PROMO else None)
        known = pl.col(f"{trait.stem}_days") > 0
        columns = shrunk.select(
            pl.when(known).then(f"{trait.stem}_share").alias(trait.name),
            pl.col(f"{trait.stem}_raw"),
        )
        traits = pl.concat([traits, columns], how="horizontal").with_columns(
            level(trait.name, settings.low_share, settings.high_share).alias(f"{trait.stem}_level")
        )
    return traits.with_columns(_discount_share(view).alias("discount_share"), _coupon_days(view).alias("coupon_days_28d"))


def _discount_share(view: View) -> pl.Series:
    """What discounts took off the shelf price of each member's goods; drawn to the shop's by kappa of promo dependence, which is close."""
    members = view.population
    if not view.has_column("lines", PROMO.source):
        return pl.Series([None] * members.height, dtype=pl.Float64)
    kappa = kappas(view).filter(pl.col("trait") == PROMO.name)["kappa"][0]
    own = members.with_columns((pl.col("discount_amount") / (pl.col("amount") + pl.col("discount_amount"))).clip(0, 1).alias("own_share"))
    shrunk = shrink(own, trait=PROMO.stem, kappa=kappa, raw="own_share")
    return shrunk.select(pl.when(pl.col("promo_days") > 0).then("promo_share")).to_series()


def _coupon_days(view: View) -> pl.Series:
    """Shopping days with a coupon in 28 days, of members with a shopping day; who redeems does so in the course of time, not of visits."""
    members = view.population
    if not view.has_column("lines", COUPON.source):
        return pl.Series([None] * members.height, dtype=pl.Float64)
    days = members.select((pl.col("coupon_bp_odd") + pl.col("coupon_bp_even")).fill_null(0) // BASIS_POINTS).to_series()
    known = (pl.lit(view.as_of) - pl.col("first_ordered_on")).dt.total_days() + 1
    periods = members.select((known / _PACE_DAYS).fill_null(0)).to_series()
    pace = pl.Series(shrunk_pace(days.to_numpy(), periods.to_numpy()))
    return pl.select(pl.when(periods > 0).then(pace.fill_nan(None))).to_series()


def kappas(view: View) -> pl.DataFrame:
    """Return how many shopping days weigh as much as knowing only the chain: one row per trait that can be measured.

    Columns: `trait`, `kappa` (days; the assumed one where it cannot be estimated), `member_count` (it rests on), `assumed` (why it is
    assumed; null where it was estimated).
    """
    return view.chainwide(spoken("price_sensitivity_kappa"), _kappas, "sensitivity")


def _kappas(view: View) -> pl.DataFrame:
    settings, rows = view.settings.sensitivity, []
    for trait in TRAITS:
        if view.has_column("lines", trait.source):
            least = {"minimum_members": settings.kappa_minimum_members, "minimum_days": settings.kappa_minimum_days}
            estimate = estimate_kappa(view.population, trait=trait.stem, **least)
            kappa = settings.kappa_default if estimate.value is None else estimate.value
            rows.append((trait.name, kappa, estimate.member_count, reason_text(estimate.reason) or None))
    columns = {"trait": pl.String, "kappa": pl.Float64, "member_count": pl.Int64, "assumed": pl.String}
    return pl.DataFrame(rows, schema=columns, orient="row")


@question(
    "portrait",
    "How price sensitive are our members?",
    words=(
        "who buys on promotion, who waits for discounts",
        "who uses coupons, coupon affinity, promo dependence",
        "deal seekers, bargain hunters, price elasticity",
        "价格敏感 促销 优惠券",
    ),
    tables=PAIRS,
    figures=(c.share("promo_dependence", "Promo dependence"), c.share("coupon_affinity", "Coupon affinity")),
)
def price_sensitivity(view: View) -> Finding:
    """Return promo dependence against coupon affinity: one row per pair of levels.

    Promo dependence is the share of a member's spend bought on discount; coupon affinity the share of their shopping days with a coupon.
    They are two traits, both pulled towards what members with as many shopping days show; levels (low, mid, high) are against the chain's
    own members. Beside them stand what discounts took off the shelf price, which foretells best how much members will save, and coupon days
    in 28 days, which foretells best who redeems a coupon; a note says how well. Elasticity of a single
    member is not given: measured on the Complete Journey it foretells nothing (AUC .50).

    Example
    -------
    >>> tk.portrait.price_sensitivity(ws, store_id="367").headline     # doctest: +SKIP
    """
    measured = [trait for trait in TRAITS if view.has_column("lines", trait.source)]
    members = view.members.select("member_code").join(sensitivity_traits(view), on="member_code", how="left", maintain_order="left")
    members = members.join(takings(view), on="member_code", maintain_order="left")
    shown = PAIRS.of(_frame(view, members, measured), view)
    means = {trait: float(members[trait.name].mean()) for trait in measured if members[trait.name].count() >= view.least}  # type: ignore[arg-type]
    return Finding(
        headline=_headline(view, members, means, shown),
        table=shown,
        chart=(lambda: _chart(view, members, shown.frame, means)) if means else None,
        notes=_notes(view, members, measured),
        ask_next=[("portrait.spending_power", {}), ("portrait.habits", {})],
        figures={trait.name: mean for trait, mean in means.items()},
    )


def _frame(view: View, members: pl.DataFrame, measured: list[Trait]) -> pl.DataFrame:
    groups = [f"{trait.stem}_level" for trait in measured] or ["promo_level"]
    if not measured:
        members = members.with_columns(pl.lit(UNKNOWN).alias("promo_level"))
    paces = pl.col("discount_share", "coupon_days_28d").mean()
    means = members.group_by(groups).agg(*[pl.col(trait.name).mean() for trait in measured], paces, pl.col("shopping_days").median())
    return in_order(by_group(view, members, *groups).join(means, on=groups, nulls_equal=True), *groups)


def _headline(view: View, members: pl.DataFrame, means: Mapping[Trait, float], shown: AnswerTable) -> str:
    if not means:
        return view.say("{where}, price sensitivity is not measured (n = {all:member}); the notes say what is missing.", all=members.height)
    both = shown.find(promo_level="high", coupon_level="high") or {"member_count": 0, "member_share": 0.0, "sales_share": None}
    return view.say(
        "{where}, [whole?members|they] [promo?buy {promo_mean:share} of their spend on discount][two? and ][coupon?use a coupon on "
        "{coupon_mean:share} of their shopping days][two?; {member_count:member}[told? ({member_share:share})] are high in both[sold? and "
        "bring {sales_share:share} of the sales to members]] (n = {measured:member}).",
        both, whole=view.scope.audience is None, two=len(means) == 2, promo=PROMO in means, promo_mean=means.get(PROMO),
        coupon=COUPON in means, coupon_mean=means.get(COUPON), told=both["member_share"] is not None,
        sold=bool(both["member_count"]) and both["sales_share"] is not None, measured=members[next(iter(means)).name].count(),
    )  # fmt: skip


def _notes(view: View, members: pl.DataFrame, measured: list[Trait]) -> list[str | Note]:
    notes: list[str | Note] = [
        not_measured(view, "lines", trait.source, view.say("{trait} ({meaning})", trait=tr(trait.words), meaning=tr(trait.meaning)))
        for trait in TRAITS
        if trait not in measured
    ]
    if not measured:
        return notes
    words = {trait.name: tr(trait.words).capitalize() for trait in TRAITS}
    notes.append(view.say("Means are of members, each counting once. {sales_basis}", sales_basis=sales_basis(view)))
    notes += [
        Note(
            view.say(
                "{trait} is pulled towards members with as many shopping days by w = d / (d + {kappa:.1f}); [this kappa is assumed "
                "(setting sensitivity.kappa_default), since {assumed}|kappa from the odd and even days of {member_count:member}].",
                row, trait=words[row["trait"]],
            ),
            "REVIEW" if row["assumed"] else None,
        )
        for row in kappas(view).iter_rows(named=True)
    ]  # fmt: skip
    notes += [
        view.say(
            "Levels are against all members of the chain: low below the {sensitivity.low_share:.0%} quantile, high above the "
            "{sensitivity.high_share:.0%} quantile. The two traits are kept apart: coupons are redeemed by those who use coupons, not by "
            "those who buy on discount."
        ),
        tr(
            "What they foretell, measured on the Complete Journey from one half-year to the next, members with 50 lines: what discounts "
            "took off the shelf price foretells the same share (rank correlation .73; promo dependence .47); promo dependence the share of "
            "spend bought on discount (.66). Who redeems a coupon among those addressed: coupon days in 28 days (AUC .77; coupon "
            "affinity .74)."
        ),
        tr(
            "No price elasticity is given for single members: one member's receipts do not tell it from noise (AUC .50 "
            "on Complete Journey)."
        ),
    ]
    without = int((members["shopping_days"].fill_null(0) == 0).sum())
    if without:
        missing = view.say("{without:member} of {all:,} have no shopping day (returns alone).", without=without, all=members.height)
        notes.append(Note(missing, "NOT MEASURED"))
    return notes


def _chart(view: View, members: pl.DataFrame, table: pl.DataFrame, means: Mapping[Trait, float]) -> alt.Chart | alt.LayerChart:
    if len(means) == 2:
        return heatmap(
            table.filter(pl.col("promo_level").is_in(LEVELS) & pl.col("coupon_level").is_in(LEVELS)),
            column="coupon_level", row="promo_level", value="member_count", n="order_count", kind="count", value_title=tr("Members"),
            column_title=tr("Coupon affinity"), row_title=tr("Promo dependence"),
            column_order=list(LEVELS), row_order=list(reversed(LEVELS)),
            title=view.say("Promo dependence and coupon affinity: {place}"), subtitle=view.say("n = {all:member}", all=members.height),
        )  # fmt: skip
    ((trait, mean),) = means.items()
    return histogram(
        shown_bins(view, members[trait.name], most=20), low="low", high="high", count="member_count", kind="share",
        x_title=tr(trait.meaning).capitalize(), title=view.say("{trait}: {place}", trait=tr(trait.words).capitalize()),
        subtitle=view.say("n = {all:member}; the last bar holds everyone above", all=members.height), marks={"mean": mean},
    )  # fmt: skip
