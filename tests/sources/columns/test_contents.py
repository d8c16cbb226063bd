import datetime as dt

import polars as pl

from toolkit.sources.columns.contents import Contents, contents_of


def contents(folder, text: str) -> Contents:
    (folder / "a.csv").write_text(text, "utf-8")
    seen = contents_of(folder / "a.csv")
    assert seen is not None
    return seen


def test_numbers_times_and_texts_are_told_apart(tmp_path) -> None:
    seen = contents(tmp_path, "id;price;day;word\n007;€ 1,50;13.03.2017;a\n008;2,50-;14.03.2017;b\n;;;\n")
    assert [name for name in seen.names if seen.is_number(name)] == ["id", "price", "day"], "a date may be one, as 2.017"
    assert [name for name in seen.names if seen.is_time(name)] == ["day"]
    assert seen.texts("word").to_list() == ["a", "b"]
    assert seen.decimal(["price"]) == ","
    assert seen.decimal(["word", "id"]) == ""
    assert "€ 1,50" in seen.numeric_texts()


def test_records_that_cannot_be_read_are_not_in_the_sample(tmp_path) -> None:
    seen = contents(tmp_path, "a;b\n1;2\nbroken\na;b\n3;4;5\n5;6\n")
    assert seen.sample.rows() == [("1", "2"), ("5", "6")]


def test_typed_columns_are_texts_too_and_lists_are_left_out(tmp_path) -> None:
    frame = pl.DataFrame({"when": [dt.datetime(2017, 1, 1)], "amount": [1.5], "tags": [["a"]], "name": ["x"]})
    frame.write_parquet(tmp_path / "a.parquet")
    seen = contents_of(tmp_path / "a.parquet")
    assert seen is not None
    assert seen.names == ("when", "amount", "name")
    assert seen.texts("amount").to_list() == ["1.5"]
    assert seen.time_style("when").formats == ("typed",)
    assert seen.is_number("amount")
    assert (seen.has_header, seen.has_zone, seen.script, seen.is_text("amount")) == (True, False, "", False)


def test_zones_and_scripts_are_seen(tmp_path) -> None:
    assert contents(tmp_path, "会员,时间\n1,2017-07-01T10:00:00+02:00\n").has_zone
    assert contents(tmp_path, "会员,时间\n1,2\n").script == "chinese"
    assert contents(tmp_path, "クーポン,金額\n1,2\n").script == "japanese"


def test_a_file_without_rows_has_no_contents(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n")
    assert contents_of(tmp_path / "a.csv") is None
