import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from tests.sources.shop_files import COLUMNS, HEADER, ROWS, lines_mapping, read, row, table, typed
from toolkit.errors import MappingError
from toolkit.sources.convert import typed_table
from toolkit.sources.mapping import mapping_from_text
from toolkit.sources.presets.complete_journey import complete_journey


def amounts(tmp_path, *cells, **how):
    kept, rejected = read(tmp_path, table(*[row(amount=cell) for cell in cells]), **how)
    return kept["amount"].to_list(), rejected["fault"].to_list()


def times(tmp_path, *cells, **how):
    kept, rejected = read(tmp_path, table(*[row(time=cell) for cell in cells]), **how)
    return [str(time) for time in kept["ordered_at"]], rejected["fault"].to_list()


def test_money_is_exact(tmp_path):
    cells = [
        "1,234.50",
        "0.1",
        "1.005",
        "-2.675",
        "12.50-",
        "(3.20)",
        "−4.00",
        "€ 5.00",
        "6.00 EUR",
        "1 234.50",
        "1'234.50",
        "+7",
        ".5",
        "３.２５",
        "٣٫٥",
    ]
    expected = [123450, 10, 101, -268, -1250, -320, -400, 500, 600, 123450, 123450, 700, 50, 325, 350]
    assert amounts(tmp_path, *cells) == (expected, [])


def test_what_is_no_amount_is_set_aside(tmp_path):
    cells = ["12,50", "1.2.3", "abc", "$5.00", "5.00 USD", "1,23.50", "1E3", "--5", "(-5)", "", " ", "NaN", "5.00"]
    kept, faults = amounts(tmp_path, *cells, table='decimal = "."')
    assert kept == [500]
    assert faults == ["amount is not a number"] * 9 + ["no amount"] * 2 + ["amount is not a number"]


def test_amounts_too_large_are_never_wrapped(tmp_path):
    kept, faults = amounts(tmp_path, "90000000000000.00", "90000000000000.01", "9" * 40, "100000000000000000000.00")
    assert kept == [9_000_000_000_000_000]
    assert faults[0] == "amount is too large"
    assert len(faults) == 3


@pytest.mark.parametrize(
    ("currency", "cell", "expected"), [("JPY", "1,234", 1234), ("KWD", "1.2345", 1235), ("EUR", "1.23", 123), ("RSD", "129.99", 12999)]
)
def test_digits_of_the_currency(tmp_path, currency, cell, expected):
    assert amounts(tmp_path, f'"{cell}"', shop=f'currency = "{currency}"') == ([expected], [])


def test_lost_decimals_are_counted(tmp_path):
    frame = typed(tmp_path, table(row(amount="1.234"), row(amount="1.2"), row(amount="2.5000"))).frame.collect()
    assert frame["rounded"].to_list() == [True, False, False]


def test_a_doubtful_decimal_sign_is_refused(tmp_path):
    with pytest.raises(MappingError, match=r"cannot be told which sign is the decimal one in '1\.234'.*state decimal"):
        typed(tmp_path, table(row(amount="1.234", quantity="1")))
    assert amounts(tmp_path, "1.234", table='decimal = ","') == ([123400], [])
    assert amounts(tmp_path, "1.234", table='decimal = "."') == ([123], [])


def test_minor_units_signs_sums_and_products(tmp_path):
    content = (
        "member;order;store;product;time;quantity;price;gross;rebate\n1;1;1;1;2017-01-01;3;0.333;1000;-250\n1;2;1;1;2017-01-01;3;x;1000;\n"
    )
    columns = COLUMNS.replace('amount = "amount"', 'amount = { add = ["gross"], subtract = ["rebate"], unit = "minor" }')
    columns += 'discount_amount = { column = "rebate", sign = -1, unit = "minor" }'
    kept, _ = read(tmp_path, content, columns=columns)
    assert kept["amount"].to_list() == [1250, 1000]
    assert kept["discount_amount"].to_list() == [250, 0]
    kept, rejected = read(tmp_path, content, columns=COLUMNS.replace('"amount"', '{ multiply = ["price", "quantity"] }'))
    assert kept["amount"].to_list() == [100]
    assert rejected["fault"].to_list() == ["amount is not a number"]


