"""Price sensitivity: promo dependence and coupon affinity, two traits that are never merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.heatmap import heatmap
from toolkit.charts.histogram import histogram
from toolkit.language import later, tr
from toolkit.models.shrinkage import estimate_kappa, shrink
from toolkit.portrait.measures.levels import LEVELS, UNKNOWN, bins, in_order, level
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.portrait.model_reasons import reason_text
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, sales_basis, spoken, where
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


def sensitivity_traits(view: View) -> pl.DataFrame:
    """Return the two traits by member of the chain: one row per member (`member_code`).

    Columns: `shopping_days` (d, the days both rest on); `promo_dependence` (share of spend bought on discount, 0..1) and `coupon_affinity`
    (share of shopping days with a coupon, 0..1), each `w * own + (1 - w) * expected` with `w = d / (d + kappa)`, expected = what members
    with as many shopping days show; `promo_raw`, `coupon_raw` (the member's own share); `promo_level`, `coupon_level` (low, mid, high
    against the shop's own members, ties together). Null where the shop's lines have no such column, and for members without a shopping day.

    Source: DEFINITIONS.md section 1; kappa from odd and even days, see `toolkit.models.shrinkage.estimate_kappa`.
    """
    return view.chainwide("price_sensitivity", _sensitivity_traits, "sensitivity")


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
    return traits


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
            found = estimate_kappa(view.population, trait=trait.stem, **least)
            kappa = settings.kappa_default if found.value is None else found.value
            rows.append((trait.name, kappa, found.member_count, reason_text(found.reason) or None))
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
)
def price_sensitivity(view: View) -> Finding:
    """Return promo dependence against coupon affinity: one row per pair of levels.

    Promo dependence is the share of a member's spend bought on discount; coupon affinity the share of their shopping days with a coupon.
    They are two traits: the first foretells what share they will buy on discount, the second who redeems a coupon. Both are pulled towards
    what members with as many shopping days show, and levels (low, mid, high) are against the chain's own members. Elasticity of a single
    member is not given: measured on the Complete Journey it foretells nothing (AUC .50).

    Returns
    -------
    Answer
        Table columns: `promo_level`, `coupon_level` (only those that can be measured); `member_count`, `member_share` (0..1);
        `order_count`, `sales` (currency units), `sales_share` of the period; means over the members of `promo_dependence`,
        `coupon_affinity` (0..1) and the median `shopping_days` (d) they rest on. A missing `discount_amount` or `coupon_amount` column of
        the lines is named in the notes.

    Example
    -------
    >>> tk.portrait.price_sensitivity(ws, store_id="367").headline     # doctest: +SKIP
    """
    measured = [trait for trait in TRAITS if view.has_column("lines", trait.source)]
    members = view.members.select("member_code").join(sensitivity_traits(view), on="member_code", how="left", maintain_order="left")
    members = members.join(takings(view), on="member_code", maintain_order="left")
    table = _table(view, members, measured)
    known = [trait for trait in measured if members[trait.name].null_count() < members.height]
    figures = {trait.name: float(members[trait.name].mean()) for trait in known}  # type: ignore[arg-type]
    return Finding(
        headline=_headline(view, members, known, table),
        table=table,
        chart=(lambda: _chart(view, members, table, known)) if known else None,
        notes=_notes(view, members, measured),
        ask_next=[("portrait.spending_power", {}), ("portrait.habits", {})],
        figures=figures,
    )


def _table(view: View, members: pl.DataFrame, measured: list[Trait]) -> pl.DataFrame:
    groups = [f"{trait.stem}_level" for trait in measured]
    means = [pl.col(trait.name).mean() for trait in measured] + [pl.col("shopping_days").median()]
    if not groups:
        members, groups = members.with_columns(pl.lit(UNKNOWN).alias("promo_level")), ["promo_level"]
    held = by_group(view, members, *groups)
    return in_order(held.join(members.group_by(groups).agg(means), on=groups, nulls_equal=True), *groups)


def _headline(view: View, members: pl.DataFrame, known: list[Trait], table: pl.DataFrame) -> str:
    if not known:
        n = wording.some(members.height, "member")
        return tr("{where}, price sensitivity is not measured (n = {n}); the notes say what is missing.", where=where(view), n=n)
    first, *others = (_sentence(members, trait) for trait in known)
    said = tr("{promo} and {coupon}", promo=first, coupon=others[0]) if others else first
    whole = view.scope.audience is None
    text = (
        tr("{where}, members {said}", where=where(view), said=said) if whole else tr("{where}, they {said}", where=where(view), said=said)
    )
    if len(known) == 2:
        both = table.filter((pl.col("promo_level") == "high") & (pl.col("coupon_level") == "high"))
        count = int(both["member_count"].sum())
        share = float(both["sales_share"].sum()) if both["sales_share"].null_count() == 0 else None
        sales = tr(" and bring {share} of the sales to members", share=wording.share(share)) if share is not None and count else ""
        text += tr(
            "; {members} ({member_share}) are high in both{sales}",
            members=wording.some(count, "member"),
            member_share=wording.share(count / members.height),
            sales=sales,
        )
    measured = members.height - members[known[0].name].null_count()
    return tr("{text} (n = {members}).", text=text, members=wording.some(measured, "member"))


def _sentence(members: pl.DataFrame, trait: Trait) -> str:
    mean = wording.share(float(members[trait.name].mean()))  # type: ignore[arg-type]
    return (
        tr("buy {mean} of their spend on discount", mean=mean)
        if trait is PROMO
        else tr("use a coupon on {mean} of their shopping days", mean=mean)
    )


def _notes(view: View, members: pl.DataFrame, measured: list[Trait]) -> list[str | Note]:
    notes: list[str | Note] = [not_measured(view, "lines", trait.source, _described(trait)) for trait in TRAITS if trait not in measured]
    if not measured:
        return notes
    notes.append(tr("Means are of members, each counting once. {sales_basis}", sales_basis=sales_basis(view)))
    notes += [_kappa_note(found) for found in kappas(view).iter_rows(named=True)]
    settings = view.settings.sensitivity
    notes.append(
        tr(
            "Levels are against all members of the chain: low below the {low_share:.0%} quantile, high above the "
            "{high_share:.0%} quantile. The two traits are kept apart: coupons are redeemed by those who use coupons, "
            "not by those who buy on discount.",
            low_share=settings.low_share,
            high_share=settings.high_share,
        )
    )
    notes.append(
        tr(
            "No price elasticity is given for single members: one member's receipts do not tell it from noise (AUC .50 "
            "on Complete Journey)."
        )
    )
    without = int((members["shopping_days"].fill_null(0) == 0).sum())
    if without:
        notes.append(
            Note(
                tr(
                    "{members} of {all:,} have no shopping day (returns alone).",
                    members=wording.some(without, "member"),
                    all=members.height,
                ),
                "NOT MEASURED",
            )
        )
    return notes


def _described(trait: Trait) -> str:
    return tr("{trait} ({meaning})", trait=tr(trait.words), meaning=tr(trait.meaning))


def _kappa_note(found: dict[str, Any]) -> Note:
    words = {trait.name: trait.words for trait in TRAITS}[found["trait"]]
    pulled = tr(
        "{trait} is pulled towards members with as many shopping days by w = d / (d + {kappa:.1f})",
        trait=tr(words).capitalize(),
        kappa=found["kappa"],
    )
    if found["assumed"] is None:
        return Note(
            tr(
                "{pulled}; kappa from the odd and even days of {members}.",
                pulled=pulled,
                members=wording.some(found["member_count"], "member"),
            )
        )
    return Note(
        tr(
            "{pulled}; this kappa is assumed (setting sensitivity.kappa_default), since {assumed}.", pulled=pulled, assumed=found["assumed"]
        ),
        "REVIEW",
    )


def _chart(view: View, members: pl.DataFrame, table: pl.DataFrame, known: list[Trait]) -> alt.Chart | alt.LayerChart:
    n = wording.some(members.height, "member")
    if len(known) == 2:
        return heatmap(
            table.filter(pl.col("promo_level").is_in(LEVELS) & pl.col("coupon_level").is_in(LEVELS)),
            column="coupon_level", row="promo_level", value="member_count", n="order_count", kind="count", value_title=tr("Members"),
            column_title=tr("Coupon affinity"), row_title=tr("Promo dependence"),
            column_order=list(LEVELS), row_order=list(reversed(LEVELS)),
            title=tr("Promo dependence and coupon affinity: {place}", place=view.place), subtitle=f"n = {n}",
        )  # fmt: skip
    (trait,) = known
    return histogram(
        bins(members[trait.name], most=20), low="low", high="high", count="member_count", kind="share",
        x_title=tr(trait.meaning).capitalize(), title=tr("{trait}: {place}", trait=tr(trait.words).capitalize(), place=view.place),
        subtitle=tr("n = {members}; the last bar holds everyone above", members=n),
        marks={"mean": float(members[trait.name].mean())},  # type: ignore[arg-type]
    )  # fmt: skip
