import datetime as dt

import polars as pl
import pytest

from toolkit.sources.styles.times import COMPACT, DATES, ISO, instants_of, needs_zone, possible, read_times, swap, time_style, wall_clock

MOMENTS = [dt.datetime(2017, 3, 13, 8, 15), dt.datetime(2018, 12, 31, 23, 59), dt.datetime(2020, 2, 29)]


@pytest.mark.parametrize("date", [*DATES, "%Y%m%d"])
@pytest.mark.parametrize("clock", ["", " %H:%M", " %H:%M:%S"])
def test_every_known_way_of_writing_is_told_and_read_back(date: str, clock: str) -> None:
    texts = pl.Series([moment.strftime(date + clock) for moment in MOMENTS])
    style = time_style(texts)
    assert style.twins is None, "a day above twelve proves which is the month"
    formats = ISO if style.formats == ("iso",) else style.formats
    expected = [moment if clock else dt.datetime.combine(moment.date(), dt.time()) for moment in MOMENTS]
    assert read_times(texts, formats, None).to_list() == expected


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["1489392900", "1489392901"], "epoch_s"),
        (["1489392900000"], "epoch_ms"),
        (["1489392900000000"], "epoch_us"),
        (["42807.34375"], "excel"),
        (["201703130815"], COMPACT[12]),
        (["20170313081500"], COMPACT[14]),
    ],
)
def test_plain_numbers_are_told_by_their_size(texts: list[str], form: str) -> None:
    assert time_style(pl.Series(texts)).formats == (form,)
    assert read_times(pl.Series(texts[:1]), (form,), "UTC").to_list() == [dt.datetime(2017, 3, 13, 8, 15)]


def test_numbers_that_could_be_two_things_are_none() -> None:
    style = time_style(pl.Series(["100", "1489392900"]))
    assert (style.formats, style.doubt.split(": ")[1]) == ((), 'no format that is known fits; state time_format, such as "%d.%m.%Y %H:%M"')


def test_doubts_are_told() -> None:
    twins = time_style(pl.Series(["01/02/2017 10:00", "03/04/2017 11:00"]))
    assert twins.twins is not None
    assert set(swap(twins.formats, twins.twins) + twins.formats) == {"%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"}
    assert "the year has two digits" in time_style(pl.Series(["13.03.17"])).doubt
    assert time_style(pl.Series(["", None])).formats == ("iso",), "nothing to tell it by"


def test_most_cells_decide_and_the_others_are_not_read() -> None:
    texts = pl.Series(["13.03.2017"] * 6 + ["soon"] * 4)
    style = time_style(texts)
    assert style.formats == ("%d.%m.%Y",)
    assert read_times(texts, style.formats, None).null_count() == 4


def test_instants_become_the_shops_wall_clock() -> None:
    texts = pl.Series(["2017-07-01T10:00:00Z", "2017-07-01 10:00:00 +0200", "2017-01-01 10:00:00 UTC"])
    assert read_times(texts, ISO, "Europe/Berlin").to_list() == [
        dt.datetime(2017, 7, 1, 12),
        dt.datetime(2017, 7, 1, 10),
        dt.datetime(2017, 1, 1, 11),
    ]
    assert needs_zone(("epoch_s",))
    assert needs_zone(("%d.%m.%Y %H:%M%z",))
    assert not needs_zone(("%d.%m.%Y", "excel"))


def test_days_since_a_day_and_an_hour_alone() -> None:
    assert read_times(pl.Series(["0", "1", "x"]), ("days since 2016-03-23",), None).to_list() == [
        dt.datetime(2016, 3, 23),
        dt.datetime(2016, 3, 24),
        None,
    ]
    assert read_times(pl.Series(["20060413 20"]), ("%Y%m%d %H",), None).to_list() == [dt.datetime(2006, 4, 13, 20)]


def test_only_years_of_a_shop_are_possible() -> None:
    frame = pl.DataFrame({"time": [dt.datetime(1899, 12, 31), dt.datetime(1900, 1, 1), dt.datetime(2100, 12, 31), dt.datetime(2101, 1, 1)]})
    assert frame.select(possible(pl.col("time"))).to_series().to_list() == [False, True, True, False]


@pytest.mark.parametrize("cells", [[], [None], [None] * 9, ["2017-03-13 08:15"] * 9 + [None] * 9 + ["x", "2017-03-13 08:16"]])
def test_a_time_that_stands_on_many_lines_is_read_as_on_one(cells):
    single = [read_times(pl.Series([cell], dtype=pl.String), ISO, None).item() for cell in cells]
    assert read_times(pl.Series(cells, dtype=pl.String), ISO, None).to_list() == single


@pytest.mark.parametrize("zone", ["America/New_York", "America/Sao_Paulo", "Asia/Shanghai", "Australia/Lord_Howe"])
def test_clocks_that_are_moved_by_day_are_those_moved_one_by_one(zone):
    """Days on which clocks change, skipped midnights and years with other rules among them."""
    every = pl.datetime_range(pl.datetime(1985, 1, 1), pl.datetime(2020, 1, 1), "37m", eager=True, time_unit="us")
    zoned = every.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    assert wall_clock(every, zone).equals(zoned)
    instants = every.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    assert instants_of(every, zone).equals(instants.dt.replace_time_zone(None), null_equal=True)