def test_a_negative_discount_is_a_fault(tmp_path):
    columns = COLUMNS + 'discount_amount = "store"'
    assert read(tmp_path, table(row(store="-1")), columns=columns)[1]["fault"].to_list() == ["negative discount"]


def test_ids_are_kept_as_written(tmp_path):
    kept, rejected = read(
        tmp_path, table(row(member="0012", product=" A7"), row(member=""), row(member="  "), row(product="6.90123E+12"), row(store=""))
    )
    assert kept["member_id"].to_list() == ["0012", None, None]
    assert kept["product_id"][0] == " A7"
    assert rejected["fault"].to_list() == ["product id was cut by a spreadsheet", "no store id"]
    assert read(tmp_path, table(row(product=" A7")), table="strip_ids = true")[0]["product_id"].to_list() == ["A7"]


def test_joined_ids_never_collide(tmp_path):
    columns = COLUMNS.replace('"order"', '["store", "order"]')
    kept, _ = read(
        tmp_path, table(row(store="1|2", order="3"), row(store="1", order="2|3"), row(store="1\\", order="2|3")), columns=columns
    )
    assert kept["order_id"].n_unique() == 3


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            ["2017-03-01", "2017-03-01 10:11", "2017-03-01T10:11:12.5"],
            ["2017-03-01 00:00:00", "2017-03-01 10:11:00", "2017-03-01 10:11:12.500000"],
        ),
        (["01.03.2017 10:11", "1.3.2017 9:05"], ["2017-03-01 10:11:00", "2017-03-01 09:05:00"]),
        (["12/31/2017 1:05:00 PM", "1/2/2017 1:05:00 AM"], ["2017-12-31 13:05:00", "2017-01-02 01:05:00"]),
        (["31/12/2017", "01/02/2017"], ["2017-12-31 00:00:00", "2017-02-01 00:00:00"]),
        (["20170301", "19991231"], ["2017-03-01 00:00:00", "1999-12-31 00:00:00"]),
        (["20170301101112"], ["2017-03-01 10:11:12"]),
        (["42795.4243287037"], ["2017-03-01 10:11:02"]),
        (["2017年3月1日 8:05"], ["2017-03-01 08:05:00"]),
        (["01-Mar-2017"], ["2017-03-01 00:00:00"]),
    ],
)
def test_times(tmp_path, cells, expected):
    assert times(tmp_path, *cells) == (expected, [])


def test_impossible_times_are_set_aside(tmp_path):
    good = ["2017-03-01"] * 30
    kept, faults = times(tmp_path, *good, "2017-02-31", "1817-03-01", "2217-03-01", "yesterday", "")
    assert len(kept) == 30
    assert faults == ["time cannot be read", "impossible time", "impossible time", "time cannot be read", "no time"]


def test_day_month_order_is_never_guessed(tmp_path):
    with pytest.raises(MappingError, match=r"day-month or month-day and no row proves which.*state time_format"):
        typed(tmp_path, table(row(time="01/02/2017"), row(time="03/04/2017")))
    with pytest.raises(MappingError, match="some rows only fit the one, some only the other"):
        typed(tmp_path, table(row(time="01/13/2017"), row(time="13/01/2017")))
    late = ["01/02/2017"] * 3000 + ["01/31/2017"]
    assert times(tmp_path, *late)[0][0] == "2017-01-02 00:00:00"
    with pytest.raises(MappingError, match=r"the year has two digits; state time_format"):
        typed(tmp_path, table(row(time="01.02.17")))
    assert times(tmp_path, "01.02.17", table='time_format = "%d.%m.%y"') == (["2017-02-01 00:00:00"], [])


