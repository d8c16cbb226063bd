"""The contract: what it requires, and the page that is written from it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from toolkit import schemas

ROOT = Path(__file__).parent.parent


def test_lines_need_seven_columns() -> None:
    assert schemas.required_columns("lines") == ["member_id", "order_id", "store_id", "product_id", "ordered_at", "quantity", "amount"]
    assert "channel" in schemas.optional_columns("lines")


@pytest.mark.parametrize("table", list(schemas.CONTRACT))
def test_every_column_has_its_meaning(table: str) -> None:
    for column in schemas.CONTRACT[table].columns():
        assert schemas.meaning(table, column)


def test_the_page_of_the_contract_is_up_to_date() -> None:
    assert (ROOT / "docs" / "data-contract.md").read_text("utf-8") == schemas.contract_markdown() + "\n", (
        "run: toolkit contract > docs/data-contract.md"
    )


def test_a_campaign_that_ends_before_it_starts_breaks_a_rule() -> None:
    frame = pl.DataFrame(
        {"campaign_id": ["a", "b"], "starts_on": ["2026-01-02", "2026-01-02"], "ends_on": ["2026-01-01", "2026-01-02"]}
    ).with_columns(pl.col("starts_on", "ends_on").str.to_date(), *(pl.lit(None, pl.String).alias(name) for name in ("name", "method")))
    frame = frame.with_columns(pl.lit(None, pl.Float64).alias("cost_fixed"), pl.lit(None, pl.Float64).alias("cost_per_contact"))
    frame = frame.with_columns(
        pl.lit(None, pl.Boolean).alias("randomised"), pl.lit(None, pl.String).alias("goods"), pl.lit(None, pl.Float64).alias("basket_from")
    )
    kept, failures = schemas.Campaigns.filter(frame)
    assert kept["campaign_id"].to_list() == ["b"]
    assert failures.counts() == {"ends_after_start": 1}
