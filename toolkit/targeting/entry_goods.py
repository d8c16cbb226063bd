"""Entry goods: what a member's first purchase says about how much they are worth later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.ranges import ranges
from toolkit.mart.view import View
from toolkit.models.first_purchases import later_worth
from toolkit.portrait.phrases import where
from toolkit.registry import question
from toolkit.targeting.first_visits import By, Entrants, entrants, first_goods, first_visits

if TYPE_CHECKING:
    import altair as alt

_SCHEMA = {"good": pl.String, "member_count": pl.Int64, "later_spend": pl.Float64, "worth_index": pl.Float64}
_NOTHING = "–"


@question(
    "targeting",
    "Which first purchase makes a member worth most later?",
    words=(
        "entry goods, gateway products, first category and later spend",
        "which first purchase leads to valuable members",
        "what should a new member buy first",
        "首购 引流 商品 长期价值",
    ),
)
def entry_goods(view: View, *, by: By = "category") -> Finding:
    """Return how much members spend later by what was in their first basket: one row per category (or department) bought on the first day.

    Later spend is that of the sequences.later_days after the first shopping day, across the chain; a store or region counts the members who
    began there. Since a large first basket holds nearly
    everything and comes from whoever spends much anyway, each member is compared with members whose first day was worth about as much (five
    bands). The index is drawn towards 1 by as much as chance explains.

    Parameters
    ----------
    by
        `category` or `department`. A member counts in every one that the first day held.

    Returns
    -------
    Answer
        Table columns: `good`; `member_count` (n; goods with fewer than 30 first buyers, or scope.minimum_members if more, are left out);
        `later_spend` and `expected_spend` (currency units a member; expected = of members with a first day of like worth); `worth_index`
        (later / expected, shrunk; 1 = no more than others) with `worth_index_low`, `worth_index_high` (95%); `raw_index` (before
        shrinking); `reading` (`worth more`, `worth less`, `no different`).

    Notes
    -----
    Empirical Bayes shrinkage: Efron and Morris, JASA 70 (1975), 311-319. No experiment: members chose their first purchase themselves.

    Example
    -------
    >>> tk.targeting.entry_goods(ws, by="department").table            # doctest: +SKIP
    """
    settings = view.settings.sequences
    new = entrants(view)
    ripe = new.members.filter(pl.col("first_day") <= view.as_of - timedelta(days=settings.later_days))
    members = _worths(view, ripe)
    least = max(30, view.settings.scope.minimum_members)
    goods = first_goods(view, by).join(members, on="member_code", how="semi")
    found = later_worth(members, goods, least=least) if members.height >= least else None
    if found is None or found.is_empty():
        return _unmeasured(view, new, members.height, least)
    table = _table(view, found)
    return Finding(
        headline=_headline(view, table, members.height),
        table=table,
        chart=lambda: _chart(view, table, by),
        notes=_notes(view, new, members.height, goods["good"].n_unique() - table.height, least),
        ask_next=[
            ("targeting.path_members", {"entered_with": table["good"][0]}),
            ("targeting.entry_goods", {"by": "department" if by == "category" else "category"}),
            ("targeting.paths", {}),
        ],
        figures={"new_member_count": float(members.height)},
    )


def _worths(view: View, ripe: pl.DataFrame) -> pl.DataFrame:
    """`member_code`, `first_amount` and `later_amount` (minor units) of the members given."""
    worths = view.chainwide("first_worths", _first_worths, "sequences")
    return worths.join(ripe, on="member_code", how="semi", maintain_order="left")


def _first_worths(view: View) -> pl.DataFrame:
    """Of the whole chain, sorted by member_code."""
    first = first_visits(view, "category").select(
        "member_code", pl.col("day_1").alias("first_day"), pl.col("amount_1").alias("first_amount")
    )
    day = pl.col("ordered_at").dt.date()
    last = pl.col("first_day") + pl.duration(days=view.settings.sequences.later_days)
    later = (
        view.orders.join(first.lazy(), on="member_code")
        .filter((day > pl.col("first_day")) & (day <= last))
        .group_by("member_code")
        .agg(pl.col("amount").sum().alias("later_amount"))
        .collect(engine="streaming")
    )
    joined = first.join(later, on="member_code", how="left", maintain_order="left").with_columns(pl.col("later_amount").fill_null(0))
    return joined.select("member_code", "first_amount", "later_amount").sort("member_code")


def _table(view: View, found: pl.DataFrame) -> pl.DataFrame:
    reading = (
        pl.when(pl.col("ratio_low") > 1).then(pl.lit("worth more")).when(pl.col("ratio_high") < 1).then(pl.lit("worth less"))
    ).otherwise(pl.lit("no different"))
    return found.select(
        "good",
        "member_count",
        view.major("later_mean").alias("later_spend"),
        view.major("expected_mean").alias("expected_spend"),
        pl.col("ratio_shrunk").alias("worth_index"),
        pl.col("ratio_low").alias("worth_index_low"),
        pl.col("ratio_high").alias("worth_index_high"),
        pl.col("ratio").alias("raw_index"),
        reading.alias("reading"),
    ).sort("worth_index_low", "good", descending=[True, False])


def _headline(view: View, table: pl.DataFrame, n: int) -> str:
    days = view.settings.sequences.later_days
    best = table.filter(pl.col("reading") == "worth more")
    if best.is_empty():
        return (
            f"{where(view)}, no first purchase tells later worth: among {wording.some(n, 'new member')}, what was in the first basket "
            f"makes no difference to the next {days} days beyond chance, once first baskets of like worth are compared."
        )
    first = best.row(0, named=True)
    return (
        f"{where(view)}, members who start with {first['good']} (n = {first['member_count']:,}) are worth most later: "
        f"{wording.money(first['later_spend'], view.currency)} in the next {days} days, {first['worth_index']:.2f} times members with a "
        f"first basket of like worth ({first['worth_index_low']:.2f} to {first['worth_index_high']:.2f})."
    )


def _notes(view: View, new: Entrants, n: int, small: int, least: int) -> list[str | Note]:
    days = view.settings.sequences.later_days
    notes: list[str | Note] = [
        Note(
            "Members chose their first purchase themselves: whoever starts with a good may be another kind of shopper. Selling it to "
            "others need not make them worth more; only a trial with a control group would tell.",
            "REVIEW",
        ),
        new.note(view),
        f"n = {wording.some(n, 'new member')} watched for {days} days each; {new.members.height - n:,} came too late for that.",
        "The index is shrunk towards 1: of many goods the best is partly lucky, and would fall back next year (regression to the mean).",
    ]
    if small > 0:
        notes.append(f"Not shown: {wording.some(small, 'good')} with fewer than {least} first buyers, or with none who spent later.")
    return notes


def _unmeasured(view: View, new: Entrants, n: int, least: int) -> Finding:
    days = view.settings.sequences.later_days
    said = f"no good has {least} first buyers among {wording.some(n, 'new member')} who could be watched for {days} days"
    return Finding(
        headline=f"{where(view)}, entry goods are not measured: {said}.",
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[Note(f"Entry goods: {said}. Choose a larger scope, or a shorter sequences.later_days.", "NOT MEASURED"), new.note(view)],
    )


def _chart(view: View, table: pl.DataFrame, by: str) -> alt.Chart | alt.LayerChart:
    shown = table if table.height <= 16 else pl.concat([table.head(10), table.tail(6)])
    rest = "" if table.height <= 16 else f"; the first 10 and last 6 of {table.height}"
    return ranges(
        shown, label="good", value="worth_index", low="worth_index_low", high="worth_index_high", n="member_count", kind="index",
        reference=1.0, reference_title="as others", title=f"Later worth by first purchase: {view.place}",
        value_title="Later spend over that of like members",
        subtitle=f"Spend in the {view.settings.sequences.later_days} days after the first day, by {by}{rest}",
    )  # fmt: skip
