"""The question on a shop that is made for it: run by pytest where the toolkit and this package are installed."""

import pytest

import toolkit as tk


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    tk.simulated_shop(folder / "receipts", members=300, years=1)
    tk.import_receipts(folder / "receipts", folder / "ws")
    return tk.open(folder / "ws")


def test_every_day_shares_out_the_same_orders(ws):
    wed, sat = (tk.portrait.market_days(ws, day=day) for day in ("wed", "sat"))
    assert wed.table["orders"].sum() == sat.table["orders"].sum() > wed.table["orders"][0] > 0
    assert "of member sales fall on market days (n = " in sat.headline


def test_a_shop_of_few_is_not_told(ws):
    told = tk.portrait.market_days(ws, period="1d")
    assert told.headline.startswith("Not told")
    assert told.table.is_empty()
