"""The journey: from a visit to a look, a cart and an order; the last touch before an order; and from the public to membership."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.language import tr, value, word
from toolkit.portrait.rfm import rfm_scores
from toolkit.registry import question
from toolkit.scope.phrases import made_where, where
from toolkit.scope.view import View
from toolkit.targeting.measures.events import has_events, no_events
from toolkit.targeting.measures.joining import joining
from toolkit.targeting.measures.visits import MESSAGE, last_touches, messages, touch_name, visits

if TYPE_CHECKING:
    import altair as alt

Show = Literal["funnel", "last_touch", "segment", "joining"]
NO_TOUCH = value("none seen")
_STEPS = ((value("visit"), None), (value("look"), "is_view"), (value("cart"), "is_cart"), (value("order the same day"), "is_order"))
_SENT = ((value("sent"), None), (value("opened"), "is_opened"), (value("clicked"), "is_clicked"))
_SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "funnel": {"touchpoint": pl.String, "step": pl.String, "visit_count": pl.Int64, "step_share": pl.Float64},
    "last_touch": {"touchpoint": pl.String, "order_count": pl.Int64, "order_share": pl.Float64},
    "segment": {"segment": pl.String, "member_count": pl.Int64, "visitor_count": pl.Int64},
    "joining": {"step": pl.String, "count": pl.Int64, "step_share": pl.Float64},
}


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
)
def journey(view: View, *, show: Show = "funnel") -> Finding:
    """Return how visits in the window went on to an order, step by step.

    A visit is a member's day at a touchpoint with at least one event. Steps are nested: looked (view, search, favourite or cart), put in
    the cart, ordered the same day (anywhere). Contacts go from sent to opened, clicked. Orders of the steps are the
    members' own, in all stores.

    Parameters
    ----------
    show
        `funnel`: by touchpoint. `last_touch`: orders by the latest event or contact of the member within sequences.look_before_days.
        `segment`: the funnel by RFM segment. `joining`: from orders of the public to new members and their second order, as far as the
        data shows.

    Returns
    -------
    Answer
        Table columns with `funnel`: `touchpoint`, `step`, `visit_count` (visits, or contacts sent), `member_count`, `step_share` (0..1 of
        the step before; null at the first), `visit_share` (0..1 of the first step), `later_order_share` (0..1 of these visits with an
        order on that day or within sequences.look_before_days). With `last_touch`: `touchpoint` (`none seen` where there was none),
        `order_count`, `order_share`, `sales` (currency units), `order_value`. With `segment`: `segment`, `member_count`,
        `visitor_count`, `visitor_share`, `visit_count`, and of the visits `look_share`, `cart_share`, `same_day_order_share`. With
        `joining`: `step`, `count`, `step_share` (0..1 of the step named in `of`), `of`.

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
        return no_events(view, tr("visits"), _SCHEMAS[show])
    if show == "last_touch":
        seen = events or view.workspace.table("contacts") is not None
        return _last_touch(view) if seen else no_events(view, tr("touches"), _SCHEMAS[show])
    if show == "segment":
        return _segments(view)
    sent = messages(view).join(view.members.select("member_code"), on="member_code", how="semi")
    if not events and sent.is_empty():
        return no_events(view, tr("visits"), _SCHEMAS["funnel"])
    return _funnel(view, _mine(view) if events else None, sent)


def _mine(view: View) -> pl.DataFrame:
    return visits(view).join(view.members.select("member_code"), on="member_code", how="semi", maintain_order="left")


def _funnel(view: View, mine: pl.DataFrame | None, sent: pl.DataFrame) -> Finding:
    least = view.settings.scope.minimum_members
    parts = []
    if mine is not None:
        parts += [_steps(mine.filter(touchpoint=name), name, _STEPS) for name in sorted(mine["touchpoint"].unique())]
    parts += [_steps(sent.filter(touchpoint=name), touch_name(f"{MESSAGE}: {name}"), _SENT) for name in sorted(sent["touchpoint"].unique())]
    whole = pl.concat(parts) if parts else pl.DataFrame(schema=_SCHEMAS["funnel"] | {"member_count": pl.Int64})
    table = whole.filter(pl.col("member_count") >= least)
    notes: list[str | Note] = [
        _not_because(),
        tr("Window: {period}. Orders of the steps are the members' own, in all stores.", period=view.period),
    ]
    if table.height < whole.height:
        notes.append(
            tr("{steps} of fewer than {least} members not shown.", steps=wording.some(whole.height - table.height, "step"), least=least)
        )
    if mine is None:
        notes.append(Note(tr("No `events` table: visits, looks and carts are not measured; only contacts are shown."), "NOT MEASURED"))
    return Finding(
        headline=_funnel_headline(view, mine, sent),
        table=table,
        chart=(lambda: _funnel_chart(view, table)) if table.height else None,
        notes=notes,
        ask_next=[("targeting.journey", {"show": "last_touch"}), ("targeting.looked_not_bought", {})],
        figures={} if mine is None or mine.is_empty() else {"same_day_order_share": float(mine["is_order"].mean())},  # type: ignore[arg-type]
    )


