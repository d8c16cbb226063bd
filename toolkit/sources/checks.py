"""The contract's own rules on a small table: keys, lengths, least values, whole-table rules, as declared in the schemas."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.membership_schemas import RULES
from toolkit.schemas import CONTRACT, MONEY_COLUMNS
from toolkit.sources.contract_columns import label
from toolkit.sources.reasons import NOT_A_WORD, TOO_SMALL


def check_small_table(name: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (kept rows, rejected rows as source_index and fault) of a converted table other than lines.

    Parameters
    ----------
    frame
        What `typed_table(...).frame` holds: contract columns, money in minor units, source_index, fault, rounded. Rows that already have a
        fault are rejected with it. Of rows with the same key all are rejected but the first. Optional columns may be missing.

    Example
    -------
    >>> frame = pl.DataFrame({"store_id": ["1", "1", None], "source_index": [0, 1, 2]}).with_columns(fault=pl.lit(None, pl.String))
    >>> check_small_table("stores", frame)[1]["fault"].to_list()
    ['the same store id again', 'no store id']
    """
    schema = CONTRACT[name]
    faulty = frame.filter(pl.col("fault").is_not_null()).select("source_index", pl.col("fault").cast(pl.String))
    good = frame.filter(pl.col("fault").is_null()).sort("source_index")
    key = schema.primary_key()
    columns = schema.columns()
    present = [column for column in columns if column in good.columns]
    reasons: list[tuple[pl.Expr, str]] = [
        (pl.col(column).is_null(), f"no {label(column)}") for column in present if not columns[column].nullable
    ]
    if key:
        again = pl.struct(key).is_first_distinct().not_()
        reasons.append((again, f"the same {' and '.join(label(column) for column in key)} again"))
    good = good.with_columns(_first(reasons).alias("fault"))
    first = good.filter(pl.col("fault").is_not_null()).select("source_index", "fault")
    good = good.filter(pl.col("fault").is_null())
    broken = _broken_rules(name, good)
    good = good.join(broken, on="source_index", how="anti").drop("fault", "rounded", strict=False)
    return good, pl.concat([faulty, first, broken]).sort("source_index")


def _first(reasons: Sequence[tuple[pl.Expr, str]]) -> pl.Expr:
    return pl.coalesce([*(pl.when(test).then(pl.lit(reason)) for test, reason in reasons), pl.lit(None, pl.String)])


def _broken_rules(name: str, good: pl.DataFrame) -> pl.DataFrame:
    """Return (source_index, fault) of the rows that break a rule of the schema."""
    schema = CONTRACT[name]
    columns = schema.columns()
    filled = [
        pl.col(column).cast(columns[column].dtype) if column in good.columns else pl.lit(None, columns[column].dtype).alias(column)
        for column in columns
    ]
    # A required number the mapping cannot give is reported when the mapping is read; here money is only compared with its least value.
    _, failures = schema.filter(good.select(filled), cast=True)
    details = failures.details()
    rules = [rule for rule in details.columns if rule not in columns]
    if not len(failures):
        return pl.DataFrame(schema={"source_index": pl.Int64, "fault": pl.String})
    reason = _first([(pl.col(rule).cast(pl.String) == "invalid", _sentence(name, rule)) for rule in rules])
    keyed = good.with_columns(filled).select(*columns, "source_index")
    reasons = details.select(reason.fill_null("breaks a rule of the contract").alias("fault"))
    invalid = failures.invalid().with_columns(reasons["fault"])
    return (
        keyed.join(invalid, on=list(columns), how="inner", nulls_equal=True)
        .select("source_index", "fault")
        .unique("source_index", keep="first")
        .sort("source_index")
    )


def _sentence(table: str, rule: str) -> str:
    column, _, kind = rule.partition("|")
    if kind == "min":
        return f"negative {label(column)}" if column in MONEY_COLUMNS else TOO_SMALL.format(column=label(column))
    if kind in ("regex", "min_length"):
        return NOT_A_WORD.format(column=label(column)) if kind == "regex" else f"no {label(column)}"
    if kind:
        return f"{label(column)}: {kind}"
    return ({"ends_after_start": "it ends before it starts"} | RULES).get(rule, rule.replace("_", " "))
