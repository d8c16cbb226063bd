"""Due again: who is due for what, in which window, and how likely they are to buy it here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.mart.view import View
from toolkit.portrait.phrases import not_measured, where
from toolkit.registry import question
from toolkit.targeting.due_list import STATED, due_list, due_rhythms

if TYPE_CHECKING:
    import altair as alt

MOST_ROWS = 200
"""Rows of the member list that are shown: more than one reads; the audience of a category has everybody."""
_SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "member": {"member_id": pl.String, "category": pl.String, "due_from": pl.Date, "due_to": pl.Date, "purchase_probability": pl.Float64},
    "category": {"category": pl.String, "member_count": pl.Int64, "expected_buyers": pl.Float64},
}


@question(
    "targeting",
    "Who is due for what again, and when?",
    words=(
        "due again, replenishment, time to buy again, repurchase reminder",
        "which members will need a new one soon",
        "what is used up and must be replaced, service life",
        "repurchase window by member and category",
        "复购 到期 换新 提醒",
    ),
)
def due_again(view: View, *, show: Literal["member", "category"] = "member") -> Finding:
    """Return who is due for what: one row per member and category, most likely purchase first; or one row per category.

    The usual wait comes from the shop's own gaps between purchases, gaps still open counted as such (Kaplan-Meier); goods with a stated
    service life and too few gaps of their own take the shape of the other goods with one. A member's own rhythm moves and narrows it, the
    more, the more gaps they have. The window is the shortest that holds most purchases of those who buy again (setting
    sequences.due_window_share). Whoever lets the window pass may have replaced it elsewhere: the probability falls with the share that
    does.

    Members in scope who ordered within scope.active_days, across the chain. Goods without a stated life count only where members' gaps are
    more regular than chance, and for members who bought them three times or more.

    Parameters
    ----------
    show
        `member` (the list, at most 200 rows) or `category`.

    Returns
    -------
    Answer
        Table columns with `member`: `member_id`, `category`, `product` (the last one bought), `last_bought_on`, `due_from`, `due_to`,
        `state` (`due` now, due `soon`, `overdue`: the window has passed), `purchase_probability` (buys it here within
        sequences.due_within_days), `own_gap_count` (the member's own closed gaps), `basis`, and `contactable` where the shop says. With
        `category`: `category`, `basis`, `life_days` (stated; null where none), `again_days_median` (half of those who buy again have by
        then), `closed_gap_days_median` (what closed gaps alone would say: too short), `again_share` (buy it again here), `gap_count`
        (closed gaps), `member_count` (due, soon or overdue), `due_count` (due now), `expected_buyers` (sum of probabilities).

    Notes
    -----
    Kaplan and Meier, JASA 53 (1958), 457-481. How well dates and probabilities come true on a simulated shop:
    benchmarks/truth_targeting.py.

    Example
    -------
    >>> tk.targeting.due_again(ws, show="category").table              # doctest: +SKIP
    """
    rhythms = due_rhythms(view)
    if rhythms.is_empty():
        return _unmeasured(view, show)
    listed = due_list(view).join(view.members.select("member_code"), on="member_code", how="semi", maintain_order="left")
    due = _states(view, listed.join(rhythms.select("category_code", "basis"), on="category_code", maintain_order="left"))
    categories = _categories(view, rhythms, due)
    table = _members(view, due) if show == "member" else categories
    return Finding(
        headline=_headline(view, due, categories),
        table=table,
        chart=(lambda: _chart(view, categories)) if categories.height else None,
        notes=_notes(view, rhythms, due, show),
        ask_next=[("targeting.due_again", {"show": "category" if show == "member" else "member"})],
        figures={"due_member_count": float(due["member_code"].n_unique()), "expected_buyers": float(due["purchase_probability"].sum())},
    )


def _states(view: View, listed: pl.DataFrame) -> pl.DataFrame:
    state = pl.when(pl.col("due_to") < view.as_of).then(pl.lit("overdue")).when(pl.col("due_from") <= view.as_of).then(pl.lit("due"))
    return listed.with_columns(state.otherwise(pl.lit("soon")).alias("state"))


def _members(view: View, due: pl.DataFrame) -> pl.DataFrame:
    names = view.categories.select("category_code", "category")
    who = view.members.select("member_code", "member_id", *[name for name in ("contactable",) if name in view.members.columns])
    top = due.join(who, on="member_code").join(names, on="category_code")
    top = top.sort("purchase_probability", "member_id", "category", descending=[True, False, False]).head(MOST_ROWS)
    top = top.join(_product_names(view, top), on="product_code", how="left", maintain_order="left")
    columns = ["member_id", "category", "product", "last_bought_on", "due_from", "due_to", "state", "purchase_probability", "own_gap_count"]
    return top.select(*columns, "basis", *[name for name in ("contactable",) if name in top.columns])


def _product_names(view: View, top: pl.DataFrame) -> pl.DataFrame:
    """`product_code`, `product` of the rows shown: its name, or its id where the shop names none."""
    codes = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    codes = codes.join(top, on="product_code", how="semi")
    table = view.workspace.table("products")
    if table is None or not view.has_column("products", "name"):
        return codes.rename({"product_id": "product"})
    mine = table.select("product_id", "name").filter(pl.col("product_id").is_in(codes["product_id"].to_list())).collect()
    named = codes.join(mine, on="product_id", how="left")
    return named.select("product_code", pl.coalesce("name", "product_id").alias("product"))


def _categories(view: View, rhythms: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    held = due.group_by("category_code").agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        (pl.col("state") == "due").sum().cast(pl.Int64).alias("due_count"),
        pl.col("purchase_probability").sum().alias("expected_buyers"),
    )
    return (
        rhythms.join(held, on="category_code")
        .join(view.categories.select("category_code", "category"), on="category_code")
        .filter(pl.col("member_count") >= view.settings.scope.minimum_members)
        .sort("expected_buyers", "category", descending=[True, False])
        .select(
            "category",
            "basis",
            "life_days",
            pl.col("again_days").alias("again_days_median"),
            pl.col("closed_gap_days").alias("closed_gap_days_median"),
            "again_share",
            "gap_count",
            "member_count",
            "due_count",
            "expected_buyers",
        )
    )


def _headline(view: View, due: pl.DataFrame, categories: pl.DataFrame) -> str:
    n, days = wording.some(view.members.height, "member"), view.settings.sequences.due_within_days
    if due.is_empty():
        return f"{where(view)}, none of {n} is due for anything within {days} days."
    people = due["member_code"].n_unique()
    buyers = round(float(due["purchase_probability"].sum()))
    first = ""
    if categories.height:
        top = categories.row(0, named=True)
        first = f"; most for {top['category']}: {top['member_count']:,} members, about {top['expected_buyers']:,.0f} of whom will"
    return (
        f"{where(view)}, {people:,} of {n} are due, soon due or overdue for something, {due.height:,} needs in all; about {buyers:,} of "
        f"them will be met here within {days} days{first}."
    )


def _notes(view: View, rhythms: pl.DataFrame, due: pl.DataFrame, show: str) -> list[str | Note]:
    settings = view.settings.sequences
    notes: list[str | Note] = [
        f"A window holds {wording.share(settings.due_window_share, 0)} of the purchases of those who buy again; the probability is that of "
        f"a purchase here from {view.as_of + timedelta(days=1)} to {view.as_of + timedelta(days=settings.due_within_days)}, by members who "
        "keep coming as such members do."
    ]
    short = rhythms.filter(~pl.col("is_pooled") & (pl.col("closed_gap_days") < pl.col("again_days")))
    if short.height:
        notes.append(
            f"Closed gaps alone would call {short.height} of {wording.some(rhythms.height, 'category', 'categories')} due too early: "
            "long gaps are the ones still open."
        )
    pooled = int(rhythms["is_pooled"].sum())
    if pooled:
        notes.append(
            f"Categories with a stated service life but too few gaps of their own ({pooled}) take the shape of the other goods with a "
            "stated life, in parts of that life: less sure."
        )
    if not (rhythms["basis"] == STATED).any():
        said = not_measured(view, "products", "service_life_days", "due dates from stated service lives")
        stated = view.has_column("products", "service_life_days")
        notes.append("No product that was sold has a stated service life." if stated else said)
    overdue = due.filter(pl.col("state") == "overdue")
    if overdue.height:
        chance = wording.share(float(str(overdue["purchase_probability"].mean() or 0)))
        notes.append(
            f"Overdue: {wording.some(overdue.height, 'need')}. They may have been met elsewhere, or no more; on average {chance} will "
            f"be met here in the next {settings.due_within_days} days."
        )
    if show == "member" and due.height > MOST_ROWS:
        notes.append(f"The {MOST_ROWS} most likely of {due.height:,} are shown.")
    if show == "member" and "contactable" in view.members.columns:
        notes.append("Write only to members who are contactable; where the shop does not know, the answer is no.")
    return notes


def _unmeasured(view: View, show: str) -> Finding:
    least = view.settings.sequences.due_minimum_gaps
    said = f"no category has a stated service life or a rhythm of its own with {least} closed gaps"
    notes: list[str | Note] = [Note(f"Due again: {said} (setting sequences.due_minimum_gaps).", "NOT MEASURED")]
    if not view.has_column("products", "service_life_days"):
        notes.append(not_measured(view, "products", "service_life_days", "due dates from stated service lives"))
    return Finding(
        headline=f"{where(view)}, due dates are not measured for {wording.some(view.members.height, 'member')}: {said}.",
        table=pl.DataFrame(schema=_SCHEMAS[show]),
        notes=notes,
    )


def _chart(view: View, categories: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    days = view.settings.sequences.due_within_days
    return ranked_bars(
        categories.head(15), label="category", value="expected_buyers", n="member_count", ranked=False, title=f"Due again: {view.place}",
        subtitle=f"Members expected to buy again within {days} days after {view.as_of}; n = due, soon due or overdue",
        value_title="Expected buyers",
    )  # fmt: skip
