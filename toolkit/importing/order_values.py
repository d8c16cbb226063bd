"""Values that stand for a whole order (its total, its discount, what was refunded), shared out over its lines.

The shares are in proportion to a weight of the lines and add up to the order's value to the minor unit: what the whole units leave goes
one by one to the largest remainders, of equal ones to the first product. An order is its id and its store. Only lines without a fault
take part, so that the value of the order is kept where a line is set aside or left out.

A value may stand on every line of its order or on one of them alone, the others empty or 0. A line with a weight below 0 (given back)
takes part in an amount whose sum has the same sign; of anything else it takes nothing, as long as one weight is above 0. Where all are 0
the lines share equally.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from toolkit.importing import lines as line_steps
from toolkit.language import value
from toolkit.sources.contract_columns import LESS, WEIGHT, label
from toolkit.sources.specs import ColumnSpec, TableMapping

LINES_AT_ONCE = 1_000_000
"""Orders are shared out in parts of about this many lines, so that no more lie in memory."""
ORDER = ("store_id", "order_id")


def is_shared(spec: TableMapping) -> bool:
    """Return whether a mapping of lines has values of whole orders."""
    return any(column.is_shared for column in spec.columns.values())


def share_out(lines: pl.LazyFrame, spec: TableMapping, folder: Path, rows: int) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Return the lines with their shares in place of the orders' values, and (source_index, fault) of orders that cannot be shared out.

    `lines` are the converted lines that are kept, about `rows` of them; the parts are written into `folder`.
    """
    shared = {name: column for name, column in spec.columns.items() if column.is_shared}
    parts = max(1, -(-rows // LINES_AT_ONCE))
    spread = lines.with_columns((line_steps.order_key() % parts).cast(pl.UInt32).alias("partition"))
    (folder / "shares").mkdir(parents=True)
    faults, written = [], []
    for number, scan in enumerate(line_steps.staged_partitions(spread, folder / "orders", parts)):
        if scan is None:
            continue
        part, fault = _shared(scan.drop("partition", strict=False).collect(engine="streaming"), shared)
        written.append(folder / "shares" / f"{number}.parquet")
        part.write_parquet(written[-1], compression="lz4")
        faults.append(fault)
    if not written:
        return lines, pl.DataFrame(schema={"source_index": pl.Int64, "fault": pl.String})
    return pl.scan_parquet(written), pl.concat(faults)


def _shared(lines: pl.DataFrame, shared: dict[str, ColumnSpec]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines of whole orders with their shares, and the lines of the orders that cannot be shared out."""
    lines = lines.join(
        lines.select(ORDER).unique().with_row_index("__order"), on=ORDER, how="left", maintain_order="left", nulls_equal=True
    )
    lines = lines.with_columns(pl.lit(None, pl.String).alias("__fault"))
    for name, spec in shared.items():
        of_order = f"{name}{LESS}" if spec.less_per_order else name
        weight = f"{name}{WEIGHT}" if spec.by else name if spec.less_per_order else "quantity_milli"
        lines = _with_share(_with_total(lines, of_order, weight), weight, signed=name == "amount" and not spec.less_per_order)
        differ = value("the lines of the order state different values ({column})").format(column=label(name))
        fault = pl.when("__differ").then(pl.lit(differ))
        if name == "amount" and spec.per_order:
            fault = fault.when(pl.col("__total").is_null()).then(pl.lit(f"no {label(name)}"))
        own = pl.col(name) - pl.col("__share") if spec.less_per_order else pl.col("__share")
        lines = lines.with_columns(own.alias(name), pl.coalesce("__fault", fault).alias("__fault"))
    columns = [name for name in lines.columns if not name.startswith("__") and not name.endswith((LESS, WEIGHT))]
    faults = lines.select("source_index", fault="__fault").drop_nulls()
    return lines.filter(pl.col("__fault").is_null()).select(columns), faults


def _with_total(lines: pl.DataFrame, of_order: str, weight: str) -> pl.DataFrame:
    """Add the value of each line's order, whether its lines state several, and the sums of its weights."""
    stated, weights = pl.col(of_order), pl.col(weight).fill_null(0).cast(pl.Int128)
    lines = lines.drop("__total", "__differ", "__sum", "__above", "__size", strict=False)
    orders = lines.group_by("__order").agg(
        pl.coalesce(stated.filter(stated != 0).first(), stated.max()).cast(pl.Int128).alias("__total"),
        ((stated.drop_nulls().n_unique() > 1) & ((stated != 0).sum() != 1)).alias("__differ"),
        weights.sum().alias("__sum"),
        weights.clip(0, None).sum().alias("__above"),
        weights.abs().sum().alias("__size"),
    )
    return lines.join(orders, on="__order", how="left", maintain_order="left")


def _with_share(lines: pl.DataFrame, weight: str, *, signed: bool) -> pl.DataFrame:
    """Add each line's share of its order's value."""
    own, total = pl.col(weight).fill_null(0).cast(pl.Int128), pl.col("__total").fill_null(0)
    as_they_are = pl.lit(signed) & (pl.col("__sum") * total.sign() > 0)
    one = pl.lit(1, pl.Int128)
    by_sign = pl.when(pl.col("__above") > 0).then(own.clip(0, None)).when(pl.col("__size") > 0).then(own.abs()).otherwise(one)
    whole = pl.when(pl.col("__above") > 0).then("__above").when(pl.col("__size") > 0).then("__size").otherwise(pl.len().over("__order"))
    lines = lines.with_columns(
        pl.when(as_they_are).then(own * pl.col("__sum").sign()).otherwise(by_sign).alias("__weight"),
        pl.when(as_they_are).then(pl.col("__sum").abs()).otherwise(whole.cast(pl.Int128)).alias("__whole"),
    )
    exact = total * pl.col("__weight")
    lines = lines.with_columns((exact // pl.col("__whole")).alias("__share"), (exact % pl.col("__whole")).alias("__rest"))
    lines = lines.sort("__order", "__rest", "product_id", "source_index", descending=[False, True, False, False])
    place = pl.int_range(pl.len()).over("__order")
    more = place < total - pl.col("__share").sum().over("__order")
    return lines.with_columns((pl.col("__share") + more.cast(pl.Int128)).cast(pl.Int64).alias("__share"))
