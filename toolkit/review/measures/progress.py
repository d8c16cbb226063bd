"""A campaign day by day: what each arm bought, and who redeemed where."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import polars as pl

from toolkit.mart.windows import window_sums
from toolkit.review.measures.case import Case
from toolkit.scope.period import Period

MEASURES = ("buyer_count", "order_count", "amount", "units_milli")


def arm_sums(case: Case, *by: str) -> pl.DataFrame:
    """Return what the arms bought on the days seen, in the case's scope: one row per arm (`treated`) and combination of `by`.

    `by`: of `day`, `store_id`, and any column of the case's members (`touchpoint`). Out: `treated`, `by`, `buyer_count` (members with an
    order), `order_count`, `amount` (minor units), `units_milli`. Rows only where something was bought; see `each_day`.
    """
    view, keys = case.view, ["member", "day"]
    needs_store = "store_id" in by or view.scope.is_place
    codes = case.members.select(pl.col("member_code").drop_nulls())
    wanted = [*keys, "store"] if needs_store else keys
    sums = window_sums(view.workspace, view.mart, case.seen.start, case.seen.end, by=wanted, members=codes)
    if needs_store:
        sums = sums.join(view.stores.select("store_code", "store_id", "region"), on="store_code", how="left")
        if view.scope.is_place:
            column = "store_id" if view.scope.store_id is not None else "region"
            sums = sums.filter(pl.col(column) == getattr(view.scope, column))
    attributes = [name for name in by if name in case.members.columns]
    rows = sums.join(case.members.select("member_code", "treated", *attributes), on="member_code", how="inner")
    return (
        rows.group_by("treated", *by)
        .agg(
            pl.col("member_code").filter(pl.col("orders") > 0).n_unique().cast(pl.Int64).alias("buyer_count"),
            pl.col("orders").sum().alias("order_count"),
            pl.col("amount", "units_milli").sum(),
        )
        .sort("treated", *by, descending=[True, *[False for _ in by]], nulls_last=True)
    )


def each_day(case: Case) -> pl.DataFrame:
    """Return the arms side by side: one row per day seen, 0 where nothing was bought.

    Columns: `day`, and for both arms MEASURES (the control's prefixed `control_`, scaled to as many members as were treated: Float64), and
    `redemption_count` of the treated.
    """
    days = pl.DataFrame({"day": pl.date_range(case.seen.start, case.seen.end, eager=True)})
    sums = arm_sums(case, "day")
    scale = case.treated_count / case.control_count if case.control_count else 0.0
    treated = days.join(sums.filter("treated").drop("treated"), on="day", how="left")
    control = sums.filter(~pl.col("treated")).select("day", *[(pl.col(name) * scale).alias(f"control_{name}") for name in MEASURES])
    given = redemptions_of(case).filter("treated").group_by("day").agg(pl.len().cast(pl.Int64).alias("redemption_count"))
    joined = treated.join(control, on="day", how="left").join(given, on="day", how="left").with_columns(pl.exclude("day").fill_null(0))
    return joined.sort("day")


def redemptions_of(case: Case) -> pl.DataFrame:
    """Return the redemptions of the campaign by members of the case on the days seen: one row each.

    Columns: `member_id`, `treated`, `day`, `store_id` (of the order it names; without one, of the member's orders of that day where they
    are all in one store; else null), `value` (minor units; null = not stated). In the scope of a store or region only those treated there.
    """
    schema = {"member_id": pl.String, "treated": pl.Boolean, "day": pl.Date, "store_id": pl.String, "value": pl.Int64}
    table = case.view.workspace.table("redemptions")
    if table is None:
        return pl.DataFrame(schema=schema)
    for column, dtype in (("order_id", pl.String), ("value", pl.Int64)):
        if column not in table.collect_schema():
            table = table.with_columns(pl.lit(None, dtype).alias(column))
    first, after = datetime.combine(case.seen.start, time()), datetime.combine(case.seen.end + timedelta(days=1), time())
    rows = table.filter(
        pl.col("campaign_id") == case.campaign.campaign_id, pl.col("redeemed_at") >= first, pl.col("redeemed_at") < after
    ).collect()
    rows = rows.join(case.members.select("member_id", "member_code", "treated"), on="member_id", how="inner")
    rows = rows.with_columns(pl.col("redeemed_at").dt.date().alias("day"))
    orders = _orders(case, Period(case.seen.start, case.seen.end))
    named = orders.select("member_code", "order_id", pl.col("store_id").alias("of_order")).unique(["member_code", "order_id"], keep="none")
    by_day = orders.group_by("member_code", "day").agg(
        pl.when(pl.col("store_id").n_unique() == 1).then(pl.col("store_id").first()).alias("of_day")
    )
    placed = rows.join(named, on=["member_code", "order_id"], how="left").join(by_day, on=["member_code", "day"], how="left")
    placed = placed.with_columns(pl.coalesce("of_order", "of_day").alias("store_id"))
    if case.view.scope.is_place:
        column = "store_id" if case.view.scope.store_id is not None else "region"
        here = case.view.stores.filter(pl.col(column) == getattr(case.view.scope, column))["store_id"]
        placed = placed.filter(pl.col("store_id").is_in(here.implode()))
    return placed.select(list(schema)).cast(schema).sort("day", "member_id", "store_id")  # type: ignore[arg-type]


def _orders(case: Case, period: Period) -> pl.DataFrame:
    """Orders of the case's members on the days seen: member_code, day, order_id, store_id."""
    view = case.view
    codes = case.members.lazy().select(pl.col("member_code").drop_nulls())
    orders = view.mart.orders.filter("is_order", period.holds()).join(codes, on="member_code", how="semi")
    return (
        orders.select("member_code", "order_code", "store_code", pl.col("ordered_at").dt.date().alias("day"))
        .join(view.workspace.order_ids(), on="order_code", how="left")
        .collect(engine="streaming")
        .join(view.stores.select("store_code", "store_id"), on="store_code", how="left")
    )
