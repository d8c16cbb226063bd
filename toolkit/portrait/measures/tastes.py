"""Taste flags of the members, and the personas they add up to."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from toolkit.models.taste_flags import taste_index
from toolkit.portrait.measures.persona_rules import PersonaRules, matched_categories, read_persona_rules
from toolkit.scope.view import View

NO_CATEGORY = "(no category)"
OWN_RULES = "documents/persona_rules.toml"
"""Where a shop's own persona rules lie, unless a setting names another file."""


def taste_flags(view: View) -> pl.DataFrame:
    """Return the taste flags of the chain's members: one row per member and category that the member buys clearly more often than others
    do.

    Columns: `member_code`, `category_code`, `day_count` (days with the category), `expected_days` (had the member the shop's taste),
    `index` (shrunk ratio of the two), `index_low` (its one-sided lower limit, above personas.flag_lower_limit), `amount` (minor units spent
    on it). Only members with personas.minimum_days shopping days have flags; goods without a category give none.
    """
    return view.chainwide("taste_flags", _taste_flags, "personas")


def _taste_flags(view: View) -> pl.DataFrame:
    settings = view.settings.personas
    unnamed = view.categories.filter(pl.col("category") == NO_CATEGORY)["category_code"].to_list()
    bought = (
        view.member_category.filter(~pl.col("category_code").is_in(unnamed))
        .select("member_code", "category_code", "day_count", "amount")
        .collect()
    )
    index = taste_index(bought, prior=settings.flag_prior, confidence=settings.flag_confidence, flag_above=settings.flag_lower_limit)
    return (
        index.filter("is_flag")
        .drop("is_flag")
        .join(measured_members(view).select("member_code"), on="member_code", how="semi", maintain_order="left")
        .join(
            bought.select("member_code", "category_code", "amount"), on=["member_code", "category_code"], how="left", maintain_order="left"
        )
    )


def measured_members(view: View) -> pl.DataFrame:
    """Return the members in scope with enough shopping days for flags: rows of `view.members`."""
    return view.members.filter(pl.col("day_count") >= view.settings.personas.minimum_days)


def rules_of(view: View) -> PersonaRules:
    """Return the persona rules in force: the file that the setting personas.persona_rules names (relative to the workspace), else
    documents/persona_rules.toml, else the built-in ones."""
    return read_persona_rules(rules_file(view))


def rules_file(view: View) -> Path | None:
    """Return the shop's own file of persona rules; None where the built-in ones hold."""
    named = view.settings.personas.persona_rules
    own = view.workspace.path / (named or OWN_RULES)
    if not named:
        return own if own.exists() else None
    return own if own.exists() else Path(named)


def persona_groups(view: View, rules: PersonaRules) -> pl.DataFrame:
    """Return which of the shop's categories belong to which group of which persona: columns of `matched_categories`."""
    return view.chainwide(f"persona_groups-{_digest(rules)}", lambda chain: matched_categories(rules, chain.categories))


def personas_of(view: View, rules: PersonaRules) -> pl.DataFrame:
    """Return which personas fit which members of the chain: one row per member and persona, sorted.

    Columns: `member_code`, `persona`, `group_count` (groups of the persona that the member has a taste for).
    """
    return view.chainwide(f"personas-{_digest(rules)}", lambda chain: _personas_of(chain, rules), "personas")


def _personas_of(view: View, rules: PersonaRules) -> pl.DataFrame:
    return persona_fits(rules, persona_groups(view, rules), taste_flags(view))


def persona_fits(rules: PersonaRules, groups: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """Return which personas fit whom (columns of `personas_of`), from the categories of their groups and the taste flags of members."""
    needed = pl.DataFrame([(p.name, p.at_least) for p in rules.personas], schema={"persona": pl.String, "at_least": pl.Int64}, orient="row")
    return (
        flags.select("member_code", "category_code")
        .join(groups, on="category_code")
        .group_by("member_code", "persona")
        .agg(pl.col("group").n_unique().cast(pl.Int64).alias("group_count"))
        .join(needed, on="persona")
        .filter(pl.col("group_count") >= pl.col("at_least"))
        .select("member_code", "persona", "group_count")
        .sort("member_code", "persona")
    )


def _digest(rules: PersonaRules) -> str:
    return hashlib.sha256(rules.model_dump_json().encode()).hexdigest()[:12]
