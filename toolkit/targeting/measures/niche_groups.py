"""The niches of the chain: their categories, their members, and how they held from one half of the receipts to the other.

The test is blind: one half of the receipts alone says which categories make a group and who is in it; the other half, which had no part in
either, says whether the taste held. The first half is asked first; categories of which it makes no group may be of one by the second.
"""

from __future__ import annotations

import polars as pl

from toolkit.language import value
from toolkit.mart.sequences import sequences_of
from toolkit.models.niches import group_taste, taste_groups, taste_links
from toolkit.models.shares import wilson
from toolkit.models.taste_flags import taste_index
from toolkit.portrait.measures.tastes import NO_CATEGORY, measured_members, taste_flags
from toolkit.scope.view import View

STABLE, NOT_STABLE, UNKNOWN = value("stable"), value("not stable"), value("not measured")
FIRST, SECOND, BOTH = HALVES = ("first", "second", "both")
_DAYS = {FIRST: pl.col("early_day_count"), SECOND: pl.col("day_count") - pl.col("early_day_count"), BOTH: pl.col("day_count")}
MEMBERS = pl.Schema({"group": pl.UInt32, "member_code": pl.UInt32, "index": pl.Float64, "index_low": pl.Float64})
GROUPS = pl.Schema(
    {
        "group": pl.UInt32,
        "category_codes": pl.List(pl.UInt32),
        "made_by": pl.String,  # half of the receipts that alone makes it a group: FIRST, SECOND, or BOTH where neither does
        "status": pl.String,
        "found_count": pl.Int64,  # members found by that half alone, who shopped in both
        "held_count": pl.Int64,  # of these, with the taste in the other half
        "held_low": pl.Float64,
        "base_share": pl.Float64,  # of all members measured in both halves, with that taste in the other half
        "early_count": pl.Int64,  # members of the group by the first half alone ...
        "late_count": pl.Int64,  # ... and by the second, among those who shopped in both
    }
)


def niche_members(view: View) -> pl.DataFrame:
    """Return who is in which niche, of the chain, from all receipts (schema MEMBERS), sorted by group and member; several are possible."""
    return view.chainwide("niche_members-2", _members, "niches", "personas", "scope")


def early_members(view: View) -> pl.DataFrame:
    """Return who is in which group by the first half of the receipts alone, of those who shopped in both (schema MEMBERS), sorted."""
    return view.chainwide("niche_early_members", _early_members, "niches", "personas", "scope")


def niche_groups(view: View) -> pl.DataFrame:
    """Return the niches of the chain with how stable they are (schema GROUPS), sorted by group; those without enough members left out."""
    return view.chainwide("niche_groups-3", _stability, "niches", "personas", "scope")


def niche_categories(view: View) -> pl.DataFrame:
    """Return the candidate groups: `group`, `category_code`, `made_by`. Categories for which few members, but enough, have a strong taste;
    those whose tastes go together with the same members are one group.

    Groups are made by the first half of the receipts (FIRST), from the other categories by the second (SECOND), and from the rest by all
    receipts (BOTH): what both halves were needed to define can be tested on neither.
    """
    return view.chainwide("niche_categories-2", _categories, "niches", "personas", "scope")


def _categories(view: View) -> pl.DataFrame:
    groups: list[tuple[str, list[int]]] = []
    for half in HALVES:
        taken = [code for _, codes in groups for code in codes]
        flags, members = _flags(view, half)
        groups += [(half, codes) for codes in _grouped(view, flags.filter(~pl.col("category_code").is_in(taken)), members)]
    rows = [(number, code, half) for number, (half, codes) in enumerate(groups) for code in codes]
    return pl.DataFrame(rows, schema={"group": pl.UInt32, "category_code": pl.UInt32, "made_by": pl.String}, orient="row")


def _flags(view: View, half: str) -> tuple[pl.DataFrame, int]:
    """Taste flags by a half of the receipts alone (or by both, as in the portrait), and how many members were regular enough for them.

    The flags choose the categories; being strong is asked of a whole group, which is sure sooner than one rare category.
    """
    if half == BOTH:
        return taste_flags(view), measured_members(view).height
    personas = view.settings.personas
    regular = _half_days(view).filter(pl.col(half) >= view.settings.niches.minimum_half_days).select("member_code")
    counts = _counts(view, _DAYS[half]).filter(pl.col("day_count") > 0)
    index = taste_index(counts, prior=personas.flag_prior, confidence=personas.flag_confidence, flag_above=personas.flag_lower_limit)
    return index.filter("is_flag").join(regular, on="member_code", how="semi"), regular.height


def _grouped(view: View, flags: pl.DataFrame, member_count: int) -> list[list[int]]:
    """The groups that some taste flags of `member_count` members make."""
    sizes = flags.group_by("category_code").len()
    fits = (pl.col("len") >= view.least) & (pl.col("len") <= view.settings.niches.most_share * member_count)
    anchors = sizes.filter(fits)["category_code"].sort().to_list()
    return taste_groups(anchors, taste_links(flags.filter(pl.col("category_code").is_in(anchors)), member_count))


