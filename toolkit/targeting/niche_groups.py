"""The niches of the chain: their categories, their members, and how they held from one half of the receipts to the other."""

from __future__ import annotations

import polars as pl

from toolkit.mart.sequences import sequences_of
from toolkit.mart.view import View
from toolkit.models.first_purchases import wilson
from toolkit.models.niches import group_taste, taste_groups, taste_links
from toolkit.portrait.tastes import NO_CATEGORY, measured_members, taste_flags

STABLE, NOT_STABLE, UNKNOWN = "stable", "not stable", "not measured"
MEMBERS = pl.Schema({"group": pl.UInt32, "member_code": pl.UInt32, "index": pl.Float64, "index_low": pl.Float64})
GROUPS = pl.Schema(
    {
        "group": pl.UInt32,
        "category_codes": pl.List(pl.UInt32),
        "status": pl.String,
        "found_count": pl.Int64,  # members found in the first half alone, who shopped in both
        "held_count": pl.Int64,  # of these, still with the taste in the second half
        "held_low": pl.Float64,
        "base_share": pl.Float64,  # of all members measured in both halves, with that taste in the second
        "early_count": pl.Int64,  # members of the group by the first half alone ...
        "late_count": pl.Int64,  # ... and by the second, among those who shopped in both
    }
)


def niche_members(view: View) -> pl.DataFrame:
    """Return who is in which niche, of the chain, from all receipts (schema MEMBERS), sorted by group and member; several are possible."""
    return view.chainwide("niche_members", _members, "niches", "personas", "scope")


def niche_groups(view: View) -> pl.DataFrame:
    """Return the niches of the chain with how stable they are (schema GROUPS), sorted by group; those without enough members left out."""
    return view.chainwide("niche_groups", _stability, "niches", "personas", "scope")


def niche_categories(view: View) -> pl.DataFrame:
    """Return the candidate groups: `group`, `category_code`. Categories for which few members, but enough, have a strong taste; those whose
    tastes go together with the same members are one group."""
    return view.chainwide("niche_categories", _categories, "niches", "personas", "scope")


def _categories(view: View) -> pl.DataFrame:
    settings = view.settings.niches
    flags, measured = taste_flags(view), measured_members(view).height
    # The flags of the portrait choose the categories; being strong is asked of a whole group, which is sure sooner than one rare category.
    strong = flags.group_by("category_code").len()
    fits = (pl.col("len") >= view.settings.scope.minimum_members) & (pl.col("len") <= settings.most_share * measured)
    anchors = strong.filter(fits)["category_code"].sort().to_list()
    links = taste_links(flags.filter(pl.col("category_code").is_in(anchors)), measured)
    rows = [(number, code) for number, codes in enumerate(taste_groups(anchors, links)) for code in codes]
    return pl.DataFrame(rows, schema={"group": pl.UInt32, "category_code": pl.UInt32}, orient="row")


def _members(view: View) -> pl.DataFrame:
    counts = _counts(view, pl.col("day_count")).join(measured_members(view).select("member_code"), on="member_code", how="semi")
    inside = _inside(view, counts)
    least, most = view.settings.scope.minimum_members, view.settings.niches.most_share * measured_members(view).height
    sizes = inside.group_by("group").len().filter((pl.col("len") >= least) & (pl.col("len") <= most))
    kept = inside.join(sizes, on="group", how="semi")
    return kept.select(list(MEMBERS)).cast(MEMBERS).sort("group", "member_code")


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
    """Members found by the first half's receipts alone are judged by the second half's, which had no part in finding them."""
    settings, personas = view.settings.niches, view.settings.personas
    both = _shopped_in_both(view)
    early = _counts(view, pl.col("early_day_count")).join(both, on="member_code", how="semi")
    late = _counts(view, pl.col("day_count") - pl.col("early_day_count")).join(both, on="member_code", how="semi")
    found, again = _inside(view, early), _inside(view, late)
    groups = niche_categories(view)
    later = group_taste(late, groups, prior=personas.flag_prior, confidence=personas.flag_confidence)
    shows = later.filter(pl.col("index") > personas.flag_lower_limit)
    held = found.join(shows.select("member_code", "group"), on=["member_code", "group"], how="semi")
    table = groups.group_by("group").agg(pl.col("category_code").sort().alias("category_codes"))
    for name, frame in (("found_count", found), ("held_count", held), ("late_count", again), ("base_count", shows)):
        table = table.join(frame.group_by("group").agg(pl.len().cast(pl.Int64).alias(name)), on="group", how="left")
    table = table.with_columns(pl.col("found_count", "held_count", "late_count", "base_count").fill_null(0))
    low, _ = wilson(pl.col("held_count"), pl.col("found_count"))
    status = (
        pl.when(pl.col("found_count") < view.settings.scope.minimum_members)
        .then(pl.lit(UNKNOWN))
        .when(pl.col("held_low") >= settings.stable_share)
        .then(pl.lit(STABLE))
        .otherwise(pl.lit(NOT_STABLE))
    )
    return (
        table.with_columns(
            low.alias("held_low"),
            (pl.col("base_count") / max(both.height, 1)).alias("base_share"),
            pl.col("found_count").alias("early_count"),
        )
        .with_columns(status.alias("status"))
        .join(niche_members(view).select("group").unique(), on="group", how="semi")
        .select(list(GROUPS))
        .cast(GROUPS)
        .sort("group")
    )


def _shopped_in_both(view: View) -> pl.DataFrame:
    """`member_code` of members with enough shopping days in each half of the receipts."""
    middle, least = sequences_of(view.workspace, view.mart).middle, view.settings.niches.minimum_half_days
    day = pl.col("ordered_at").dt.date()
    return (
        view.chain.orders.filter("is_order", pl.col("member_code").is_not_null())
        .group_by("member_code")
        .agg(day.filter(day < middle).n_unique().alias("early"), day.filter(day >= middle).n_unique().alias("late"))
        .filter((pl.col("early") >= least) & (pl.col("late") >= least))
        .select("member_code")
        .collect(engine="streaming")
    )
