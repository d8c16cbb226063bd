"""tk.from_frame: the same receipts from every kind of frame, times and ids kept, and sentences where something is open."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from toolkit.errors import BadValue, DataError, MappingError, ToolkitError, UnknownName
from toolkit.importing.frames import from_frame
from toolkit.workspace import Workspace

ROWS = 1_200
NAMED = {"member_id": "card", "order_id": "bon", "ordered_at": "when", "amount": "paid", "product_id": "art"}


def lines(rows: int = ROWS) -> pl.DataFrame:
    """Two lines an order, each order of one of forty members."""
    rng = np.random.default_rng(4)
    hours = rng.integers(9, 8_700, rows // 2).repeat(2)
    return pl.DataFrame(
        {
            "card": rng.integers(100, 140, rows // 2).repeat(2),
            "bon": np.arange(rows) // 2,
            "when": np.datetime64("2025-01-01", "us") + hours.astype("timedelta64[h]"),
            "paid": rng.uniform(1, 20, rows).round(2),
            "art": [f"art-{number}" for number in rng.integers(0, 30, rows)],
        }
    )


def of_pandas(frame: pl.DataFrame) -> Any:
    pytest.importorskip("pandas")
    return frame.to_pandas()


def of_duckdb(frame: pl.DataFrame) -> Any:
    return pytest.importorskip("duckdb").from_arrow(frame.to_arrow())


def of_words(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("art").cast(pl.Categorical), pl.col("paid").cast(pl.Decimal(12, 2)), pl.col("card").cast(pl.String))


def of_fractions(frame: pl.DataFrame) -> Any:
    """What pandas makes of numbers with a gap: fractions, and not-a-number."""
    gap = pl.DataFrame({"card": [None, None], "bon": [9_999] * 2, "when": [frame["when"][0]] * 2, "paid": [0.0, 0.0], "art": ["art-1"] * 2})
    return of_pandas(pl.concat([frame, gap.cast(dict(frame.schema))]).with_columns(pl.col("card", "bon").cast(pl.Float64)))


MADE = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "pandas": of_pandas,
    "pyarrow": lambda frame: frame.to_arrow(),
    "duckdb": of_duckdb,
    "categories and decimals": of_words,
    "fractions": of_fractions,
}


@pytest.mark.parametrize("kind", MADE)
def test_the_same_receipts_from_every_kind_of_frame(kind: str, tmp_path: Path) -> None:
    frame = lines()
    ws = from_frame(MADE[kind](frame), tmp_path / "ws", currency="USD", **NAMED)
    answer = tk.portrait.figure(ws, metric="sales", period="365d")
    assert answer.table["sales"][0] == pytest.approx(frame.filter(pl.col("when") > datetime(2025, 1, 1))["paid"].sum())
    assert answer.currency == "USD"
    assert ws.codes("member")["id"].sort().to_list() == sorted({str(card) for card in frame["card"]})
    assert tk.portrait.figure(ws, metric="orders", period="365d").table["orders"][0] == frame["bon"].n_unique()


def test_three_columns_are_enough_and_a_temporary_folder_goes_away() -> None:
    ws = from_frame(lines().select("card", "when", "paid"), member_id="card", ordered_at="when", amount="paid")
    assert tk.portrait.overview(ws).table["sales"][0] > 0
    assert "toolkit-" in str(ws.path)


def test_where_nothing_says_the_currency_amounts_have_no_sign() -> None:
    frame = lines().select("card", "when", "paid")
    plain = tk.portrait.figure(from_frame(frame, **{name: NAMED[name] for name in ("member_id", "ordered_at", "amount")}), metric="sales")
    assert plain.currency == "XXX"
    assert not set("€$¤¥") & set(plain.headline)
    chinese = from_frame(frame.rename({"card": "会员卡号", "when": "下单时间", "paid": "实付金额"}))
    assert tk.portrait.figure(chinese, metric="sales").currency == "CNY"


def test_columns_that_are_not_named_are_guessed_as_map_does() -> None:
    frame = lines().rename({"card": "customer_id", "when": "order_date", "paid": "net_amount", "bon": "receipt_no", "art": "sku"})
    assert from_frame(frame).codes("product").height == 30


@pytest.mark.parametrize(
    ("zone", "given", "first"),
    [("UTC", {"time_zone": "Asia/Shanghai"}, date(2025, 3, 2)), ("Europe/Vienna", {}, date(2025, 3, 1)), (None, {}, date(2025, 3, 1))],
)
def test_times_keep_the_day_of_the_shop(zone: str | None, given: dict[str, str], first: date) -> None:
    late = pl.Series([datetime(2025, 3, 1, 23) + timedelta(days=7 * step) for step in range(20)]).dt.replace_time_zone(zone)
    frame = pl.DataFrame({"card": [f"m{row % 5}" for row in range(20)], "when": late, "paid": [5.0] * 20})
    ws = from_frame(frame, member_id="card", ordered_at="when", amount="paid", **given)
    assert ws.first_day == first


@pytest.mark.parametrize(
    ("change", "given", "error", "said"),
    [
        (lambda frame: frame.to_dicts(), {}, BadValue, "list is none"),
        (lambda frame: frame, {"member_id": "crad"}, UnknownName, "did you mean 'card'"),
        (lambda frame: frame, {"membr_id": "card"}, UnknownName, "did you mean 'member_id'"),
        (lambda frame: frame.head(0), {}, DataError, "no row"),
        (lambda frame: frame.with_columns(pl.col("when").dt.replace_time_zone("UTC")), {}, MappingError, "pass time_zone="),
        (lambda frame: frame.with_columns(pl.lit("no").alias("paid")), {}, ToolkitError, "amount"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(change: Any, given: dict[str, str], error: type[Exception], said: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=said):
        from_frame(change(lines()), tmp_path / "ws", **{**NAMED, **given})
    assert not (tmp_path / "ws" / "manifest.json").exists()


def test_an_open_question_says_what_to_pass(tmp_path: Path) -> None:
    frame = lines().with_columns(pl.Series("status", ["ok", "void"] * (ROWS // 2)))
    with pytest.raises(DataError, match=r"state of orders.*mapping='\.\.\.', or accept_defaults=True"):
        from_frame(frame, tmp_path / "ws", **NAMED)
    half = from_frame(frame, tmp_path / "half", mapping='[lines.drop]\nstatus = ["void"]', **NAMED)
    whole = from_frame(frame, tmp_path / "whole", accept_defaults=True, **NAMED)
    assert (lines_of(half), lines_of(whole)) == (ROWS // 2, ROWS)


def lines_of(ws: Workspace) -> int:
    return sum(file.rows for file in ws.manifest.line_files)


def test_a_named_folder_takes_later_receipts(tmp_path: Path) -> None:
    frame = lines()
    middle = datetime(2025, 7, 1)
    from_frame(frame.filter(pl.col("when") < middle), tmp_path / "ws", **NAMED)
    ws = from_frame(frame.filter(pl.col("when") >= middle), tmp_path / "ws", **NAMED)
    assert lines_of(ws) == ROWS


def test_a_hundred_thousand_rows(tmp_path: Path) -> None:
    ws = from_frame(lines(100_000), tmp_path / "ws", **NAMED)
    assert lines_of(ws) == 100_000