def _members(view: View) -> pl.DataFrame:
    counts = _counts(view, pl.col("day_count")).join(measured_members(view).select("member_code"), on="member_code", how="semi")
    inside = _inside(view, counts)
    least, most = view.least, view.settings.niches.most_share * measured_members(view).height
    sizes = inside.group_by("group").len().filter((pl.col("len") >= least) & (pl.col("len") <= most))
    fitting = inside.join(sizes, on="group", how="semi")
    return fitting.select(list(MEMBERS)).cast(MEMBERS).sort("group", "member_code")


def _early_members(view: View) -> pl.DataFrame:
    return _inside(view, _both(view, FIRST)).select(list(MEMBERS)).cast(MEMBERS).sort("group", "member_code")


def _both(view: View, half: str) -> pl.DataFrame:
    """The counts of one half, of members who shopped in both."""
    return _counts(view, _DAYS[half]).join(_shopped_in_both(view), on="member_code", how="semi")


def _inside(view: View, counts: pl.DataFrame) -> pl.DataFrame:
    """The rows of `group_taste` that make a member of a group: a strong taste for it, shown in two of its categories if it has more."""
    personas, groups = view.settings.personas, niche_categories(view)
    sizes = groups.group_by("group").agg(pl.len().clip(1, 2).alias("needed"))
    taste = group_taste(counts, groups, prior=personas.flag_prior, confidence=personas.flag_confidence).join(sizes, on="group")
    return taste.filter((pl.col("index_low") > view.settings.niches.strong_index) & (pl.col("category_count") >= pl.col("needed")))


def _counts(view: View, days: pl.Expr) -> pl.DataFrame:
    """`member_code`, `category_code`, `day_count` of all categories with a name."""
    unnamed = view.categories.filter(pl.col("category") == NO_CATEGORY)["category_code"].to_list()
    rows = sequences_of(view.workspace, view.mart).rhythms.filter(~pl.col("category_code").is_in(unnamed))
    return rows.select("member_code", "category_code", days.cast(pl.Int64).alias("day_count")).collect()


def _stability(view: View) -> pl.DataFrame:
    """Members found by one half's receipts alone are judged by the other's, which had no part in finding them or the groups."""
    settings, personas = view.settings.niches, view.settings.personas
    both, groups = _shopped_in_both(view), niche_categories(view)
    inside = {FIRST: early_members(view), SECOND: _inside(view, _both(view, SECOND))}
    found, shows = [], []
    for half, other in ((FIRST, SECOND), (SECOND, FIRST)):
        mine = groups.filter(pl.col("made_by").is_in([half, BOTH] if half == FIRST else [half])).select("group").unique()
        found.append(inside[half].join(mine, on="group", how="semi").select("group", "member_code"))
        taste = group_taste(_both(view, other), groups, prior=personas.flag_prior, confidence=personas.flag_confidence)
        shows.append(
            taste.filter(pl.col("index") > personas.flag_lower_limit).join(mine, on="group", how="semi").select("group", "member_code")
        )
    named = {"found_count": pl.concat(found), "base_count": pl.concat(shows), "early_count": inside[FIRST], "late_count": inside[SECOND]}
    named["held_count"] = named["found_count"].join(named["base_count"], on=["group", "member_code"], how="semi")
    table = groups.group_by("group").agg(pl.col("category_code").sort().alias("category_codes"), pl.col("made_by").first())
    for name, frame in named.items():
        table = table.join(frame.group_by("group").agg(pl.len().cast(pl.Int64).alias(name)), on="group", how="left")
    table = table.with_columns(pl.col(list(named)).fill_null(0))
    low, _ = wilson(pl.col("held_count"), pl.col("found_count"))
    status = (
        pl.when((pl.col("made_by") == BOTH) | (pl.col("found_count") < view.least))
        .then(pl.lit(UNKNOWN))
        .when(pl.col("held_low") >= settings.stable_share)
        .then(pl.lit(STABLE))
        .when(pl.col("held_count") >= settings.stable_share * pl.col("found_count"))  # enough held, of too few to be sure
        .then(pl.lit(UNKNOWN))
        .otherwise(pl.lit(NOT_STABLE))
    )
    return (
        table.with_columns(
            low.alias("held_low"),
            (pl.col("base_count") / max(both.height, 1)).alias("base_share"),
        )
        .with_columns(status.alias("status"))
        .join(niche_members(view).select("group").unique(), on="group", how="semi")
        .select(list(GROUPS))
        .cast(GROUPS)
        .sort("group")
    )


def _shopped_in_both(view: View) -> pl.DataFrame:
    """`member_code` of members with enough shopping days in each half of the receipts."""
    least = view.settings.niches.minimum_half_days
    return _half_days(view).filter((pl.col(FIRST) >= least) & (pl.col(SECOND) >= least)).select("member_code")


def _half_days(view: View) -> pl.DataFrame:
    """`member_code`, and shopping days in each half of the receipts, named FIRST and SECOND."""
    return view.remembered((__name__, "half_days"), lambda: _half_days_of(view))


def _half_days_of(view: View) -> pl.DataFrame:
    middle = sequences_of(view.workspace, view.mart).middle
    day = pl.col("ordered_at").dt.date()
    return (
        view.chain.orders.filter("is_order", pl.col("member_code").is_not_null())
        .group_by("member_code")
        .agg(day.filter(day < middle).n_unique().alias(FIRST), day.filter(day >= middle).n_unique().alias(SECOND))
        .collect(engine="streaming")
    )
