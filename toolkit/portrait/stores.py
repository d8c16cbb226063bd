"""Stores (or regions) side by side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Row, Table
from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.sales import order_value_notes, within
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

    from toolkit.charts.theme import Kind

By = Literal["store", "region"]
Rank = Literal["sales", "sales_change", "active_share", "repeat_rate", "order_value", "units_per_order", "member_sales_share"]
_WORDS: dict[Rank, str] = {
    "sales": later("sales"),
    "sales_change": later("change of sales"),
    "active_share": later("share of active members"),
    "repeat_rate": later("repeat rate"),
    "order_value": later("order value"),
    "units_per_order": later("units per order"),
    "member_sales_share": later("member share of sales"),
}
_PLACES: dict[By, tuple[str, str]] = {"store": (later("store"), later("stores")), "region": (later("region"), later("regions"))}
_KEYS: dict[By, str] = {"store": "store_id", "region": "region"}
_BARS = 20
_NEIGHBOURS = 3


def _table(by: By, hidden_by: str | None) -> Table:
    region = c.text("region", "Region")
    store = (c.text("store_id", "Store"), c.text("store_name", "Store name", null="the shop does not say"), region)
    return c.table(
        f"one row per {by}, ranked, best first",
        c.count("rank", "Rank", null="not ranked", hidden_by=None),
        *(store if by == "store" else (region, c.count("store_count", "Store count", hidden_by=None))),
        c.money("sales", "Sales", "of the window", hidden_by=hidden_by),
        c.share("sales_change", "Change of sales", "on the window before", null="that one is not measured"),
        c.count("orders", "Orders", hidden_by=hidden_by),
        c.members("buyer_count", "Buyers", "members who ordered in the window"),
        c.members("member_count", "Members", "members who ordered there up to as_of"),
        c.share("active_share", "Share active", "of these, ordered there within setting scope.active_days", hidden_by="member_count"),
        c.share("repeat_rate", "Bought again", "of buyers, with two orders or more"),
        c.money("order_value", "Order value"),
        c.number("units_per_order", "Units per order"),
        c.share("member_sales_share", "Members' share", "of sales", null="of an audience"),
        note=False,
    )


OF_EVERYBODY: dict[By, Table] = {"store": _table("store", None), "region": _table("region", None)}
OF_AUDIENCE: dict[By, Table] = {"store": _table("store", ""), "region": _table("region", "")}
"""The sales of everybody are shown of a small store too; those of an audience are the sales of few members there."""


@question(
    "portrait",
    "How do our stores compare?",
    words=("ranking of stores", "which store is best", "compare stores and regions", "best and worst stores", "门店对比 排名"),
    tables=tuple(OF_EVERYBODY.values()),
    figures=(c.count("rank", "Rank"),),
)
def stores(view: View, *, by: By = "store", rank_by: Rank = "sales") -> Finding:
    """Return the stores (or regions) side by side: one row per store, ranked, best first.

    A store with fewer buying members than figures may speak of (setting scope.minimum_members) is listed, but not ranked: its rates are
    null. Asked for one store, the answer shows its neighbours in the ranking and the best store.

    Parameters
    ----------
    by
        `store` or `region` (of the stores table).
    rank_by
        What the ranking follows: `sales`, `sales_change`, `active_share`, `repeat_rate`, `order_value`, `units_per_order` or
        `member_sales_share`.

    Raises
    ------
    DataError
        By region, but the stores table has none.

    Notes
    -----
    A member counts in every store they order in. Differences between stores are described, not tested.

    Example
    -------
    >>> tk.portrait.stores(ws, rank_by="order_value").table.head(10)     # doctest: +SKIP
    """
    if by == "region" and view.stores["region"].null_count() == view.stores.height:
        raise DataError(
            tr("Stores cannot be compared by region: the stores table has no `region` column. Import one, or compare by store.")
        )
    ranking = _ranked(view, _measured(view, by), by, rank_by)
    shown, mine = _shown(view, ranking, by)
    return Finding(
        headline=_headline(view, ranking, mine, by, rank_by),
        table=shown,
        chart=lambda: _chart(view, ranking, shown, mine, by, rank_by),
        notes=[*_notes(view, ranking, by), *order_value_notes(view, shown)],
        ask_next=_ask_next(rank_by),
        figures={"rank": None if mine is None or mine["rank"] is None else float(mine["rank"])},
    )


def _measured(view: View, by: By) -> pl.DataFrame:
    """Sums per store or region, minor units and counts; of the whole chain (kept beside the mart), or of an audience."""
    if view.scope.audience is not None:
        return _make_sums(view, by)
    days = view.settings.scope.active_days
    name = f"stores-{by}-{view.period.start}-{view.period.end}-{days}"
    return view.chainwide(name, lambda chain: _make_sums(chain, by))


def _make_sums(view: View, by: By) -> pl.DataFrame:
    days = view.settings.scope.active_days
    before, active = within(view.period.before()), within(Period(view.as_of - timedelta(days=days - 1), view.as_of))
    inside, is_order = within(view.period), pl.col("is_order")
    places = view.stores.lazy().select("store_code", (pl.col("region") if by == "region" else pl.col("store_id")).alias("place"))
    pairs = (
        view.orders.join(places, on="store_code", how="left")
        .group_by("place", "member_code")
        .agg(
            is_order.any().alias("came"),
            (active & is_order).any().alias("active"),
            (inside & is_order).sum().cast(pl.Int64).alias("orders"),
            pl.col("amount").filter(inside).sum().alias("sales"),
            pl.col("amount").filter(before).sum().alias("sales_before"),
            pl.col("amount").filter(inside & is_order).sum().alias("order_sales"),
            pl.col("units_milli").filter(inside & is_order).sum(),
        )
    )
    member = pl.col("member_code").is_not_null()
    return (
        pairs.group_by("place")
        .agg(
            pl.col("orders", "sales", "sales_before", "order_sales", "units_milli").sum(),
            pl.col("sales").filter(member).sum().alias("member_sales"),
            (member & pl.col("came")).sum().cast(pl.Int64).alias("member_count"),
            (member & pl.col("active")).sum().cast(pl.Int64).alias("active_count"),
            (member & (pl.col("orders") >= 1)).sum().cast(pl.Int64).alias("buyer_count"),
            (member & (pl.col("orders") >= 2)).sum().cast(pl.Int64).alias("repeat_count"),
        )
        .sort("place")
        .collect(engine="streaming")
    )


def _over(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))


def _ranked(view: View, sums: pl.DataFrame, by: By, rank_by: Rank) -> AnswerTable:
    """The full table: every store in scope, rated ones first by rank, then the others by id."""
    reaches = view.period.before().start >= view.first_day
    known = view.stores if view.scope.region is None else view.stores.filter(pl.col("region") == view.scope.region)
    if by == "region":
        names = known.drop_nulls("region").group_by(pl.col("region").alias("place")).agg(pl.len().alias("store_count"))
    else:
        names = known.select(pl.col("store_id").alias("place"), "store_name", "region")
    rates = sums.select(
        "place",
        "orders",
        "buyer_count",
        "member_count",
        view.major("sales").alias("sales"),
        pl.when(pl.lit(reaches)).then(_over("sales", "sales_before") - 1).alias("sales_change"),
        _over("active_count", "member_count").alias("active_share"),
        _over("repeat_count", "buyer_count").alias("repeat_rate"),
        (_over("order_sales", "orders") / view.minor_units).alias("order_value"),
        (_over("units_milli", "orders") / 1000).alias("units_per_order"),
        (_over("member_sales", "sales") if view.scope.audience is None else pl.lit(None, pl.Float64)).alias("member_sales_share"),
    )
    frame = names.join(rates, on="place", how="left").with_columns(
        pl.col("sales").fill_null(0.0), pl.col("orders", "buyer_count", "member_count").fill_null(0)
    )
    rank = pl.when(pl.col("buyer_count") >= view.least).then(pl.col(rank_by)).rank("min", descending=True).alias("rank")
    ordered = frame.with_columns(rank).sort("rank", "place", nulls_last=True).rename({"place": _KEYS[by]})
    return (OF_EVERYBODY if view.scope.audience is None else OF_AUDIENCE)[by].of(ordered, view)


def _shown(view: View, ranking: AnswerTable, by: By) -> tuple[AnswerTable, Row | None]:
    """The rows to show and the row of the store (or region) asked for: all rows, or the best and the neighbours of that one."""
    keys, asked = ranking.frame[_KEYS[by]].to_list(), view.scope.store_id if by == "store" else view.scope.region
    if asked is None or asked not in keys:
        return ranking, None
    place = keys.index(asked)
    near = [0, *range(max(place - _NEIGHBOURS, 0), min(place + _NEIGHBOURS + 1, ranking.height))]
    return ranking.cut(ranking.frame[sorted(set(near))]), ranking.row(place)


def _headline(view: View, ranking: AnswerTable, mine: Row | None, by: By, rank_by: Rank) -> str:
    key, (one, many), figure = _KEYS[by], map(tr, _PLACES[by]), tr(_WORDS[rank_by])
    ranked = ranking.cut(ranking.frame.drop_nulls("rank"))
    counted = _counted(ranked.height or ranking.height, by)
    if not ranked.height:
        place = tr("Across the chain") if view.scope.store_id is not None and view.scope.audience is None else where(view)
        if ranking.frame.filter(pl.col("buyer_count") >= view.least).height:
            return view.say(
                "{opening}, {many} cannot be ranked by {figure}: it is not measured {period:in}.", opening=place, many=many, figure=figure
            )
        return view.say(
            "{opening}, none of {counted} has {least} members who ordered {period:in}: no ranking.", opening=place, counted=counted
        )
    middle = _figure(view, ranking, rank_by, ranked.frame[rank_by].median())
    if mine is not None and mine["rank"] is None:
        return view.say(
            "{kind} {name} has {buyer_count:member} who ordered {period:in}: not ranked by {figure}.",
            mine, kind=one.capitalize(), name=mine[key], figure=figure,
        )  # fmt: skip
    if mine is not None:
        return view.say(
            "{kind} {name} is number {rank} of {counted} by {figure} {period:in}: {value} against {middle} in the {one} in the middle "
            "(n = {buyer_count:buying member}).",
            mine, kind=one.capitalize(), name=mine[key], counted=counted, figure=figure, middle=middle, one=one,
            value=_figure(view, ranking, rank_by, mine[rank_by]),
        )  # fmt: skip
    best, last = ranked.row(), ranked.row(-1)
    return view.say(
        "{where}, {one} {best} leads {counted} by {figure} {period:in} with {value} (n = {buyer_count:buying member})[several?; the {one} "
        "in the middle has {middle}, the last, {last}, {last_value}].",
        best, one=one, best=best[key], counted=counted, figure=figure, middle=middle, last=last[key], several=ranked.height > 1,
        value=_figure(view, ranking, rank_by, best[rank_by]), last_value=_figure(view, ranking, rank_by, last[rank_by]),
    )  # fmt: skip


def _counted(number: int, by: By) -> str:
    return wording.some(number, "store") if by == "store" else wording.some(number, "region")


def _figure(view: View, ranking: AnswerTable, name: Rank, value: Any) -> str:
    if name == "sales_change":
        return wording.change(value)
    return f"{value:,.1f}" if name == "units_per_order" else wording.column_text(value, ranking.declared.by_name[name], view.currency)


def _notes(view: View, ranking: AnswerTable, by: By) -> list[str | Note]:
    one, many = map(tr, _PLACES[by])
    small = ranking.frame.filter(pl.col("buyer_count").fill_null(0) < view.least).height
    before = view.period.before().start
    notes: list[str | Note] = []
    if small:
        notes.append(
            view.say(
                "{counted} with fewer than {least} buying members [single?is|are] listed but not ranked: rates of so few say little.",
                counted=_counted(small, by), single=small == 1,
            )
        )  # fmt: skip
    if before < view.first_day:
        text = view.say("Change of sales: the receipts start on {first_day}, after {start}.", first_day=view.first_day, start=before)
        notes.append(Note(text, "NOT MEASURED"))
    if view.scope.audience is not None:
        notes.append(tr("Sales and members are those of the audience, so the member share of sales is not measured."))
    notes.append(
        view.say(
            "A member counts in every {one} they order in. Differences are described, not tested: many {many} means some extremes by "
            "chance.",
            one=one, many=many,
        )
    )  # fmt: skip
    return notes


def _ask_next(rank_by: Rank) -> list[tuple[str, dict[str, Any]]]:
    others: list[Rank] = [other for other in ("order_value", "repeat_rate", "sales_change") if other != rank_by]  # type: ignore[misc]
    return [*[("portrait.stores", {"rank_by": other}) for other in others[:2]], ("portrait.overview", {})]


def _chart(view: View, ranking: AnswerTable, shown: AnswerTable, mine: Row | None, by: By, rank_by: Rank) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    key, (_, many), figure = _KEYS[by], map(tr, _PLACES[by]), tr(_WORDS[rank_by])
    ranked = ranking.frame.drop_nulls("rank")
    kinds: dict[str, Kind] = {"sales": "money", "order_value": "money2", "units_per_order": "decimal"}
    return ranked_bars(
        (shown.frame if mine is not None else ranked.head(_BARS)).drop_nulls("rank"),
        label=key,
        value=rank_by,
        n="buyer_count",
        kind=kinds.get(rank_by, "share1"),
        title=view.say("{many} by {figure}", many=many.capitalize(), figure=figure),
        subtitle=view.say(
            "{period}; [is_cut?the best {bars} of {count}|{count}] ranked {many}[mine?, best and neighbours]",
            is_cut=mine is None and ranked.height > _BARS, bars=_BARS, count=str(ranked.height), many=many, mine=mine is not None,
        ),
        value_title=figure.capitalize() + (f", {view.currency}" if rank_by in ("sales", "order_value") else ""),
        highlight=None if mine is None else mine[key],
        reference=None if ranked.is_empty() else float(ranked[rank_by].median()),  # type: ignore[arg-type]
        reference_title=later("middle"),
    )  # fmt: skip
