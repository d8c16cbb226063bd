"""Personas and niches: graded taste flags per category, and the named readings of baskets made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable, Row
from toolkit.language import tr, value, word
from toolkit.portrait.measures.basket_groups import BASKET_GROUPS, groups_finding
from toolkit.portrait.measures.persona_rules import PersonaRules
from toolkit.portrait.measures.takings import takings
from toolkit.portrait.measures.tastes import measured_members, persona_groups, personas_of, rules_of, taste_flags
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import sales_basis, without_categories
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

NOBODY = value("no persona")
MOST_TASTES = 50
"""Rows of the table of tastes: beyond them a category has few members with its flag."""

PERSONAS = c.table(
    "one row per persona",
    c.text("persona"),
    c.text("meaning"),
    c.members(meaning="a member in two personas counts in both"),
    c.share("member_share", "Share of members", "of the members measured"),
    c.money("sales", "Sales", "of the period"),
    c.share("sales_share", "Share of sales", "of the period", null="they bought nothing"),
    c.count("category_count", "Categories", "the shop's categories that the rule found", hidden_by=None),
)
TASTES = c.table(
    "one row per category, most flags first",
    c.text("category"),
    c.text("department"),
    c.members(meaning="members with its flag"),
    c.share("member_share", "Share of members", "of the members measured"),
    c.index("taste_index", "Times as much as others", "median over those members: how many times as often as expected"),
    c.money("spend", "Spend", "of those members in the category, over all receipts"),
    c.share("spend_share", "Spend share", "of what all members in scope spend there"),
)
_HAVING = c.table("those with a persona, or with a taste, in one row", c.members("having"), c.share("having_share"))


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
    tables=(PERSONAS, TASTES, BASKET_GROUPS),
    figures=(
        c.number("flags_per_member", "Tastes a member"),
        c.share("persona_member_share", "Members with a persona"),
        c.number("agreement", "Agreement"),
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
        return unmeasured(
            TASTES if by == "taste" else PERSONAS,
            view.say(
                "{where}, personas are not measured: none of {all:member} has the {personas.minimum_days} shopping days that a taste "
                "needs.",
                all=view.members.height,
            ),
            view.say(
                "Personas: none of {all:member} has {personas.minimum_days} shopping days (setting personas.minimum_days).",
                all=view.members.height,
            ),
            ask_next=[("portrait.habits", {})],
        )
    flags = taste_flags(view).join(measured, on="member_code", how="semi")
    fits = personas_of(view, rules).join(measured, on="member_code", how="semi")
    with_persona = _having(view, fits, measured.height)
    if by == "taste":
        shown = _taste_table(view, flags, measured.height)
        headline = _taste_headline(view, shown, flags, measured.height)
    else:
        members = takings(view).join(measured, on="member_code", how="semi", maintain_order="left")
        shown = _persona_table(view, rules, fits, members)
        headline = _headline(view, shown, with_persona, measured.height)
    return Finding(
        headline=headline,
        table=shown,
        chart=lambda: _chart(view, shown, by, measured.height),
        notes=[*without_categories(view), *_notes(view, rules, measured.height)],
        ask_next=[("portrait.personas", {"by": "taste" if by == "persona" else "persona"}), ("portrait.habits", {"by": "category"})],
        figures={"flags_per_member": flags.height / measured.height, "persona_member_share": with_persona["having_share"]},
    )


def _having(view: View, rows: pl.DataFrame, n: int) -> Row:
    """How many members, and which share of `n`, have a row or more."""
    having = rows["member_code"].n_unique()
    return _HAVING.of(pl.DataFrame({"having": [having], "having_share": [having / n]}), view).row()


def _persona_table(view: View, rules: PersonaRules, fits: pl.DataFrame, members: pl.DataFrame) -> AnswerTable:
    total = int(members["sales"].sum())
    categories = persona_groups(view, rules).group_by("persona").agg(pl.col("category_code").n_unique().alias("category_count"))
    named = [(p.name, p.meaning) for p in rules.personas] + [(NOBODY, value("no set of tastes clear enough"))]
    without = members.join(fits, on="member_code", how="anti").with_columns(pl.lit(NOBODY).alias("persona"))
    with_persona = fits.select("member_code", "persona").join(members, on="member_code")
    groups = (
        pl.concat([with_persona, without], how="diagonal")
        .group_by("persona")
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("sales").sum())
    )
    frame = (
        pl.DataFrame(named, schema=["persona", "meaning"], orient="row")
        .join(groups, on="persona", how="left", maintain_order="left")
        .join(categories, on="persona", how="left", maintain_order="left")
        .with_columns(pl.col("member_count", "sales", "category_count").fill_null(0))
        .with_columns(
            (pl.col("member_count") / members.height).alias("member_share"),
            view.major("sales").alias("sales"),
            (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        )
        .sort(pl.col("persona") == NOBODY, "member_count", "persona", descending=[False, True, False])
    )
    return PERSONAS.of(frame, view)


def _taste_table(view: View, flags: pl.DataFrame, n: int) -> AnswerTable:
    all_spend = view.member_category.group_by("category_code").agg(pl.col("amount").sum().alias("all_spend")).collect()
    tastes = flags.group_by("category_code").agg(
        pl.len().alias("member_count"), pl.col("index").median().alias("taste_index"), pl.col("amount").sum().alias("spend")
    )
    frame = (
        tastes.join(all_spend, on="category_code", how="left")
        .join(view.categories.select("category_code", "category", "department"), on="category_code")
        .sort("member_count", "category", descending=[True, False])
        .head(MOST_TASTES)
        .select(
            *("category", "department", "member_count", "taste_index"),
            (pl.col("member_count") / n).alias("member_share"),
            view.major("spend").alias("spend"),
            pl.when(pl.col("all_spend") > 0).then(pl.col("spend") / pl.col("all_spend")).alias("spend_share"),
        )
    )
    return TASTES.of(frame, view)


def _headline(view: View, shown: AnswerTable, with_persona: Row, n: int) -> str:
    if with_persona["having"] == 0:
        return view.say("{where}, no persona fits any of {all:member}: the notes say which rules found categories here.", all=n)
    most_common = next((row for row in shown.rows() if row["persona"] != NOBODY and row["member_count"]), None)
    return view.say(
        "{where}, the baskets of {having:few} of {all:member} match a persona[most_common?; the most common, '{persona:word}', fits "
        "{member_count:member} ({member_share})[brings? and brings {sales_share} of their sales]].",
        most_common, having=with_persona["having"], all=n, most_common=most_common,
        brings=most_common is not None and most_common["sales_share"] is not None,
    )  # fmt: skip


def _taste_headline(view: View, shown: AnswerTable, flags: pl.DataFrame, n: int) -> str:
    if not shown.height:
        return view.say("{where}, none of {all:member} buys a category clearly more often than the others do.", all=n)
    return view.say(
        "{where}, {having:few} of {all:member} have a clear taste, {tastes:.1f} each on average[; the most common is {category}: "
        "{member_count:member} buy it about {taste_index:.1f} times as often as others do].",
        shown.row(), having=_having(view, flags, n)["having"], all=n, tastes=flags.height / n,
    )  # fmt: skip


def _notes(view: View, rules: PersonaRules, n: int) -> list[str | Note]:
    notes: list[str | Note] = [
        tr("A persona is a reading of baskets, not a fact about a person: never tell a member what they are."),
        view.say(
            "A flag needs the {personas.flag_confidence:.0%} lower limit of Gamma({personas.flag_prior:g} + x, {personas.flag_prior:g} "
            "+ E) above {personas.flag_lower_limit:g}, x = days with the category, E = days expected with the tastes of all members."
        ),
        sales_basis(view),
        tr("A member may have several personas, so the rows add up to more than 100%."),
    ]
    groups = persona_groups(view, rules)
    for persona in rules.personas:
        matched = groups.filter(pl.col("persona") == persona.name)["group"].unique().to_list()
        if len(matched) < persona.at_least:
            text = view.say(
                "'{name:word}' fits nobody: no category of this shop matches its group {lacking}. Adapt the rule.",
                name=persona.name,
                lacking=listing([word(group.name) for group in persona.groups if group.name not in matched]),
            )
            notes.append(Note(text, "REVIEW"))
    if n < view.members.height:
        text = view.say(
            "{rest:member} of {all:,} have fewer than {personas.minimum_days} shopping days (setting personas.minimum_days).",
            rest=view.members.height - n,
            all=view.members.height,
        )
        notes.append(Note(text, "NOT MEASURED"))
    return notes


def _chart(view: View, shown: AnswerTable, by: str, n: int) -> alt.Chart | alt.LayerChart:
    label = "category" if by == "taste" else "persona"
    return ranked_bars(
        shown.frame.filter(pl.col(label) != NOBODY).head(15), label=label, value="member_share", n="member_count", kind="share1",
        ranked=False, value_title=tr("Share of members"),
        title=view.say("Clear tastes: {place}") if by == "taste" else view.say("Personas: {place}"),
        subtitle=view.say("of {n:member} with enough shopping days", n=n),
    )  # fmt: skip
