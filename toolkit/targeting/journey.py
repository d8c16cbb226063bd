"""The journey: from a visit to a look, a cart and an order; the last touch before an order; and from the public to membership."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable, Row
from toolkit.language import tr, value
from toolkit.portrait.rfm import rfm_scores
from toolkit.registry import question
from toolkit.scope.phrases import made_where
from toolkit.scope.view import View
from toolkit.targeting.measures.events import has_events, no_events
from toolkit.targeting.measures.joining import JOINING, joining
from toolkit.targeting.measures.shares import share_text
from toolkit.targeting.measures.visits import MESSAGE, last_touches, messages, touch_name, visits

if TYPE_CHECKING:
    import altair as alt

Show = Literal["funnel", "last_touch", "segment", "joining"]
NO_TOUCH = value("none seen")
_STEPS = ((value("visit"), None), (value("look"), "is_view"), (value("cart"), "is_cart"), (value("order the same day"), "is_order"))
_SENT = ((value("sent"), None), (value("opened"), "is_opened"), (value("clicked"), "is_clicked"))

FUNNEL = c.table(
    "one row per touchpoint and step",
    c.text("touchpoint", "Touchpoint"),
    c.text("step", "Step"),
    c.count("visit_count", "Visits", "visits, or contacts sent"),
    c.members(),
    c.share("step_share", "Of the step before", null="at the first step"),
    c.share("visit_share", "Of the first step"),
    c.share("later_order_share", "Ordered soon after", "with an order on that day or within sequences.look_before_days"),
    few="drop",
    note=False,
)
LAST_TOUCH = c.table(
    "one row per touchpoint before an order, most orders first",
    c.text("touchpoint", "Touchpoint", "none seen where there was none"),
    c.count("order_count", "Orders"),
    c.share("order_share", "Share of orders"),
    c.money("sales", "Sales"),
    c.money("order_value", "Order value"),
)
SEGMENTS = c.table(
    "one row per segment, largest first",
    c.text("segment"),
    c.members(hidden_by=None),  # never fewer than those who visited, which decide
    c.members("visitor_count", "Visitors"),
    c.share("visitor_share", "Share who visit", hidden_by="visitor_count"),
    c.count("visit_count", "Visits", hidden_by="visitor_count"),
    c.share("look_share", "Look share", "of the visits", hidden_by="visitor_count"),
    c.share("cart_share", "Cart share", "of the visits", hidden_by="visitor_count"),
    c.share("same_day_order_share", "Ordered the same day", "of the visits", hidden_by="visitor_count"),
    few="drop",
    note=False,
)


@question(
    "targeting",
    "How do members get from a touchpoint to an order, and where do they turn back?",
    words=(
        "journey, funnel: view, cart, order",
        "last touch before an order, attribution",
        "conversion by touchpoint, app, web, message",
        "conversion by segment",
        "public to member conversion, how many become members",
        "旅程 漏斗 触点 转化 公域 私域",
    ),
    tables=(FUNNEL, LAST_TOUCH, SEGMENTS, JOINING),
    figures=(
        c.share("same_day_order_share", "Ordered the same day"),
        c.share("touched_order_share", "Orders after a touch"),
    ),
)
def journey(view: View, *, show: Show = "funnel") -> Finding:
    """Return how visits in the window went on to an order, step by step.

    A visit is a member's day at a touchpoint with at least one event. Steps are nested: looked (view, search, favourite or cart), put in
    the cart, ordered the same day (anywhere, some category of the cart; anything where the cart names no goods). Contacts go
    from sent to opened, clicked. Orders of the steps are the members' own, in all stores.

    Parameters
    ----------
    show
        `funnel`: by touchpoint. `last_touch`: orders by the latest event or contact of the member within sequences.look_before_days.
        `segment`: the funnel by RFM segment. `joining`: from orders of the public to those who joined and their second order, as far as the
        data shows.

    Notes
    -----
    An order after a touch is not an order because of it: buyers look before they buy. What a message adds is measured with a control group.

    Example
    -------
    >>> tk.targeting.journey(ws, show="last_touch").table              # doctest: +SKIP
    """
    if show == "joining":
        return joining(view)
    events = has_events(view)
    if show == "segment" and not events:
        return no_events(view, tr("visits"), SEGMENTS)
    if show == "last_touch":
        seen = events or view.workspace.table("contacts") is not None
        return _last_touch(view) if seen else no_events(view, tr("touches"), LAST_TOUCH)
    if show == "segment":
        return _segments(view)
    sent = messages(view).join(view.members.select("member_code"), on="member_code", how="semi")
    if not events and sent.is_empty():
        return no_events(view, tr("visits"), FUNNEL)
    return _funnel(view, _mine(view) if events else None, sent)


def _mine(view: View) -> pl.DataFrame:
    return visits(view).join(view.members.select("member_code"), on="member_code", how="semi", maintain_order="left")


def _funnel(view: View, mine: pl.DataFrame | None, sent: pl.DataFrame) -> Finding:
    parts = [FUNNEL.schema.to_frame()]
    if mine is not None:
        parts += [_steps(mine.filter(touchpoint=name), name, _STEPS) for name in sorted(mine["touchpoint"].unique())]
    parts += [_steps(sent.filter(touchpoint=name), touch_name(f"{MESSAGE}: {name}"), _SENT) for name in sorted(sent["touchpoint"].unique())]
    whole = pl.concat(parts)
    shown = FUNNEL.of(whole.filter(pl.col("member_count") > 0), view)
    notes: list[str | Note] = [
        _not_because(),
        view.say("Window: {period}. Orders of the steps are the members' own, in all stores."),
    ]
    if few := whole.height - shown.height:
        notes.append(view.say("{few:step} of fewer than {least} members not shown.", few=few))
    if mine is None:
        notes.append(Note(tr("No `events` table: visits, looks and carts are not measured; only contacts are shown."), "NOT MEASURED"))
    return Finding(
        headline=_funnel_headline(view, mine, sent),
        table=shown,
        chart=(lambda: _funnel_chart(view, shown)) if shown.height else None,
        notes=notes,
        ask_next=[("targeting.journey", {"show": "last_touch"}), ("targeting.looked_not_bought", {})],
        figures={"same_day_order_share": None if mine is None else _share_of(view, mine, "is_order")},
    )


def _share_of(view: View, rows: pl.DataFrame, column: str) -> float | None:
    """Share of visits or messages; None without any, or where it speaks of too few members."""
    inside = rows.filter(column)
    return None if rows.is_empty() or 0 < inside["member_code"].n_unique() < view.least else inside.height / rows.height


def _steps(rows: pl.DataFrame, name: str, steps: tuple[tuple[str, str | None], ...]) -> pl.DataFrame:
    """The nested steps of one touchpoint."""
    counts = []
    inside = rows
    for step, column in steps:
        inside = inside if column is None else inside.filter(column)
        later = None if inside.is_empty() else float(inside["later_order"].mean())  # type: ignore[arg-type]
        counts.append((name, step, inside.height, inside["member_code"].n_unique(), None, None, later))
    before = pl.col("visit_count").shift(1)
    return pl.DataFrame(counts, schema=FUNNEL.schema, orient="row").with_columns(
        pl.when(before > 0).then(pl.col("visit_count") / before).alias("step_share"),
        (pl.col("visit_count") / max(rows.height, 1)).alias("visit_share"),
    )


def _funnel_headline(view: View, mine: pl.DataFrame | None, sent: pl.DataFrame) -> str:
    if mine is None:
        return view.say(
            "{where}, [{ordered} of {messages:message}|of {messages:message} those to fewer than {least} members] were followed by an "
            "order within {sequences.look_before_days} days; visits are not measured, as there is no `events` table.",
            ordered=share_text(_share_of(view, sent, "later_order")), messages=sent.height,
        )  # fmt: skip
    if mine.is_empty():
        return view.say("{where}, none of {members:member} visited a touchpoint from {period}.", members=view.members.height)
    cart = _share_of(view, mine, "is_cart")
    return view.say(
        "{where}, [{ordered} of {visits:visit} by {people:member}|of {visits:visit} by {people:member} those of fewer than {least} "
        "members] ended in an order the same day[, {of_carts} of those with a cart][; {lost} never reached the cart].",
        ordered=share_text(_share_of(view, mine, "is_order")), visits=mine.height, people=mine["member_code"].n_unique(),
        of_carts=share_text(_share_of(view, mine.filter("is_cart"), "is_order")), lost=share_text(None if cart is None else 1 - cart),
    )  # fmt: skip


def _last_touch(view: View) -> Finding:
    touches = last_touches(view)
    if view.scope.is_place:
        touches = touches.filter(pl.col("store_code").is_in(_stores_of(view)))
    touches = touches.join(view.members.select("member_code"), on="member_code", how="semi")
    whole = (
        touches.with_columns(pl.col("touchpoint").fill_null(NO_TOUCH))
        .group_by("touchpoint")
        .agg(pl.len().alias("order_count"), pl.col("amount").sum(), pl.col("member_code").n_unique().alias("members"))
        .sort(pl.col("touchpoint") == NO_TOUCH, "order_count", "touchpoint", descending=[False, True, False])
    )
    large = whole.filter(pl.col("members") >= view.least)  # members are no column of the table, so that it cannot hide by them
    frame = large.select(
        pl.Series("touchpoint", [touch_name(name) for name in large["touchpoint"]], dtype=pl.String),
        "order_count",
        (pl.col("order_count") / max(touches.height, 1)).alias("order_share"),
        view.major("amount").alias("sales"),
        (view.major("amount") / pl.col("order_count")).alias("order_value"),
    )
    shown = LAST_TOUCH.of(frame, view)
    touched = _share_of(view, touches.with_columns(pl.col("touchpoint").is_not_null().alias("is_touched")), "is_touched")
    notes: list[str | Note] = [
        _not_because(),
        view.say("Orders {made_where}, {period}; of several touches the latest counts alone.", made_where=made_where(view)),
    ]
    if not has_events(view):
        notes.append(Note(tr("No `events` table: only contacts are touches here."), "NOT MEASURED"))
    if few := whole.height - large.height:
        notes.append(view.say("{few:touchpoint} with orders of fewer than {least} members not shown.", few=few))
    named = shown.cut(frame.filter(large["touchpoint"] != NO_TOUCH))
    return Finding(
        headline=_touch_headline(view, touches.height, touched, named.row() if named.height else None),
        table=shown,
        chart=(lambda: _touch_chart(view, shown.frame)) if shown.height else None,
        notes=notes,
        ask_next=[("targeting.journey", {"show": "funnel"})],
        figures={"touched_order_share": touched},
    )


def _touch_headline(view: View, order_count: int, touched: float | None, most: Row | None) -> str:
    if not order_count:
        return view.say("{where}, none of {members:member} ordered from {period}.", members=view.members.height)
    return view.say(
        "{where}, [{touched} of {orders:member order}|of {orders:member order} those of fewer than {least} members] had a touch within the "
        "{sequences.look_before_days} days before[, most often {touchpoint} ({order_share})].",
        most or {"touchpoint": None, "order_share": None}, touched=share_text(touched), orders=order_count,
    )  # fmt: skip


def _stores_of(view: View) -> list[int]:
    """The stores of a scope that is a place."""
    here = pl.col("store_id") == view.scope.store_id if view.scope.store_id is not None else pl.col("region") == view.scope.region
    return view.stores.filter(here)["store_code"].drop_nulls().to_list()


def _segments(view: View) -> Finding:
    members = rfm_scores(view.chain).select("member_id", "segment").join(view.members.select("member_id", "member_code"), on="member_id")
    mine = _mine(view)
    seen = mine.join(members.select("member_code", "segment"), on="member_code").group_by("segment").agg(
        pl.col("member_code").n_unique().alias("visitor_count"),
        pl.len().alias("visit_count"),
        *[pl.col(column).mean().alias(name) for column, name in
          (("is_view", "look_share"), ("is_cart", "cart_share"), ("is_order", "same_day_order_share"))],
    )  # fmt: skip
    whole = (
        members.group_by("segment")
        .agg(pl.len().alias("member_count"))
        .join(seen, on="segment", how="left")
        .with_columns(pl.col("visitor_count", "visit_count").fill_null(0))
        .with_columns((pl.col("visitor_count") / pl.col("member_count")).alias("visitor_share"))
        .sort("member_count", "segment", descending=[True, False])
    )
    shown = SEGMENTS.of(whole.filter(pl.col("visitor_count") > 0), view)
    notes: list[str | Note] = [
        _not_because(),
        tr("A segment is the member's own across the chain, as of the end: who buys more is in a better one."),
    ]
    if few := whole.height - shown.height:
        notes.append(view.say("{few:segment} with fewer than {least} visitors not shown.", few=few))
    best = shown.cut(shown.frame.sort("same_day_order_share", "segment", descending=[True, False]))
    if best.height:
        headline = view.say(
            "{where}, visits of {segment} end in an order the same day most often: {same_day_order_share} of {visit_count:visit} by "
            "{visitor_count:member}.",
            best.row(),
        )
    else:
        headline = view.say("{where}, no segment of {members:member} has {least} visitors from {period}.", members=view.members.height)
    return Finding(
        headline=headline,
        table=shown,
        chart=(lambda: _segment_chart(view, shown.frame)) if shown.height else None,
        notes=notes,
        ask_next=[("targeting.journey", {"show": "funnel"})],
    )


def _not_because() -> Note:
    return Note(
        tr(
            "An order after a touch is not an order because of it: buyers look before they buy. What a message adds, "
            "only a control group tells."
        ),
        "REVIEW",
    )


def _funnel_chart(view: View, shown: AnswerTable) -> alt.Chart | alt.LayerChart:
    labels = [view.say("{touchpoint}: {step}", row) for row in shown.rows()]
    return ranked_bars(
        shown.frame.with_columns(pl.Series("label", labels, dtype=pl.String)).head(24),
        label="label",
        value="visit_share",
        n="visit_count",
        kind="share1",
        ranked=False,
        title=view.say("From visit to order: {place}"),
        subtitle=view.say("Share of visits (or messages) that reach each step, {period}"),
        value_title=tr("Share of the first step"),
    )


def _touch_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    return ranked_bars(
        table,
        label="touchpoint",
        value="order_share",
        n="order_count",
        kind="share1",
        ranked=False,
        title=view.say("Last touch before an order: {place}"),
        subtitle=view.say("Member orders, {period}"),
        value_title=tr("Share of member orders"),
    )


def _segment_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    return ranked_bars(
        table,
        label="segment",
        value="same_day_order_share",
        n="visit_count",
        kind="share1",
        ranked=False,
        title=view.say("Visits that end in an order: {place}"),
        subtitle=view.say("By segment, {period}; n = visits"),
        value_title=tr("Share of visits"),
    )
