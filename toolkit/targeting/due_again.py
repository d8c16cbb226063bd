"""Due again: who is due for what, in which window, and how likely they are to buy it here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable, Table
from toolkit.errors import BadValue, require_rows
from toolkit.language import tr, value
from toolkit.registry import question
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import dropped_needs, due_list
from toolkit.targeting.measures.due_rhythms import STATED, By, due_rhythms
from toolkit.targeting.measures.goods import find_good, labels_of, level_of_shop

if TYPE_CHECKING:
    import altair as alt

DUE, SOON, OVERDUE = value("due"), value("soon"), value("overdue")
_NEAR = 0.05
"""A share of purchases held by the windows that is as near to the one meant stands as meant."""

MEMBERS = c.table(
    "one row per member and good, most likely purchase first",
    c.text("member_id", "Member"),
    c.text("category"),
    c.text("product", "Product", "the good, or the last one bought of the category"),
    c.text("level", "Listed by", "category or product"),
    c.day("last_bought_on"),
    c.day("due_from"),
    c.day("due_to"),
    c.text("state", "State", "due now, due soon, or overdue: the window has passed"),
    c.share("purchase_probability", "Probability of a purchase", "here, within sequences.due_within_days"),
    c.count("own_gap_count", "Own gaps", "the member's own closed gaps"),
    c.text("basis"),
    c.flag("contactable", "Contactable", null="the shop does not say"),
)
GOODS = c.table(
    "one row per good, most expected buyers first",
    c.text("category"),
    c.text("product", null="the good is a category"),
    c.text("basis"),
    c.days("life_days", "Stated life in days", null="none is stated"),
    c.days("again_days_median", "Days until bought again", "half of those who buy again have by then", dtype=pl.Int64),
    c.days("closed_gap_days_median", "Days, closed gaps alone", "too short"),
    c.share("again_share", "Buy again here", "within the days watched"),
    c.count("gap_count", "Closed gaps"),
    c.count("trial_count", "Forecasts tried", "forecasts of the past that the window is fitted to", null="with a stated life"),
    c.members(meaning="due, soon or overdue"),
    c.members("due_count", "Due now"),
    c.count("expected_buyers", "Expected buyers", "sum of probabilities", dtype=pl.Float64),
    few="drop",
)


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
    tables=(MEMBERS, GOODS),
    figures=(
        c.members("due_member_count", "Members due"),
        c.count("expected_needs", "Needs expected to be met"),
        c.count("dropped_count", "Left out"),
        c.count("members_in_all", "Members in all"),
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
    require_rows("targeting.due_again", top)
    by, instead = level_of_shop(view, by)
    wanted, called = _wanted(view, good, by)
    rhythms = _rhythms(view, by)
    if rhythms.is_empty():
        found = _unmeasured(view, MEMBERS if show == "member" else GOODS, by)
        return replace(found, notes=[*instead, *found.notes])
    inside = view.members.select("member_code")
    due = _states(view, due_list(view, by).filter(wanted).join(inside, on="member_code", how="semi", maintain_order="left"))
    of_goods = _goods(view, rhythms, due)
    goods = GOODS.of(of_goods.drop("product_id"), view)
    people = due["member_code"].n_unique()
    is_few = 0 < people < view.least
    rows = due.height if show == "good" or not top else min(top, due.height)
    dropped = int(dropped_needs(view, by).join(inside, on="member_code", how="semi")["dropped_count"].sum())
    return Finding(
        headline=_headline(view, due, people, goods, called),
        table=goods if show == "good" else MEMBERS.of(_members(view, due).head(rows), view),
        chart=(lambda: _chart(view, goods.frame)) if goods.height else None,
        notes=[*instead, *_notes(view, rhythms, due, 0 if good else dropped, due.height - rows)],
        ask_next=_next(show, by, good, of_goods.filter(pl.col("member_count") >= view.least)),
        figures={
            "due_member_count": float(people),
            "expected_needs": None if is_few else float(due["purchase_probability"].sum()),
            "dropped_count": float(dropped),
            "members_in_all": float(people) if show == "member" else None,
        },
    )


def _wanted(view: View, good: str, by: By) -> tuple[pl.Expr, str]:
    """What of the list is asked for, and how it is called in a sentence."""
    if not good:
        return pl.lit(True), ""
    asked = find_good(view, good, "targeting.due_again")
    if asked.level == "product" and by == "category":
        raise BadValue(
            tr("targeting.due_again: '{good}' is a product, and needs are listed by category. Ask with by='product'.", good=good)
        )
    return pl.col(f"{asked.level}_code") == asked.code, asked.label


def _rhythms(view: View, by: By) -> pl.DataFrame:
    """The rhythms that the list may speak of, with their `level`: categories, and products where they are asked for."""
    levels: tuple[By, ...] = ("category",) if by == "category" else ("category", "product")
    return pl.concat([due_rhythms(view, level).with_columns(pl.lit(level).alias("level")) for level in levels])


def _next(show: str, by: By, good: str, goods: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    first = goods.head(1).select(pl.coalesce("product_id", "category")).to_series().to_list() if goods.height and not good else []
    level: dict[str, Any] = {"by": by} if by == "product" else {}
    asked = [("targeting.due_again", {"good": name, **level, "top": 0}) for name in first]
    other = ("targeting.due_again", {"show": "good" if show == "member" else "member", **level})
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
    return rows.select(name for name in MEMBERS.by_name if name in rows.columns)


def _label(view: View, rows: pl.DataFrame) -> pl.Expr:
    """The products of the rows by name and id (null stays null)."""
    labels = labels_of(view, "product", rows["product_code"].drop_nulls().unique().to_list())
    return pl.col("product_code").replace_strict(labels, default=None, return_dtype=pl.String)


def _goods(view: View, rhythms: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    needs = due.group_by("level", "good_code").agg(
        pl.col("category_code").first(),
        pl.when(pl.col("level").first() == "product").then(pl.col("product_code").first()).alias("product_code"),
        pl.len().alias("member_count"),
        (pl.col("state") == DUE).sum().alias("due_count"),
        pl.col("purchase_probability").sum().alias("expected_buyers"),
    )
    ids = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    rows = (
        rhythms.join(needs, on=["level", "good_code"])
        .join(view.categories.select("category_code", "category"), on="category_code")
        .join(ids, on="product_code", how="left")
        .rename({"again_days": "again_days_median", "closed_gap_days": "closed_gap_days_median"})
    )
    return (
        rows.with_columns(_label(view, rows).alias("product"))
        .sort("expected_buyers", "category", "product_id", descending=[True, False, False])
        .select(*GOODS.by_name, "product_id")
    )


def _headline(view: View, due: pl.DataFrame, people: int, goods: AnswerTable, called: str) -> str:
    if due.is_empty():
        return view.say(
            "{where}, none of {members:member} is due for [{called}|anything] within {sequences.due_within_days} days.",
            members=view.members.height, called=called,
        )  # fmt: skip
    buyers, is_enough = round(float(due["purchase_probability"].sum())), people >= view.least
    if called:
        return view.say(
            "{where}, {people:few} of {members:member} are due, soon due or overdue for {called}[is_enough?; about {buyers} of them will "
            "buy it here within {sequences.due_within_days} days].",
            people=people, members=view.members.height, called=called, buyers=buyers, is_enough=is_enough,
        )  # fmt: skip
    most = goods.row() if goods.height else {"category": None, "product": None, "member_count": None, "expected_buyers": None}
    return view.say(
        "{where}, {people:few} of {members:member} are due, soon due or overdue for something, {needs} needs in all[is_enough?; about "
        "{buyers} of them will be met here within {sequences.due_within_days} days][; most for {good}: {member_count} members, about "
        "{expected_buyers} of whom will].",
        most, people=people, members=view.members.height, needs=due.height, buyers=buyers, is_enough=is_enough,
        good=most["product"] or most["category"],
    )  # fmt: skip


def _notes(view: View, rhythms: pl.DataFrame, due: pl.DataFrame, dropped: int, left_out: int) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "From the day of a purchase a window is meant to hold {sequences.due_window_share:.0%} of the next ones, of members who buy "
            "again within {activity.gone_days} days or the longest gap watched; the probability is that of a purchase here from "
            "{first_day} to {last_day}.",
            first_day=view.as_of + timedelta(days=1), last_day=view.as_of + timedelta(days=view.settings.sequences.due_within_days),
        ),
        *_tried(view, rhythms),
    ]  # fmt: skip
    short = rhythms.filter(~pl.col("is_pooled") & (pl.col("closed_gap_days") < pl.col("again_days"))).height
    if short:
        notes.append(
            view.say(
                "Closed gaps alone would call {short} of {goods:good} due too early: long gaps are the ones still open.",
                short=short, goods=rhythms.height,
            )
        )  # fmt: skip
    pooled = int(rhythms["is_pooled"].sum())
    if pooled:
        notes.append(
            view.say(
                "Goods with a stated service life but too few gaps of their own ({pooled}) take the shape of the other goods with a "
                "stated life, in parts of that life: less sure.",
                pooled=pooled,
            )
        )
    if not (rhythms["basis"] == STATED).any():
        is_stated = view.has_column("products", "service_life_days")
        notes.append(tr("No product that was sold has a stated service life.") if is_stated else _no_lives(view))
    overdue = due.filter(pl.col("state") == OVERDUE)
    if overdue.height:
        notes.append(
            view.say(
                "Overdue: {overdue:need}. They may have been met elsewhere, or no more; on average {chance:share} will be met here in the "
                "next {sequences.due_within_days} days.",
                overdue=overdue.height, chance=overdue["purchase_probability"].mean(),
            )
        )  # fmt: skip
    if dropped:
        notes.append(
            view.say(
                "Not listed: {dropped:need} open for longer than enough gaps of the good were watched. Nothing tells who of them still "
                "comes back; taken for met elsewhere, or no more.",
                dropped=dropped,
            )
        )
    if by_product := due.filter(pl.col("level") == "product").height:
        notes.append(
            view.say(
                "{by_product} of {needs:need} are for a product with a rhythm of its own, the others for a category. A product's need is "
                "dropped once the member has bought another product of the category.",
                by_product=by_product, needs=due.height,
            )
        )  # fmt: skip
    if left_out:
        shown = due.height - left_out
        notes.append(view.say("The {shown} most likely of {needs:need} are shown; top=0 gives all.", shown=shown, needs=due.height))
    if "contactable" in view.members.columns:
        notes.append(tr("Write only to members who are contactable; where the shop does not know, the answer is no."))
    return notes


def _no_lives(view: View) -> Note:
    return not_measured(view, "products", "service_life_days", tr("due dates from stated service lives"))


def _tried(view: View, rhythms: pl.DataFrame) -> list[Note]:
    """How the windows of goods without a stated life stand against the shop's own past."""
    own = rhythms.filter(pl.col("basis") != STATED)
    fitted, notes = own.filter(pl.col("trial_count") > 0), []
    tested = fitted.filter(pl.col("tested_count") > 0)
    if count := int(tested["tested_count"].sum()):
        held = float((tested["tested_share"] * tested["tested_count"]).sum()) / count
        text = view.say(
            "Windows of goods without a stated life are fitted to what followed forecasts tried since mid-receipts. Tested on members who "
            "had no part in the fit they hold {held:.0%} of {count} purchases, where {sequences.due_window_share:.0%} are meant "
            "({goods:good}; later months may differ).",
            held=held, count=count, goods=tested.height,
        )  # fmt: skip
        notes.append(Note(text, "PASS" if abs(held - view.settings.sequences.due_window_share) <= _NEAR else "REVIEW"))
    if untested := fitted.height - tested.height:
        text = view.say("Windows of {goods:good} rest on too few forecasts to be tested, or take the shape of the others.", goods=untested)
        notes.append(Note(text, "NOT MEASURED"))
    if untried := own.height - fitted.height:
        text = view.say("Windows of {goods:good} could not be tried on the past: they may be too narrow and too early.", goods=untried)
        notes.append(Note(text, "REVIEW"))
    return notes


def _unmeasured(view: View, declared: Table, by: By) -> Finding:
    headline = view.say(
        "{where}, due dates are not measured for {members:member}: no {by:word} has a stated service life or a rhythm of its own with "
        "{sequences.due_minimum_gaps} closed gaps.",
        members=view.members.height, by=by,
    )  # fmt: skip
    advice = view.say(
        "Due again: no {by:word} has a stated service life or a rhythm of its own with {sequences.due_minimum_gaps} closed gaps (setting "
        "sequences.due_minimum_gaps).",
        by=by,
    )
    missing = [] if view.has_column("products", "service_life_days") else [_no_lives(view)]
    return Finding(headline=headline, table=declared.empty(), notes=[Note(advice, "NOT MEASURED"), *missing])


def _chart(view: View, goods: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    return ranked_bars(
        goods.head(15).with_columns(pl.coalesce("product", "category").alias("good")),
        label="good",
        value="expected_buyers",
        n="member_count",
        ranked=False,
        title=view.say("Due again: {place}"),
        subtitle=view.say(
            "Members expected to buy again within {sequences.due_within_days} days after {as_of}; n = due, soon due or overdue"
        ),
        value_title=tr("Expected buyers"),
    )