def test_zones(tmp_path):
    with pytest.raises(MappingError, match=r"state the shop's own, such as time_zone"):
        typed(tmp_path, table(row(time="2017-07-01T10:00:00Z")))
    berlin = 'currency = "EUR"\ntime_zone = "Europe/Berlin"'
    assert times(tmp_path, "2017-07-01T10:00:00Z", "2017-07-01T10:00:00-05:00", shop=berlin)[0] == [
        "2017-07-01 12:00:00",
        "2017-07-01 17:00:00",
    ]
    assert times(tmp_path, "1498903200", shop=berlin)[0] == ["2017-07-01 12:00:00"]
    assert times(tmp_path, "1498903200000", shop=berlin)[0] == ["2017-07-01 12:00:00"]


def test_clocks_that_go_forward_and_back(tmp_path):
    cells = ["2017-03-26 02:30", "2017-10-29 02:30", "2017-07-01 10:00"]
    assert times(tmp_path, *cells) == ([cell + ":00" for cell in cells], [])  # local times are kept as written
    shop = 'currency = "EUR"\ntime_zone = "UTC"\nsource_time_zone = "Europe/Berlin"'
    kept, faults = times(tmp_path, *cells, shop=shop)
    assert kept == ["2017-10-29 00:30:00", "2017-07-01 08:00:00"]  # the earlier of the two instants
    assert faults == ["time does not exist: clocks went forward"]


def test_typed_parquet_passes_through(tmp_path):
    frame = pl.DataFrame(
        {
            "member": [1.0, float("nan"), None, 2.5],
            "order": [1, 2, 3, 4],
            "store": ["1"] * 4,
            "product": pl.Series(["a"] * 4, dtype=pl.Categorical),
            "time": [dt.datetime(2017, 1, 1)] * 4,
            "quantity": pl.Series([1, 2, 3, 4], dtype=pl.Int16),
            "amount": [1.005, -1.005, 2.675, 3.0],
        }
    )
    frame.write_parquet(tmp_path / "lines.parquet")
    kept, rejected = read(tmp_path, name="lines.parquet")
    assert kept["member_id"].to_list() == [1, None, None]
    assert kept["amount"].to_list() == [101, -101, 268]
    assert rejected.select("source_row", "fault").rows() == [(4, "member id is not a whole number")]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["1.234", "-1.235", "5"], pl.Decimal(18, 3), [123, -124, 500]),
        ([1, 2, None], pl.Int32, [100, 200]),
        ([float("inf"), float("nan"), 1e300, 1.5], pl.Float64, [150]),
        ([2**63 - 1, 5], pl.Int64, [500]),
        ([0.1, 1.1], pl.Float32, [10, 110]),
    ],
)
def test_typed_amounts(tmp_path, values, dtype, expected):
    cells = [Decimal(value) if isinstance(value, str) else value for value in values]
    frame = pl.read_csv(table(*ROWS[:1] * len(values)).encode(), separator=";", try_parse_dates=True).with_columns(
        amount=pl.Series(cells, dtype=dtype)
    )
    frame.write_parquet(tmp_path / "lines.parquet")
    kept, _ = read(tmp_path, name="lines.parquet")
    assert kept["amount"].to_list() == expected


def test_parquet_and_text_of_one_table_are_united(tmp_path):
    (tmp_path / "b.csv").write_text(table(row(member="0012", amount="x"), *ROWS))
    pl.read_csv(table(*ROWS).encode(), separator=";", try_parse_dates=True).write_parquet(tmp_path / "a.parquet")
    kept, rejected = read(tmp_path, files="[ab].*")
    assert kept["member_id"].to_list() == ["7", "8", "7", "8"]
    assert rejected.select("source_row", "fault").rows() == [(2, "amount is not a number")]
    assert rejected["raw"][0].startswith('{"member":"0012"')


