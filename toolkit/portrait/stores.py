"""Stores (or regions) side by side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import DataError
from toolkit.language import later, tr, trn
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.sales import days_of, within
from toolkit.scope.view import View
from toolkit.wording import share, some

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
_BARS = 20
_NEIGHBOURS = 3


@question(
    "portrait",
    "How do our stores compare?",
    words=("ranking of stores", "which store is best", "compare stores and regions", "best and worst stores", "门店对比 排名"),
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

    Returns
    -------
    Answer
        Table columns: `rank` (null = not ranked); `store_id` and, where the shop states them, `store_name`, `region` (by region: `region`
        and `store_count`); of the window: `sales` (currency units), `sales_change` (relative, on the window before; null where that one is
        not measured), `orders`, `buyer_count` (members who ordered), `member_count` (members who ordered there up to as_of), `active_share`
        (0..1 of these, ordered there within setting scope.active_days), `repeat_rate` (0..1 of buyers, two orders or more), `order_value`
        (currency units), `units_per_order`, `member_sales_share` (0..1; null for an audience).

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
    table = _ranked(view, _measured(view, by), by, rank_by)
    shown, mine = _shown(view, table, by)
    return Finding(
        headline=_headline(view, table, mine, by, rank_by),
        table=shown,
        chart=lambda: _chart(view, table, shown, mine, by, rank_by),
        notes=_notes(view, table, by),
        ask_next=_ask_next(rank_by),
        figures={} if mine is None or mine["rank"] is None else {"rank": float(mine["rank"])},
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


def _ranked(view: View, sums: pl.DataFrame, by: By, rank_by: Rank) -> pl.DataFrame:
    """The full table: every store in scope, rated ones first by rank, then the others by id."""
    reaches = view.period.before().start >= view.first_day
    known = view.stores if view.scope.region is None else view.stores.filter(pl.col("region") == view.scope.region)
    if by == "region":
        names = known.drop_nulls("region").group_by("region").agg(pl.len().cast(pl.Int64).alias("store_count")).rename({"region": "place"})
    else:
        names = known.select(
            pl.col("store_id").alias("place"), *[c for c in ("store_name", "region") if known[c].null_count() < known.height]
        )
    own = names.columns[1:]
    rated = pl.col("buyer_count") >= view.settings.scope.minimum_members
    rates = pl.DataFrame(sums).select(
        "place",
        view.major("sales").alias("sales"),
        pl.when(pl.lit(reaches)).then(_over("sales", "sales_before") - 1).alias("sales_change"),
        "orders",
        "buyer_count",
        "member_count",
        _over("active_count", "member_count").alias("active_share"),
        _over("repeat_count", "buyer_count").alias("repeat_rate"),
        (_over("order_sales", "orders") / view.minor_units).alias("order_value"),
        (_over("units_milli", "orders") / 1000).alias("units_per_order"),
        (_over("member_sales", "sales") if view.scope.audience is None else pl.lit(None, pl.Float64)).alias("member_sales_share"),
    )
    shielded = ("sales_change", "active_share", "repeat_rate", "order_value", "units_per_order", "member_sales_share")
    table = names.join(rates, on="place", how="left").with_columns(
        pl.col("sales").fill_null(0.0), pl.col("orders", "buyer_count", "member_count").fill_null(0)
    )
    table = table.with_columns(pl.when(rated).then(pl.col(column)).alias(column) for column in shielded)
    rank = pl.when(rated).then(pl.col(rank_by)).rank("min", descending=True).cast(pl.Int64).alias("rank")
    ordered = table.with_columns(rank).sort("rank", "place", nulls_last=True)
    return ordered.select("rank", pl.col("place").alias("region" if by == "region" else "store_id"), *own, *rates.columns[1:])


def _shown(view: View, table: pl.DataFrame, by: By) -> tuple[pl.DataFrame, dict[str, Any] | None]:
    """The rows to show and the row of the store (or region) asked for: all rows, or the best and the neighbours of that one."""
    key, asked = ("store_id", view.scope.store_id) if by == "store" else ("region", view.scope.region)
    if asked is None or asked not in table[key]:
        return table, None
    place = table[key].to_list().index(asked)
    near = [0, *range(max(place - _NEIGHBOURS, 0), min(place + _NEIGHBOURS + 1, table.height))]
    return table[sorted(set(near))], table.row(place, named=True)


def _headline(view: View, table: pl.DataFrame, mine: dict[str, Any] | None, by: By, rank_by: Rank) -> str:
    key = "store_id" if by == "store" else "region"
    ranked = table.drop_nulls("rank")
    one, many = map(tr, _PLACES[by])
    counted = _counted(ranked.height or table.height, by)
    least = view.settings.scope.minimum_members
    if ranked.is_empty():
        place = tr("Across the chain") if view.scope.store_id is not None and view.scope.audience is None else where(view)
        if table.filter(pl.col("buyer_count") >= least).height:
            return tr(
                "{place}, {many} cannot be ranked by {figure}: it is not measured {days_of}.",
                place=place,
                many=many,
                figure=tr(_WORDS[rank_by]),
                days_of=days_of(view),
            )
        return tr(
            "{place}, none of {counted} has {least} members who ordered {days_of}: no ranking.",
            place=place,
            counted=counted,
            least=least,
            days_of=days_of(view),
        )
    middle = _figure(view, rank_by, float(ranked[rank_by].median()))  # type: ignore[arg-type]
    if mine is not None:
        name = tr("{kind} {name}", kind=one.capitalize(), name=mine[key])
        return _headline_of_one(view, mine, name, counted, middle, one, rank_by)
    best, last = ranked.row(0, named=True), ranked.row(-1, named=True)
    said = tr(
        "{where}, {word} {best} leads {counted} by {figure} {days_of} with {value} (n = {buyers})",
        where=where(view),
        word=one,
        best=best[key],
        counted=counted,
        figure=tr(_WORDS[rank_by]),
        days_of=days_of(view),
        value=_figure(view, rank_by, best[rank_by]),
        buyers=some(best["buyer_count"], "buying member"),
    )
    if ranked.height == 1:
        return tr("{words}.", words=said)
    return tr(
        "{said}; the {word} in the middle has {middle}, the last, {last}, {figure}.",
        said=said,
        word=one,
        middle=middle,
        last=last[key],
        figure=_figure(view, rank_by, last[rank_by]),
    )


def _headline_of_one(view: View, mine: dict[str, Any], name: str, ranked: str, middle: str, word: str, rank_by: Rank) -> str:
    if mine["rank"] is None:
        return tr(
            "{name} has {members} who ordered {days_of}: not ranked by {figure}.",
            name=name,
            members=some(mine["buyer_count"], "member"),
            days_of=days_of(view),
            figure=tr(_WORDS[rank_by]),
        )
    return tr(
        "{name} is number {rank} of {ranked} by {figure} {days_of}: {value} against {middle} in the {word} in the middle (n = {buyers}).",
        name=name,
        rank=mine["rank"],
        ranked=ranked,
        figure=tr(_WORDS[rank_by]),
        days_of=days_of(view),
        value=_figure(view, rank_by, mine[rank_by]),
        middle=middle,
        word=word,
        buyers=some(mine["buyer_count"], "buying member"),
    )


def _counted(number: int, by: By) -> str:
    return some(number, "store") if by == "store" else some(number, "region")


def _figure(view: View, column: str, value: float | None) -> str:
    kind = wording.kind_of(column)
    if column == "sales_change":
        return wording.change(value)
    return wording.money(value, view.currency) if kind == "money" else share(value) if kind == "share" else f"{value:,.1f}"


def _notes(view: View, table: pl.DataFrame, by: By) -> list[str | Note]:
    word, many = map(tr, _PLACES[by])
    least = view.settings.scope.minimum_members
    small = table.filter(pl.col("buyer_count") < least).height
    notes: list[str | Note] = []
    if small:
        notes.append(
            trn(
                "{counted} with fewer than {least} buying members is listed but not ranked: rates of so few say little.",
                "{counted} with fewer than {least} buying members are listed but not ranked: rates of so few say little.",
                small,
                counted=_counted(small, by),
                least=least,
            )
        )
    if view.period.before().start < view.first_day:
        said = tr(
            "Change of sales: the receipts start on {first_day}, after {start}.", first_day=view.first_day, start=view.period.before().start
        )
        notes.append(Note(said, "NOT MEASURED"))
    if view.scope.audience is not None:
        notes.append(tr("Sales and members are those of the audience, so the member share of sales is not measured."))
    notes.append(
        tr(
            "A member counts in every {word} they order in. Differences are described, not tested: many {many} means "
            "some extremes by chance.",
            word=word,
            many=many,
        )
    )
    return notes


def _ask_next(rank_by: Rank) -> list[tuple[str, dict[str, Any]]]:
    others: list[Rank] = [other for other in ("order_value", "repeat_rate", "sales_change") if other != rank_by]  # type: ignore[misc]
    return [*[("portrait.stores", {"rank_by": other}) for other in others[:2]], ("portrait.overview", {})]


def _chart(
    view: View, table: pl.DataFrame, shown: pl.DataFrame, mine: dict[str, Any] | None, by: By, rank_by: Rank
) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    key = "store_id" if by == "store" else "region"
    ranked = table.drop_nulls("rank")
    frame = (shown if mine is not None else ranked.head(_BARS)).drop_nulls("rank").with_columns(pl.col(key).cast(pl.String))
    kinds: dict[str, Kind] = {"sales": "money", "order_value": "money2", "units_per_order": "decimal"}
    many, figure = tr(_PLACES[by][1]), tr(_WORDS[rank_by])
    some_of = (
        tr("the best {bars} of {stores}", bars=_BARS, stores=ranked.height)
        if mine is None and ranked.height > _BARS
        else f"{ranked.height}"
    )
    return ranked_bars(
        frame,
        label=key,
        value=rank_by,
        n="buyer_count",
        kind=kinds.get(rank_by, "share1"),
        title=tr("{many} by {figure}", many=many.capitalize(), figure=figure),
        subtitle=tr("{period}; {some_of} ranked {many}", period=view.period, some_of=some_of, many=many)
        + (tr(", best and neighbours") if mine is not None else ""),
        value_title=figure.capitalize() + (f", {view.currency}" if rank_by in ("sales", "order_value") else ""),
        highlight=None if mine is None else str(mine[key]),
        reference=None if ranked.is_empty() else float(ranked[rank_by].median()),  # type: ignore[arg-type]
        reference_title=later("middle"),
    )
