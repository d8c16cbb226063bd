"""How many members persona rules fit, whom they share, and who has none: also for rules that nobody has kept yet. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from toolkit.portrait.measures.persona_rules import Group, Persona, PersonaRules
from toolkit.portrait.measures.tastes import NO_CATEGORY, measured_members, persona_fits, taste_flags
from toolkit.scope.view import View


@dataclass(frozen=True)
class PersonaCounts:
    """Members of each persona (by its place), of `measured` members those with one, with several; `shared`: of each pair of places."""

    members: tuple[int, ...]
    shared: dict[tuple[int, int], int]
    measured: int
    having: int
    several: int

    def overlaps(self, place: int) -> list[tuple[int, float]]:
        """Return (place, share of this persona's members who are that one too) of the others, most first; none where nobody has it."""
        n = self.members[place]
        rows = [(other, count / n) for (one, other), count in self.shared.items() if one == place and n]
        return sorted(rows, key=lambda row: (-row[1], row[0]))


def persona_counts(view: View, rules: PersonaRules, categories: pl.DataFrame | None = None) -> PersonaCounts:
    """Return what rules come to in the scope of a view; `categories`: see `shop_categories`."""
    shop = shop_categories(view) if categories is None else categories
    numbered = [(place, persona) for place, persona in enumerate(rules.personas)]
    rows = [(str(place), str(at), code) for place, one in numbered for at, group in enumerate(one.groups) for code in codes_of(group, shop)]
    code = shop.schema["category_code"]
    groups = pl.DataFrame(rows, schema={"persona": pl.String, "group": pl.String, "category_code": code}, orient="row")
    places = PersonaRules(personas=tuple(persona.model_copy(update={"name": str(place)}) for place, persona in numbered))
    measured = measured_members(view).select("member_code")
    fits = persona_fits(places, groups, taste_flags(view)).join(measured, on="member_code", how="semi").select("member_code", "persona")
    each = dict(fits["persona"].value_counts().iter_rows())
    pairs = (
        fits.join(fits, on="member_code").filter(pl.col("persona") != pl.col("persona_right")).group_by("persona", "persona_right").len()
    )
    per_member = fits.group_by("member_code").len()["len"]
    return PersonaCounts(
        tuple(each.get(str(place), 0) for place, _ in numbered),
        {(int(one), int(other)): count for one, other, count in pairs.iter_rows()},
        measured.height,
        per_member.len(),
        int((per_member > 1).sum()),
    )


def shop_categories(view: View) -> pl.DataFrame:
    """Return the shop's named categories, those of most members first: `category_code`, `category`, `member_count`."""
    bought = view.member_category.group_by("category_code").agg(pl.len().alias("member_count")).collect()
    return (
        view.categories.filter(pl.col("category") != NO_CATEGORY)
        .select("category_code", "category")
        .join(bought, on="category_code", how="left")
        .with_columns(pl.col("member_count").fill_null(0))
        .sort(["member_count", "category"], descending=[True, False])
    )


def codes_of(group: Group, categories: pl.DataFrame) -> list[int]:
    """Return the categories that a group finds."""
    codes = categories["category_code"].to_list()
    return [codes[place] for place in _matching(group.words, group.but_not, tuple(categories["category"].to_list()))]


@lru_cache(maxsize=1024)
def _matching(words: tuple[str, ...], but_not: tuple[str, ...], names: tuple[str, ...]) -> tuple[int, ...]:
    """Places of the names that a group finds: while a person types in one group, the others are not looked through again."""
    group = Group(name="-", words=words, but_not=but_not)
    return tuple(place for place, name in enumerate(names) if group.matches(name))


def group_members(view: View, codes: list[int]) -> int:
    """Return how many members of the scope have a taste for one of the categories."""
    flags = taste_flags(view).filter(pl.col("category_code").is_in(codes)).select("member_code").unique()
    return flags.join(measured_members(view).select("member_code"), on="member_code", how="semi").height


def lacking(persona: Persona, categories: pl.DataFrame) -> list[str]:
    """Return the groups that find no category of the shop."""
    return [group.name for group in persona.groups if not codes_of(group, categories)]