def test_codes_that_mean_nobody(tmp_path):
    how = {"table": 'not_a_member = ["0", 9999]'}
    assert read(tmp_path, table(row(member="0"), row(member="9999"), row(member="00")), **how)[0]["member_id"].to_list() == [
        None,
        None,
        "00",
    ]
    pl.read_csv(table(row(member="0"), row(member="5")).encode(), separator=";", try_parse_dates=True).write_parquet(tmp_path / "l.parquet")
    assert read(tmp_path, name="l.parquet", **how)[0]["member_id"].to_list() == [None, 5]


def test_products_inside_the_lines(tmp_path):
    (tmp_path / "lines.csv").write_text(
        HEADER
        + ";group;bulk\n"
        + ROWS[0]
        + ";Dairy;ja\n"
        + ROWS[0]
        + ";Dairy;ja\n"
        + ROWS[0]
        + ";Milk;ja\n"
        + ROWS[1]
        + ";;nein\n"
        + row(product="")
        + ";;maybe\n"
    )
    more = (
        '[products]\nfiles = "lines.csv"\ndistinct = true\n[products.columns]\nproduct_id = "product"\ncategory = "group"\ncounted = "bulk"'
    )
    table_ = typed_table(lines_mapping(tmp_path, more=more), "products", scratch=tmp_path)
    kept = table_.kept.collect().sort("product_id", nulls_last=True)
    assert kept.select("product_id", "category", "counted").rows()[:2] == [("A1", "Dairy", True), ("A2", None, False)]
    assert table_.conflicts() == 1


def test_the_complete_journey():
    mapping = complete_journey()
    lines = typed_table(mapping, "lines")
    total = lines.kept.select(pl.col("amount", "discount_amount", "coupon_amount").sum(), pl.len()).collect().row(0)
    assert total == (459603958, 79619329, total[2], 1469307)
    assert lines.rows_in == 1469307
    fuel = typed_table(mapping, "products").kept.filter(~pl.col("counted")).collect()
    assert 0 < fuel.height < 100
    assert typed_table(mapping, "stores").kept.collect().height == 457


def test_every_table_of_the_contract_can_be_read(tmp_path):
    (tmp_path / "lines.csv").write_text(table(*ROWS))
    (tmp_path / "stock.csv").write_text("store,product,day,on_hand\n1,A,2017-01-01,1.5\n1,B,2017-01-01,many\n")
    (tmp_path / "targets.csv").write_text("store,month,target\n1,2017-01-01,1000.00\n")
    more = """
[stock]
files = "stock.csv"
columns = { store_id = "store", product_id = "product", counted_on = "day", on_hand = "on_hand" }
[sales_targets]
files = "targets.csv"
columns = { store_id = "store", month = "month", target_amount = "target" }
"""
    mapping = lines_mapping(tmp_path, files="lines.csv", more=more)
    stock = typed_table(mapping, "stock", scratch=tmp_path)
    assert stock.kept.collect()["on_hand"].to_list() == [1.5]
    assert stock.rejected["fault"].to_list() == ["on hand is not a number"]
    assert typed_table(mapping, "sales_targets", scratch=tmp_path).kept.collect()["target_amount"].to_list() == [100000]


def test_conversion_streams_and_needs_no_sort(tmp_path):
    mapping = mapping_from_text(f'currency = "EUR"\n[lines]\nfiles = "lines.parquet"\n[lines.columns]\n{COLUMNS}', folder=tmp_path)
    pl.read_csv(table(*ROWS).encode(), separator=";", try_parse_dates=True).write_parquet(tmp_path / "lines.parquet")
    plan = typed_table(mapping, "lines").kept.show_graph(plan_stage="physical", engine="streaming", raw_output=True)
    assert 'fillcolor="0.0 ' not in str(plan).split("Legend", 1)[1]