def _steps(rows: pl.DataFrame, name: str, steps: tuple[tuple[str, str | None], ...]) -> pl.DataFrame:
    """The nested steps of one touchpoint."""
    held = []
    inside = rows
    for step, column in steps:
        inside = inside if column is None else inside.filter(column)
        later = None if inside.is_empty() else float(inside["later_order"].mean())  # type: ignore[arg-type]
        held.append((name, step, inside.height, inside["member_code"].n_unique(), later))
    schema = {
        "touchpoint": pl.String,
        "step": pl.String,
        "visit_count": pl.Int64,
        "member_count": pl.Int64,
        "later_order_share": pl.Float64,
    }
    table = pl.DataFrame(held, schema=schema, orient="row")
    before = pl.col("visit_count").shift(1)
    return table.select(
        "touchpoint",
        "step",
        "visit_count",
        "member_count",
        pl.when(before > 0).then(pl.col("visit_count") / before).alias("step_share"),
        (pl.col("visit_count") / max(rows.height, 1)).alias("visit_share"),
        "later_order_share",
    )


def _funnel_headline(view: View, mine: pl.DataFrame | None, sent: pl.DataFrame) -> str:
    if mine is None:
        ordered = wording.share(float(sent["later_order"].mean()))  # type: ignore[arg-type]
        return tr(
            "{where}, {ordered} of {messages} were followed by an order within {look_before_days} days; visits are not "
            "measured, as there is no `events` table.",
            where=where(view),
            ordered=ordered,
            messages=wording.some(sent.height, "message"),
            look_before_days=view.settings.sequences.look_before_days,
        )
    if mine.is_empty():
        return tr(
            "{where}, none of {members} visited a touchpoint from {period}.",
            where=where(view),
            members=wording.some(view.members.height, "member"),
            period=view.period,
        )
    people = wording.some(mine["member_code"].n_unique(), "member")
    n, cart, order = mine.height, int(mine["is_cart"].sum()), int(mine["is_order"].sum())
    of_carts = tr(", {ordered} of those with a cart", ordered=wording.share(order / cart)) if cart else ""
    return tr(
        "{where}, {ordered} of {visits} by {people} ended in an order the same day{of_carts}; {lost} never reached the cart.",
        where=where(view),
        ordered=wording.share(order / n),
        visits=wording.some(n, "visit"),
        people=people,
        of_carts=of_carts,
        lost=wording.share(1 - cart / n),
    )


def _last_touch(view: View) -> Finding:
    touches = last_touches(view)
    if view.scope.is_place:
        touches = touches.filter(pl.col("store_code").is_in(_stores_of(view)))
    touches = touches.join(view.members.select("member_code"), on="member_code", how="semi")
    n, least = touches.height, view.settings.scope.minimum_members
    whole = (
        touches.with_columns(pl.col("touchpoint").fill_null(NO_TOUCH))
        .group_by("touchpoint")
        .agg(pl.len().cast(pl.Int64).alias("order_count"), pl.col("amount").sum(), pl.col("member_code").n_unique().alias("members"))
        .sort(pl.col("touchpoint") == NO_TOUCH, "order_count", "touchpoint", descending=[False, True, False])
    )
    shown = whole.filter(pl.col("members") >= least)
    table = shown.select(
        pl.Series("touchpoint", [touch_name(name) for name in shown["touchpoint"]], dtype=pl.String),
        "order_count",
        (pl.col("order_count") / max(n, 1)).alias("order_share"),
        view.major("amount").alias("sales"),
        (view.major("amount") / pl.col("order_count")).alias("order_value"),
    )
    days = view.settings.sequences.look_before_days
    touched = touches["touchpoint"].count()
    top = table.filter(shown["touchpoint"] != NO_TOUCH).head(1)
    most = (
        tr(", most often {touchpoint} ({order_share})", touchpoint=top["touchpoint"][0], order_share=wording.share(top["order_share"][0]))
        if top.height
        else ""
    )
    said = (
        tr(
            "{touched} of {member_orders} had a touch within the {days} days before{most}",
            touched=wording.share(touched / n),
            member_orders=wording.some(n, "member order"),
            days=days,
            most=most,
        )
        if n
        else tr("none of {members} ordered from {period}", members=wording.some(view.members.height, "member"), period=view.period)
    )
    notes: list[str | Note] = [
        _not_because(),
        tr("Orders {made_where}, {period}; of several touches the latest counts alone.", made_where=made_where(view), period=view.period),
    ]
    if not has_events(view):
        notes.append(Note(tr("No `events` table: only contacts are touches here."), "NOT MEASURED"))
    if table.height < whole.height:
        notes.append(
            tr(
                "{touchpoints} with orders of fewer than {least} members not shown.",
                touchpoints=wording.some(whole.height - table.height, "touchpoint"),
                least=least,
            )
        )
    return Finding(
        headline=tr("{where}, {said}.", where=where(view), said=said),
        table=table,
        chart=(lambda: _touch_chart(view, table)) if table.height else None,
        notes=notes,
        ask_next=[("targeting.journey", {"show": "funnel"})],
        figures={"touched_order_share": touched / n} if n else {},
    )


