"""Personas and niches: graded taste flags per category, and the named readings of baskets made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.language import tr, value, word
from toolkit.portrait.measures.basket_groups import groups_finding
from toolkit.portrait.measures.persona_rules import PersonaRules
from toolkit.portrait.measures.takings import takings
from toolkit.portrait.measures.tastes import measured_members, persona_groups, personas_of, rules_of, taste_flags
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis, where
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

NOBODY = value("no persona")
MOST_TASTES = 50
"""Rows of the table of tastes: beyond them a category has few members with its flag."""


@question(
    "portrait",
    "What kinds of shoppers are our members?",
    words=(
        "personas, niches, tastes, what are members fond of",
        "which categories do members buy more often than others",
        "family with a baby, pet owners, cooks, healthy eaters",
        "taste flags by category",
        "clusters, groups of members with similar baskets",
        "画像 偏好 小众",
    ),
)
def personas(view: View, *, by: Literal["persona", "taste", "group"] = "persona") -> Finding:
    """Return personas, or the tastes they are made of: one row per persona or per category.

    A taste flag says that a member buys a category clearly more often than the shop's members do: the lower limit of days with the category
    over days expected is above 1.5 (settings personas.*). A persona is a named set of flags; a member may have several, or none. It is a
    reading of baskets, not a fact about a person. Flags are the members' own across the chain, over all their receipts.

    Parameters
    ----------
    by
        `persona` (rules of the setting personas.persona_rules, or the built-in ones), `taste` (categories by number of flags), or `group`
        (four groups of members by what they spend on; named only if resampled members give the same groups, else `not stable`).

    Returns
    -------
    Answer
        Table columns: `persona`, `meaning`, `member_count`, `member_share` (0..1 of the members measured), `sales` (currency units) and
        `sales_share` of the period (a member in two personas counts in both), `category_count` (the shop's categories that the rule found).
        With `by="taste"`: `category`, `department`, `member_count`, `member_share`, `taste_index` (median over those members: how many
        times as often as expected), `spend` (currency units) of those members in the category over all receipts, and its `spend_share` of
        what all members in scope spend there.

    Notes
    -----
    Lower limit of Gamma(2 + x, 2 + E): DEFINITIONS.md section 1; DuMouchel, American Statistician 53 (1999), 177-190.

    Example
    -------
    >>> tk.portrait.personas(ws, by="taste").table                     # doctest: +SKIP
    """
    if by == "group":
        return groups_finding(view)
    rules = rules_of(view)
    measured = measured_members(view).select("member_code")
    if measured.is_empty():
        return _unmeasured(view)
    flags = taste_flags(view).join(measured, on="member_code", how="semi")
    members = takings(view).join(measured, on="member_code", how="semi", maintain_order="left")
    fits = personas_of(view, rules).join(measured, on="member_code", how="semi")
    table = _taste_table(view, flags, measured.height) if by == "taste" else _persona_table(view, rules, fits, members)
    figures = {
        "flags_per_member": flags.height / measured.height,
        "persona_member_share": fits["member_code"].n_unique() / measured.height,
    }
    return Finding(
        headline=_taste_headline(view, table, flags, measured.height) if by == "taste" else _headline(view, table, fits, measured.height),
        table=table,
        chart=lambda: _chart(view, table, by, measured.height),
        notes=_notes(view, rules, measured.height),
        ask_next=[("portrait.personas", {"by": "taste" if by == "persona" else "persona"}), ("portrait.habits", {"by": "category"})],
        figures=figures,
    )


def _persona_table(view: View, rules: PersonaRules, fits: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    total = int(members["sales"].sum())
    found = persona_groups(view, rules).group_by("persona").agg(pl.col("category_code").n_unique().cast(pl.Int64).alias("category_count"))
    named = pl.DataFrame([(p.name, p.meaning) for p in rules.personas], schema={"persona": pl.String, "meaning": pl.String}, orient="row")
    without = members.join(fits, on="member_code", how="anti").with_columns(pl.lit(NOBODY).alias("persona"))
    with_persona = fits.select("member_code", "persona").join(members, on="member_code")
    held = (
        pl.concat([with_persona, without], how="diagonal")
        .group_by("persona")
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("sales").sum())
    )
    table = (
        pl.concat([named, pl.DataFrame({"persona": [NOBODY], "meaning": [value("no set of tastes clear enough")]})])
        .join(held, on="persona", how="left", maintain_order="left")
        .join(found, on="persona", how="left", maintain_order="left")
        .with_columns(pl.col("member_count", "sales", "category_count").fill_null(0))
    )
    share = pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)
    table = table.select(
        "persona",
        "meaning",
        "member_count",
        (pl.col("member_count") / members.height).alias("member_share"),
        view.major("sales").alias("sales"),
        share.alias("sales_share"),
        "category_count",
    )
    return table.sort(pl.col("persona") == NOBODY, "member_count", "persona", descending=[False, True, False])


def _taste_table(view: View, flags: pl.DataFrame, n: int) -> pl.DataFrame:
    all_spend = view.member_category.group_by("category_code").agg(pl.col("amount").sum().alias("all_spend")).collect()
    tastes = flags.group_by("category_code").agg(
        pl.len().cast(pl.Int64).alias("member_count"), pl.col("index").median().alias("taste_index"), pl.col("amount").sum().alias("spend")
    )
    return (
        tastes.join(all_spend, on="category_code", how="left")
        .join(view.categories.select("category_code", "category", "department"), on="category_code")
        .sort("member_count", "category", descending=[True, False])
        .head(MOST_TASTES)
        .select(
            "category",
            "department",
            "member_count",
            (pl.col("member_count") / n).alias("member_share"),
            "taste_index",
            view.major("spend").alias("spend"),
            pl.when(pl.col("all_spend") > 0).then(pl.col("spend") / pl.col("all_spend")).alias("spend_share"),
        )
    )


def _headline(view: View, table: pl.DataFrame, fits: pl.DataFrame, n: int) -> str:
    found = table.filter((pl.col("persona") != NOBODY) & (pl.col("member_count") > 0))
    if found.is_empty():
        return tr(
            "{where}, no persona fits any of {members}: the notes say which rules found categories here.",
            where=where(view),
            members=wording.some(n, "member"),
        )
    first = found.row(0, named=True)
    sales = (
        tr(" and brings {sales_share} of their sales", sales_share=wording.share(first["sales_share"]))
        if first["sales_share"] is not None
        else ""
    )
    return tr(
        "{where}, the baskets of {matched:,} of {members} match a persona; the most common, '{persona}', fits "
        "{fitting} ({member_share}){sales}.",
        where=where(view),
        matched=fits["member_code"].n_unique(),
        members=wording.some(n, "member"),
        persona=word(first["persona"]),
        fitting=wording.some(first["member_count"], "member"),
        member_share=wording.share(first["member_share"]),
        sales=sales,
    )


def _taste_headline(view: View, table: pl.DataFrame, flags: pl.DataFrame, n: int) -> str:
    if table.is_empty():
        return tr(
            "{where}, none of {members} buys a category clearly more often than the others do.",
            where=where(view),
            members=wording.some(n, "member"),
        )
    first = table.row(0, named=True)
    having = tr("{having:,} of {members} have a clear taste", having=flags["member_code"].n_unique(), members=wording.some(n, "member"))
    return tr(
        "{where}, {having}, {tastes:.1f} each on average; the most common is {category}: {members} buy it about "
        "{taste_index:.1f} times as often as others do.",
        where=where(view),
        having=having,
        tastes=flags.height / n,
        category=first["category"],
        members=wording.some(first["member_count"], "member"),
        taste_index=first["taste_index"],
    )


def _notes(view: View, rules: PersonaRules, n: int) -> list[str | Note]:
    settings = view.settings.personas
    notes: list[str | Note] = [
        tr("A persona is a reading of baskets, not a fact about a person: never tell a member what they are."),
        tr(
            "A flag needs the {confidence:.0%} lower limit of Gamma({prior:g} + x, {prior:g} + E) above {limit:g}, x = days with the "
            "category, E = days expected with the tastes of all members.",
            confidence=settings.flag_confidence,
            prior=settings.flag_prior,
            limit=settings.flag_lower_limit,
        ),
        tr("{sales_basis} A member may have several personas, so the rows add up to more than 100%.", sales_basis=sales_basis(view)),
    ]
    groups = persona_groups(view, rules)
    for persona in rules.personas:
        found = groups.filter(pl.col("persona") == persona.name)["group"].unique().to_list()
        if len(found) < persona.at_least:
            lacking = wording.listing([word(group.name) for group in persona.groups if group.name not in found])
            notes.append(
                Note(
                    tr(
                        "'{name}' fits nobody: no category of this shop matches its group {lacking}. Adapt the rule.",
                        name=word(persona.name),
                        lacking=lacking,
                    ),
                    "REVIEW",
                )
            )
    few = view.members.height - n
    if few:
        who = tr("{members} of {all:,}", members=wording.some(few, "member"), all=view.members.height)
        notes.append(
            Note(
                tr(
                    "{who} have fewer than {minimum_days} shopping days (setting personas.minimum_days).",
                    who=who,
                    minimum_days=settings.minimum_days,
                ),
                "NOT MEASURED",
            )
        )
    return notes


def _unmeasured(view: View) -> Finding:
    least = view.settings.personas.minimum_days
    n = wording.some(view.members.height, "member")
    return Finding(
        headline=tr(
            "{where}, personas are not measured: none of {n} has the {least} shopping days that a taste needs.",
            where=where(view),
            n=n,
            least=least,
        ),
        table=pl.DataFrame(schema={"persona": pl.String, "member_count": pl.Int64, "member_share": pl.Float64}),
        notes=[
            Note(tr("Personas: none of {n} has {least} shopping days (setting personas.minimum_days).", n=n, least=least), "NOT MEASURED")
        ],
        ask_next=[("portrait.habits", {})],
    )


def _chart(view: View, table: pl.DataFrame, by: str, n: int) -> alt.Chart | alt.LayerChart:
    label, title = (
        ("category", tr("Clear tastes: {place}", place=view.place))
        if by == "taste"
        else ("persona", tr("Personas: {place}", place=view.place))
    )
    return ranked_bars(
        table.filter(pl.col(label) != NOBODY).head(15), label=label, value="member_share", n="member_count", kind="share1", ranked=False,
        value_title=tr("Share of members"), title=title,
        subtitle=tr("of {members} with enough shopping days", members=wording.some(n, "member")),
    )  # fmt: skip
