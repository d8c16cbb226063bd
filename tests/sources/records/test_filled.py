"""Order fields on the first line alone: filled down within their order, from no other order, in every file by itself."""

import polars as pl
import pytest

from tests.sources.shop_files import lines_mapping, read, typed
from toolkit.errors import MappingError

FILL = 'fill_down = ["member", "time"]\nwithin = "order"'
OPEN = "member;order;store;product;time;quantity;amount\n"


def _members(kept: pl.DataFrame) -> list:
    return kept.sort("source_index")["member_id"].to_list()


def test_lines_below_take_over_what_the_first_line_says(tmp_path) -> None:
    content = OPEN + (
        "7;1;12;A1;2017-03-01 10:00:00;1;2.50\n;1;12;A2;;1;3.50\n　;1;12;A3; ;1;1.00\n;2;12;A1;2017-03-01 11:00:00;1;2.50\n;2;12;A2;;1;9\n"
    )
    kept, rejected = read(tmp_path, content, table=FILL)
    assert _members(kept) == ["7", "7", "7", None, None]  # order 2 is a non-member's: it takes nothing from order 1
    assert kept["ordered_at"].dt.hour().to_list() == [10, 10, 10, 11, 11]
    assert rejected.is_empty()


def test_without_it_the_lines_below_are_set_aside_as_ever(tmp_path) -> None:
    kept, rejected = read(tmp_path, OPEN + "7;1;12;A1;2017-03-01 10:00:00;1;2.50\n;1;12;A2;;1;3.50\n")
    assert (kept.height, rejected["fault"].to_list()) == (1, ["no time"])


def test_the_order_number_may_stand_on_the_first_line_alone_too(tmp_path) -> None:
    content = OPEN + "7;1;12;A1;2017-03-01 10:00:00;1;2.50\n;;12;A2;;1;3.50\n;2;12;A1;2017-03-01 11:00:00;1;2.50\n;;12;A2;;1;9\n"
    kept, _ = read(tmp_path, content, table='fill_down = ["order", "member", "time"]\nwithin = "order"')
    assert kept["order_id"].to_list() == ["1", "1", "2", "2"]
    assert _members(kept) == ["7", "7", None, None]


def test_a_row_that_cannot_be_read_parts_no_order_and_lends_nothing(tmp_path) -> None:
    content = OPEN + "7;1;12;A1;2017-03-01 10:00:00;1;2.50\n8;1;12;A1;2017;1;2.50;too;many\n;1;12;A2;;1;3.50\n"
    kept, rejected = read(tmp_path, content, table=FILL)
    assert _members(kept) == ["7", "7"]
    assert rejected.height == 1


def test_an_order_does_not_reach_into_the_next_file(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(OPEN + "7;1;12;A1;2017-03-01 10:00:00;1;2.50\n")
    (tmp_path / "b.csv").write_text(OPEN + ";1;12;A2;2017-03-02 10:00:00;1;3.50\n9;2;12;A2;2017-03-02 10:00:00;1;3.50\n;2;12;A3;;1;3.50\n")
    kept = typed(tmp_path, files="*.csv", table=FILL).kept.collect()
    assert _members(kept) == ["7", None, "9", "9"]


def test_rows_are_left_out_by_the_state_that_was_filled_down(tmp_path) -> None:
    content = (
        "state;"
        + OPEN
        + "paid;7;1;12;A1;2017-03-01 10:00:00;1;2\n;;1;12;A2;;1;3\nvoided;8;2;12;A1;2017-03-01 11:00:00;1;4\n;;2;12;A2;;1;5\n"
    )
    fill = 'fill_down = ["state", "member", "time"]\nwithin = "order"'
    table = typed(tmp_path, content, table=fill, more='[lines.keep]\nstate = "paid"')
    assert table.kept.collect()["amount"].to_list() == [200, 300]
    assert table.left_out == {"keep state = 'paid'": 2}


def test_a_parquet_file_is_filled_alike(tmp_path) -> None:
    rows = {"member": [7, None, None], "order": [1, 1, 2], "store": [1] * 3, "product": ["a", "b", "c"], "quantity": [1] * 3}
    rows |= {"time": ["2017-03-01", None, "2017-03-02"], "amount": [1.0, 2.0, 3.0]}
    pl.DataFrame(rows).write_parquet(tmp_path / "lines.parquet")
    kept = typed(tmp_path, files="lines.parquet", table=FILL).kept.collect()
    assert _members(kept) == [7, 7, None]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('fill_down = ["member"]', "together; only one was stated"),
        ('within = "order"', "together; only one was stated"),
        (
            'fill_down = ["membr"]\nwithin = "order"',
            "no column 'membr', which mapping [lines] fill_down or within names; did you mean 'member'",
        ),
    ],
)
def test_what_is_not_there_is_said(tmp_path, table: str, says: str) -> None:
    (tmp_path / "lines.csv").write_text(OPEN + "7;1;12;A1;2017-03-01 10:00:00;1;2.50\n")
    with pytest.raises(MappingError, match=says.replace("[", r"\[").replace("]", r"\]")):
        typed(tmp_path, table=table)
    assert lines_mapping(tmp_path).tables["lines"].raw_columns.count("order") == 1
