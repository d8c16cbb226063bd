"""The peers of the mart: each function reads the plain folder of `benchmarks/receipts.py` and does what its first line says.

Runs in an environment of its own: nothing of the toolkit is imported here.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path


def duckdb_mart(folder: Path, out: Path, as_of: date) -> None:
    """Same tables and columns as the mart, in SQL (benchmarks/mart.sql), written as Parquet."""
    import duckdb

    names = {
        "plain": folder / "plain" / "*.parquet",
        "products": folder / "products.parquet",
        "as_of": as_of,
        "today": (as_of - date(1970, 1, 1)).days,
        "out": out,
    }
    sql = (Path(__file__).parent / "mart.sql").read_text("utf-8")
    for name, value in names.items():
        sql = sql.replace("{" + name + "}", str(value))
    with duckdb.connect(config={"threads": 2, "temp_directory": str(out / "spill"), "memory_limit": "16GB"}) as connection:
        connection.execute(sql)


def pandas_mart(folder: Path, out: Path, as_of: date) -> None:
    """Same orders, member x category and members; without products and gaps per order. Group-bys on integer keys."""
    import numpy as np
    import pandas as pd

    today = (as_of - date(1970, 1, 1)).days
    lines = pd.read_parquet(folder / "plain")
    products = pd.read_parquet(folder / "products.parquet").set_index("product_id").sort_index()
    lines = lines[lines.ordered_at < pd.Timestamp(as_of) + pd.Timedelta(days=1)]
    product = lines.product_id.to_numpy()
    lines["category_id"] = products.category_id.to_numpy()[product]
    counted = products.counted.to_numpy()[product]
    bought = lines.quantity_milli.to_numpy() > 0
    lines["units"] = lines.quantity_milli.to_numpy() * counted
    lines["promo"] = lines.amount.to_numpy() * (lines.discount_amount.to_numpy() > 0)
    lines["is_order"] = bought | ((lines.quantity_milli.to_numpy() == 0) & (lines.amount.to_numpy() > 0))
    orders = lines.groupby("order_id").agg(
        member_id=("member_id", "first"),
        ordered_at=("ordered_at", "first"),
        store_id=("store_id", "first"),
        channel_id=("channel_id", "first"),
        is_order=("is_order", "any"),
        amount=("amount", "sum"),
        discount_amount=("discount_amount", "sum"),
        promo_amount=("promo", "sum"),
        coupon_amount=("coupon_amount", "sum"),
        units_milli=("units", "sum"),
        line_count=("amount", "size"),
    )
    orders.to_parquet(out / "orders.parquet")
    orders = orders[orders.member_id.notna()]
    orders["day"] = orders.ordered_at.to_numpy().astype("datetime64[D]").astype(np.int64)
    lines["day"] = lines.ordered_at.to_numpy().astype("datetime64[D]").astype(np.int64)
    lines["priced_amount"] = lines.amount.to_numpy() * (bought & counted)
    lines["priced_units"] = lines.units.to_numpy() * bought
    pair = ["member_id", "category_id"]
    member_category = lines.groupby(pair).agg(
        amount=("amount", "sum"),
        units_milli=("units", "sum"),
        priced_amount=("priced_amount", "sum"),
        priced_units_milli=("priced_units", "sum"),
    )
    goods = lines[bought]
    distinct = {"order_count": "order_id", "day_count": "day"}
    for name, column in distinct.items():
        member_category[name] = goods.drop_duplicates([*pair, column]).groupby(pair).size().reindex(member_category.index, fill_value=0)
    member_category = member_category.reset_index()
    member_category.to_parquet(out / "member_category.parquet")

    counting = orders[orders.is_order]
    members = orders.groupby("member_id").agg(
        order_count=("is_order", "sum"),
        all_orders=("is_order", "size"),
        line_count=("line_count", "sum"),
        amount=("amount", "sum"),
        units_milli=("units_milli", "sum"),
        discount_amount=("discount_amount", "sum"),
        promo_amount=("promo_amount", "sum"),
    )
    for name, (near, far) in {"28d": (0, 28), "91d": (0, 91), "prev_91d": (91, 182), "365d": (0, 365)}.items():
        inside = orders[(orders.day > today - far) & (orders.day <= today - near)].groupby("member_id")
        members[f"amount_{name}"] = inside.amount.sum().reindex(members.index, fill_value=0)
        members[f"order_count_{name}"] = inside.is_order.sum().reindex(members.index, fill_value=0)
    days = orders.groupby(["member_id", "day"]).agg(
        amount=("amount", "sum"), promo=("promo_amount", "sum"), coupon=("coupon_amount", "sum"), is_order=("is_order", "any")
    )
    days = days[days.is_order].reset_index()
    gap = days.day.diff()
    gap[days.member_id != days.member_id.shift()] = np.nan
    positive = days.amount > 0
    bp = ((20_000 * days.promo + days.amount) // (2 * days.amount.where(positive, 1))).clip(0, 10_000) * positive
    odd = days.day % 2 == 1
    month = days.day.to_numpy().astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    facts = pd.DataFrame(
        {
            "member_id": days.member_id,
            "coupon_day_count": days.coupon > 0,
            "promo_days_odd": positive & odd,
            "promo_days_even": positive & ~odd,
            "promo_bp_odd": bp * odd,
            "promo_bp_even": bp * ~odd,
            "promo_bp_sq": bp * bp,
            "coupon_days_odd": odd,
            "coupon_odd": odd & (days.coupon > 0),
            "new_month": (month != np.roll(month, 1)) | (days.member_id != days.member_id.shift()),
            **{f"day_count_{window}d": days.day > today - window for window in (28, 56, 91)},
        }
    )
    by_day = days.groupby("member_id").day.agg(["min", "max", "size"])
    gaps = gap.groupby(days.member_id).agg(["mean", "std", "last"])
    members = members.join(facts.groupby("member_id").sum()).join(by_day).join(gaps, rsuffix="_gap")
    first_day = by_day["min"].reindex(orders.member_id).to_numpy()
    later = orders[orders.day.to_numpy() > first_day]
    members["repeat_amount"] = later.groupby("member_id").amount.sum().reindex(members.index, fill_value=0)
    options = {
        "store": counting.store_id,
        "channel": counting.channel_id,
        "weekday": (counting.day + 3) % 7 + 1,
        "hour_band": counting.ordered_at.dt.hour // 4,
    }
    for name, option in options.items():
        counts = counting.groupby([counting.member_id, option.rename("option")]).size().rename("orders").reset_index()
        if name == "store":
            members["store_count"] = counts.groupby("member_id").size().reindex(members.index, fill_value=0)
        best = counts.sort_values(["member_id", "orders", "option"], ascending=[True, False, True]).drop_duplicates("member_id")
        members = members.join(best.set_index("member_id").rename(columns={"option": f"top_{name}", "orders": f"top_{name}_order_count"}))
    usual = member_category.groupby("category_id")[["priced_amount", "priced_units_milli"]].sum()
    price = (usual.priced_amount / usual.priced_units_milli).reindex(member_category.category_id).to_numpy()
    member_category["expected"] = member_category.priced_units_milli * np.nan_to_num(price)
    had = member_category[member_category.order_count > 0]
    best = had.sort_values(["member_id", "amount", "category_id"], ascending=[True, False, True]).drop_duplicates("member_id")
    members = members.join(best.set_index("member_id")[["category_id", "amount"]].add_prefix("top_"))
    members["category_count"] = had.groupby("member_id").size().reindex(members.index, fill_value=0)
    members = members.join(member_category.groupby("member_id")[["priced_amount", "expected"]].sum().round())
    members.to_parquet(out / "members.parquet")


def lifetimes_summary(folder: Path, out: Path, as_of: date) -> None:
    """Frequency, recency, T and mean value of repeat days: 4 columns of the members table, nothing else."""
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    lines = pd.read_parquet(folder / "plain", columns=["member_id", "ordered_at", "amount"]).dropna()
    summary = summary_data_from_transaction_data(lines, "member_id", "ordered_at", "amount", observation_period_end=as_of)
    summary.to_parquet(out / "members.parquet")


def openretailscience_rfm(folder: Path, out: Path, as_of: date) -> None:
    """Recency, frequency, monetary value and their deciles: 6 columns of the members table, nothing else."""
    import pandas as pd
    from openretailscience.segmentation.rfm import RFMSegmentation

    lines = pd.read_parquet(folder / "plain", columns=["member_id", "order_id", "ordered_at", "amount"]).dropna()
    lines = lines.rename(
        columns={"member_id": "customer_id", "order_id": "transaction_id", "ordered_at": "transaction_date", "amount": "unit_spend"}
    )
    RFMSegmentation(lines, current_date=as_of).df.to_parquet(out / "members.parquet")


PEERS = {function.__name__: function for function in (duckdb_mart, pandas_mart, lifetimes_summary, openretailscience_rfm)}

NEEDS = {
    "duckdb_mart": ("duckdb",),
    "pandas_mart": ("pandas", "pyarrow"),
    "lifetimes_summary": ("pandas", "pyarrow", "lifetimes.utils"),
    "openretailscience_rfm": ("pandas", "pyarrow", "openretailscience.segmentation.rfm"),
}
"""Modules a peer imports before its clock starts."""