def _stores_of(view: View) -> list[int]:
    """The stores of a scope that is a place."""
    here = pl.col("store_id") == view.scope.store_id if view.scope.store_id is not None else pl.col("region") == view.scope.region
    return view.stores.filter(here)["store_code"].drop_nulls().to_list()


def _segments(view: View) -> Finding:
    least = view.settings.scope.minimum_members
    members = rfm_scores(view.chain).select("member_id", "segment").join(view.members.select("member_id", "member_code"), on="member_id")
    mine = _mine(view)
    seen = mine.join(members.select("member_code", "segment"), on="member_code").group_by("segment").agg(
        pl.col("member_code").n_unique().cast(pl.Int64).alias("visitor_count"),
        pl.len().cast(pl.Int64).alias("visit_count"),
        *[pl.col(column).mean().alias(name) for column, name in
          (("is_view", "look_share"), ("is_cart", "cart_share"), ("is_order", "same_day_order_share"))],
    )  # fmt: skip
    whole = (
        members.group_by("segment")
        .agg(pl.len().cast(pl.Int64).alias("member_count"))
        .join(seen, on="segment", how="left")
        .with_columns(pl.col("visitor_count", "visit_count").fill_null(0))
        .with_columns((pl.col("visitor_count") / pl.col("member_count")).alias("visitor_share"))
        .sort("member_count", "segment", descending=[True, False])
    )
    table = whole.filter(pl.col("visitor_count") >= least).select(
        "segment", "member_count", "visitor_count", "visitor_share", "visit_count", "look_share", "cart_share", "same_day_order_share"
    )
    notes: list[str | Note] = [
        _not_because(),
        tr("A segment is the member's own across the chain, as of the end: who buys more is in a better one."),
    ]
    if table.height < whole.height:
        notes.append(
            tr(
                "{segments} with fewer than {least} visitors not shown.",
                segments=wording.some(whole.height - table.height, "segment"),
                least=least,
            )
        )
    if table.is_empty():
        said = tr(
            "no segment of {members} has {least} visitors from {period}",
            members=wording.some(view.members.height, "member"),
            least=least,
            period=view.period,
        )
    else:
        best = table.sort("same_day_order_share", "segment", descending=[True, False]).row(0, named=True)
        said = tr(
            "visits of {segment} end in an order the same day most often: {same_day_order_share} of {visits} by {members}",
            segment=word(best["segment"]),
            same_day_order_share=wording.share(best["same_day_order_share"]),
            visits=wording.some(best["visit_count"], "visit"),
            members=wording.some(best["visitor_count"], "member"),
        )
    return Finding(
        headline=tr("{where}, {said}.", where=where(view), said=said),
        table=table,
        chart=(lambda: _segment_chart(view, table)) if table.height else None,
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


def _funnel_chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    labels = [
        tr("{touchpoint}: {step}", touchpoint=word(touch), step=word(step)) for touch, step in table.select("touchpoint", "step").rows()
    ]
    labelled = table.with_columns(pl.Series("label", labels, dtype=pl.String))
    return ranked_bars(
        labelled.head(24),
        label="label",
        value="visit_share",
        n="visit_count",
        kind="share1",
        ranked=False,
        title=tr("From visit to order: {place}", place=view.place),
        subtitle=tr("Share of visits (or messages) that reach each step, {period}", period=view.period),
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
        title=tr("Last touch before an order: {place}", place=view.place),
        subtitle=tr("Member orders, {period}", period=view.period),
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
        title=tr("Visits that end in an order: {place}", place=view.place),
        subtitle=tr("By segment, {period}; n = visits", period=view.period),
        value_title=tr("Share of visits"),
    )
