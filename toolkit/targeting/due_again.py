"""Due again: who is due for what, in which window, and how likely they are to buy it here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.errors import BadValue
from toolkit.language import tr, value, word
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, where
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import dropped_needs, due_list
from toolkit.targeting.measures.due_rhythms import STATED, By, due_rhythms
from toolkit.targeting.measures.goods import find_good, labels_of

if TYPE_CHECKING:
    import altair as alt

DUE, SOON, OVERDUE = value("due"), value("soon"), value("overdue")
_NEAR = 0.05
"""A share of purchases held by the windows that is as near to the one meant stands as meant."""
_SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "member": {"member_id": pl.String, "category": pl.String, "due_from": pl.Date, "due_to": pl.Date, "purchase_probability": pl.Float64},
    "good": {"category": pl.String, "product": pl.String, "member_count": pl.Int64, "expected_buyers": pl.Float64},
}


@question(
    "targeting",
    "Who is due for what again, and when?",
    words=(
        "due again, replenishment, time to buy again, repurchase reminder",
        "which members will need a new one soon",
        "what is used up and must be replaced, service life",
        "repurchase window by member and category or product",
        "复购 到期 换新 提醒",
        "谁该复购了",
    ),
)
def due_again(view: View, *, show: Literal["member", "good"] = "member", by: By = "category", good: str = "", top: int = 200) -> Finding:
    """Return who is due for what: one row per member and good, most likely purchase first; or one row per good.

    The usual wait comes from the shop's own gaps between purchases, gaps still open counted as such (Kaplan-Meier). Goods with a stated
    service life and too few gaps of their own take the shape of the other goods with one. Without a stated life, a good counts only where
    members' gaps are more regular than chance, for members who bought it three times or more, and its curve is fitted to forecasts tried on
    the shop's own past: see due_rhythms. A member's own rhythm moves and narrows the curve, the more, the more gaps they have. The window
    is the shortest that holds most purchases of those who buy again (setting sequences.due_window_share). Whoever lets the window pass may
    have replaced it elsewhere: the probability falls with the share that does.

    Members in scope who ordered within scope.active_days, across the chain.

    Parameters
    ----------
    show
        `member` (the list) or `good` (how many are due for what).
    by
        `category`: a need is for a category. `product`: products with a stated life, or with enough regular gaps, stand for themselves,
        unless the member has bought another one of the category since; the member's other needs stay by category. `level` says which.
    good
        Only this category or product (id or name): its members are the audience to write to.
    top
        Rows of the member list at most; 0 = all, as an audience needs.

    Returns
    -------
    Answer
        Table columns with `member`: `member_id`, `category`, `product` (the good, or the last one bought of the category), `level`,
        `last_bought_on`, `due_from`, `due_to`, `state` (`due` now, due `soon`, `overdue`: the window has passed), `purchase_probability`
        (buys it here within sequences.due_within_days), `own_gap_count` (the member's own closed gaps), `basis`, and `contactable` where
        the shop says. With `good`: `category`, `product` (null where the good is a category), `basis`, `life_days` (stated; null where
        none), `again_days_median` (half of those who buy again have by then), `closed_gap_days_median` (what closed gaps alone would say:
        too short), `again_share` (buy it again here within the days watched), `gap_count` (closed gaps), `trial_count` (forecasts of the
        past that the window is fitted to; null with a stated life), `member_count` (due, soon or overdue), `due_count` (due now),
        `expected_buyers` (sum of probabilities).

    Raises
    ------
    UnknownName
        There is no such good; the nearest is named.
    BadValue
        `top` is below 0; `good` is a product and `by` is not, or several products have that name.

    Notes
    -----
    Kaplan and Meier, JASA 53 (1958), 457-481. How well dates and probabilities come true on a simulated shop:
    benchmarks/truth_targeting.py.

    Example
    -------
    >>> tk.targeting.due_again(ws, good="COFFEE", top=0).table          # doctest: +SKIP
    """
    if top < 0:
        raise BadValue(tr("targeting.due_again: top is {top}; a number of rows was needed, or 0 for all.", top=top))
    wanted, called = _wanted(view, good, by)
    rhythms = _rhythms(view, by)
    if rhythms.is_empty():
        return _unmeasured(view, show, by)
    inside = view.members.select("member_code")
    due = _states(view, due_list(view, by).filter(wanted).join(inside, on="member_code", how="semi", maintain_order="left"))
    goods = _goods(view, rhythms, due)
    whole = _members(view, due) if show == "member" else goods
    table = whole.head(top) if top and show == "member" else whole.drop("product_id", strict=False)
    dropped = int(dropped_needs(view, by).join(inside, on="member_code", how="semi")["dropped_count"].sum())
    people = due["member_code"].n_unique()
    return Finding(
        headline=_headline(view, due, goods, called),
        table=table,
        chart=(lambda: _chart(view, goods)) if goods.height else None,
        notes=_notes(view, rhythms, due, 0 if good else dropped, whole.height - table.height),
        ask_next=_next(show, by, good, goods),
        figures={
            "due_member_count": float(people), "expected_buyers": float(due["purchase_probability"].sum()), "dropped_count": float(dropped),
            **({"members_in_all": float(people)} if show == "member" else {}),
        },
    )  # fmt: skip


def _wanted(view: View, good: str, by: By) -> tuple[pl.Expr, str]:
    """What of the list is asked for, and how it is called in a sentence."""
    if not good:
        return pl.lit(True), ""
    found = find_good(view, good, "targeting.due_again")
    if found.level == "product" and by == "category":
        raise BadValue(
            tr("targeting.due_again: '{good}' is a product, and needs are listed by category. Ask with by='product'.", good=good)
        )
    return pl.col(f"{found.level}_code") == found.code, found.label


def _rhythms(view: View, by: By) -> pl.DataFrame:
    """The rhythms that the list may speak of, with their `level`: categories, and products where they are asked for."""
    levels: tuple[By, ...] = ("category",) if by == "category" else ("category", "product")
    return pl.concat([due_rhythms(view, level).with_columns(pl.lit(level).alias("level")) for level in levels])


def _next(show: str, by: By, good: str, goods: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    first = goods.head(1).select(pl.coalesce("product_id", "category")).to_series().to_list() if goods.height and not good else []
    kept: dict[str, Any] = {"by": by} if by == "product" else {}
    asked = [("targeting.due_again", {"good": name, **kept, "top": 0}) for name in first]
    other = ("targeting.due_again", {"show": "good" if show == "member" else "member", **kept})
    finer = [] if by == "product" else [("targeting.due_again", {"by": "product"})]
    return [*asked, other, *finer]


def _states(view: View, listed: pl.DataFrame) -> pl.DataFrame:
    state = pl.when(pl.col("due_to") < view.as_of).then(pl.lit(OVERDUE)).when(pl.col("due_from") <= view.as_of).then(pl.lit(DUE))
    return listed.with_columns(state.otherwise(pl.lit(SOON)).alias("state"))


def _members(view: View, due: pl.DataFrame) -> pl.DataFrame:
    names = view.categories.select("category_code", "category")
    who = view.members.select("member_code", "member_id", *[name for name in ("contactable",) if name in view.members.columns])
    rows = due.join(who, on="member_code").join(names, on="category_code")
    rows = rows.with_columns(_label(view, rows).alias("product"))
    rows = rows.sort("purchase_probability", "member_id", "category", "product", descending=[True, False, False, False])
    columns = ["member_id", "category", "product", "level", "last_bought_on", "due_from", "due_to", "state", "purchase_probability"]
    return rows.select(*columns, "own_gap_count", "basis", *[name for name in ("contactable",) if name in rows.columns])


def _label(view: View, rows: pl.DataFrame) -> pl.Expr:
    """The products of the rows by name and id (null stays null)."""
    labels = labels_of(view, "product", rows["product_code"].drop_nulls().unique().to_list())
    return pl.col("product_code").replace_strict(labels, default=None, return_dtype=pl.String)


def _goods(view: View, rhythms: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    held = due.group_by("level", "good_code").agg(
        pl.col("category_code").first(),
        pl.when(pl.col("level").first() == "product").then(pl.col("product_code").first()).alias("product_code"),
        pl.len().cast(pl.Int64).alias("member_count"),
        (pl.col("state") == DUE).sum().cast(pl.Int64).alias("due_count"),
        pl.col("purchase_probability").sum().alias("expected_buyers"),
    )
    shown = held.filter(pl.col("member_count") >= view.settings.scope.minimum_members)
    ids = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    rows = (
        rhythms.join(shown, on=["level", "good_code"])
        .join(view.categories.select("category_code", "category"), on="category_code")
        .join(ids, on="product_code", how="left")
    )
    return (
        rows.with_columns(_label(view, rows).alias("product"))
        .sort("expected_buyers", "category", "product_id", descending=[True, False, False])
        .select(
            "category",
            "product",
            "product_id",
            "basis",
            "life_days",
            pl.col("again_days").alias("again_days_median"),
            pl.col("closed_gap_days").alias("closed_gap_days_median"),
            "again_share",
            "gap_count",
            "trial_count",
            "member_count",
            "due_count",
            "expected_buyers",
        )
    )


def _headline(view: View, due: pl.DataFrame, goods: pl.DataFrame, called: str) -> str:
    n, days = wording.some(view.members.height, "member"), view.settings.sequences.due_within_days
    if due.is_empty() and not called:
        return tr("{where}, none of {n} is due for anything within {days} days.", where=where(view), n=n, days=days)
    if due.is_empty():
        return tr("{where}, none of {n} is due for {called} within {days} days.", where=where(view), n=n, called=called, days=days)
    people = due["member_code"].n_unique()
    buyers = round(float(due["purchase_probability"].sum()))
    if called:
        return tr(
            "{where}, {people:,} of {n} are due, soon due or overdue for {called}; about {buyers:,} of them will buy it "
            "here within {days} days.",
            where=where(view),
            people=people,
            n=n,
            called=called,
            buyers=buyers,
            days=days,
        )
    first = ""
    if goods.height:
        top = goods.row(0, named=True)
        first = tr(
            "; most for {product}: {member_count:,} members, about {expected_buyers:,.0f} of whom will",
            product=top["product"] or top["category"],
            member_count=top["member_count"],
            expected_buyers=top["expected_buyers"],
        )
    return tr(
        "{where}, {people:,} of {n} are due, soon due or overdue for something, {needs:,} needs in all; about "
        "{buyers:,} of them will be met here within {days} days{first}.",
        where=where(view),
        people=people,
        n=n,
        needs=due.height,
        buyers=buyers,
        days=days,
        first=first,
    )


def _notes(view: View, rhythms: pl.DataFrame, due: pl.DataFrame, dropped: int, left_out: int) -> list[str | Note]:
    settings = view.settings.sequences
    notes: list[str | Note] = [
        tr(
            "From the day of a purchase a window is meant to hold {due_window_share} of the next ones, of members who "
            "buy again within {gone_days} days or the longest gap watched; the probability is that of a purchase here "
            "from {first_day} to {last_day}.",
            due_window_share=wording.share(settings.due_window_share, 0),
            gone_days=view.settings.activity.gone_days,
            first_day=view.as_of + timedelta(days=1),
            last_day=view.as_of + timedelta(days=settings.due_within_days),
        ),
        *_tried(view, rhythms),
    ]
    short = rhythms.filter(~pl.col("is_pooled") & (pl.col("closed_gap_days") < pl.col("again_days")))
    if short.height:
        notes.append(
            tr(
                "Closed gaps alone would call {short:,} of {goods} due too early: long gaps are the ones still open.",
                short=short.height,
                goods=wording.some(rhythms.height, "good"),
            )
        )
    pooled = int(rhythms["is_pooled"].sum())
    if pooled:
        notes.append(
            tr(
                "Goods with a stated service life but too few gaps of their own ({pooled:,}) take the shape of the other "
                "goods with a stated life, in parts of that life: less sure.",
                pooled=pooled,
            )
        )
    if not (rhythms["basis"] == STATED).any():
        said = not_measured(view, "products", "service_life_days", tr("due dates from stated service lives"))
        stated = view.has_column("products", "service_life_days")
        notes.append(tr("No product that was sold has a stated service life.") if stated else said)
    overdue = due.filter(pl.col("state") == OVERDUE)
    if overdue.height:
        chance = wording.share(float(str(overdue["purchase_probability"].mean() or 0)))
        notes.append(
            tr(
                "Overdue: {needs}. They may have been met elsewhere, or no more; on average {chance} will be met here in the "
                "next {due_within_days} days.",
                needs=wording.some(overdue.height, "need"),
                chance=chance,
                due_within_days=settings.due_within_days,
            )
        )
    if dropped:
        notes.append(
            tr(
                "Not listed: {needs} open for longer than enough gaps of the good were watched. Nothing tells who of them "
                "still comes back; taken for met elsewhere, or no more.",
                needs=wording.some(dropped, "need"),
            )
        )
    if by_product := due.filter(pl.col("level") == "product").height:
        notes.append(
            tr(
                "{by_product:,} of {needs} are for a product with a rhythm of its own, the others for a category. A "
                "product's need is dropped once the member has bought another product of the category.",
                by_product=by_product,
                needs=wording.some(due.height, "need"),
            )
        )
    if left_out:
        notes.append(
            tr(
                "The {shown:,} most likely of {needs} are shown; top=0 gives all.",
                shown=due.height - left_out,
                needs=wording.some(due.height, "need"),
            )
        )
    if "contactable" in view.members.columns:
        notes.append(tr("Write only to members who are contactable; where the shop does not know, the answer is no."))
    return notes


def _tried(view: View, rhythms: pl.DataFrame) -> list[Note]:
    """How the windows of goods without a stated life stand against the shop's own past."""
    own = rhythms.filter(pl.col("basis") != STATED)
    fitted, notes = own.filter(pl.col("trial_count") > 0), []
    tested = fitted.filter(pl.col("tested_count") > 0)
    if count := int(tested["tested_count"].sum()):
        held = float((tested["tested_share"] * tested["tested_count"]).sum()) / count
        meant = view.settings.sequences.due_window_share
        verdict = "PASS" if abs(held - meant) <= _NEAR else "REVIEW"
        notes.append(
            Note(
                tr(
                    "Windows of goods without a stated life are fitted to what followed forecasts tried since mid-receipts. "
                    "Tested on members who had no part in the fit they hold {held} of {count:,} purchases, where {meant} are "
                    "meant ({goods}; later months may differ).",
                    held=wording.share(held, 0),
                    count=count,
                    meant=wording.share(meant, 0),
                    goods=wording.some(tested.height, "good"),
                ),
                verdict,
            )
        )
    if fitted.height > tested.height:
        few = wording.some(fitted.height - tested.height, "good")
        notes.append(
            Note(tr("Windows of {few} rest on too few forecasts to be tested, or take the shape of the others.", few=few), "NOT MEASURED")
        )
    if own.height > fitted.height:
        few = wording.some(own.height - fitted.height, "good")
        notes.append(Note(tr("Windows of {few} could not be tried on the past: they may be too narrow and too early.", few=few), "REVIEW"))
    return notes


def _unmeasured(view: View, show: str, by: By) -> Finding:
    least = view.settings.sequences.due_minimum_gaps
    said = tr("no {by} has a stated service life or a rhythm of its own with {least} closed gaps", by=word(by), least=least)
    notes: list[str | Note] = [Note(tr("Due again: {said} (setting sequences.due_minimum_gaps).", said=said), "NOT MEASURED")]
    if not view.has_column("products", "service_life_days"):
        notes.append(not_measured(view, "products", "service_life_days", tr("due dates from stated service lives")))
    return Finding(
        headline=tr(
            "{where}, due dates are not measured for {members}: {said}.",
            where=where(view),
            members=wording.some(view.members.height, "member"),
            said=said,
        ),
        table=pl.DataFrame(schema=_SCHEMAS[show]),
        notes=notes,
    )


def _chart(view: View, goods: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    days = view.settings.sequences.due_within_days
    return ranked_bars(
        goods.head(15).with_columns(pl.coalesce("product", "category").alias("good")),
        label="good",
        value="expected_buyers",
        n="member_count",
        ranked=False,
        title=tr("Due again: {place}", place=view.place),
        subtitle=tr(
            "Members expected to buy again within {days} days after {as_of}; n = due, soon due or overdue", days=days, as_of=view.as_of
        ),
        value_title=tr("Expected buyers"),
    )
