"""What came since the last night: files that are known are left out, of those that grew the last days count, and what cannot be is said."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tests.shop import random_lines
from toolkit.errors import DataError
from toolkit.importing import import_receipts
from toolkit.importing.run import open_source
from toolkit.importing.since import latest_day, remember, since_last
from toolkit.workspace import Workspace

MAPPING = """
currency = "EUR"
[lines]
files = "tills/*.parquet"
[lines.columns]
member_id = "member_id"
order_id = "order_id"
store_id = "store_id"
product_id = "product_id"
ordered_at = "ordered_at"
quantity = "quantity"
amount = "amount"
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "tills").mkdir()
    (tmp_path / "mapping.toml").write_text(MAPPING, "utf-8")
    return tmp_path


def lines() -> pl.DataFrame:
    return random_lines(1, lines=600, days=60)


def write(shop, name: str, frame: pl.DataFrame) -> None:
    frame.write_parquet(shop / "tills" / f"{name}.parquet")


def night(shop, **given):
    """Return what was new, and the report of its import."""
    source = open_source(shop / "mapping.toml")
    news = since_last(source, shop / "ws", **given)
    if news.mapping is None:
        return news, None
    report = import_receipts(news.mapping, shop / "ws", accept_defaults=True, allow_shrinking=given.get("allow_shrinking", False))
    remember(source, shop / "ws", news.read)
    return news, report


def stored(path) -> pl.DataFrame:
    """The lines of a workspace in the shop's own ids."""
    ws = Workspace(path)
    frames = pl.scan_parquet([ws.path / file.path for file in ws.manifest.line_files]).drop("order_code")
    names = {name: ws.codes(name) for name in ("member", "store", "product")}
    for name, codes in names.items():
        frames = frames.join(
            codes.lazy().select(pl.col("code").alias(f"{name}_code"), pl.col("id").alias(name)), on=f"{name}_code", how="left"
        )
    return frames.drop("member_code", "store_code", "product_code").collect().sort(pl.all())


def test_files_that_were_read_are_left_out(shop):
    day = pl.col("ordered_at").dt.date()
    write(shop, "may", lines().filter(day < date(2024, 6, 1)))
    assert night(shop)[1] is not None
    write(shop, "june", lines().filter(day >= date(2024, 6, 1)))
    news, report = night(shop)
    assert [file.path.rsplit("/", 1)[1] for file in news.mapping.tables["lines"].files] == ["june.parquet"]
    assert report.records[0].rows_in == lines().filter(day >= date(2024, 6, 1)).height
    os.utime(shop / "tills" / "june.parquet")  # touched, not changed: read once more to see that, then left out
    news, _ = night(shop)
    assert night(shop)[0].mapping is None
    assert "2 files were read before" in night(shop)[0].notes[0]


def test_another_table_is_read_whole_or_not_at_all(shop):
    members = pl.DataFrame({"member_id": ["m01", "m02"], "card": ["gold", "silver"]})
    text = MAPPING + '[members]\nfiles = "cards-*.csv"\nattributes = ["card"]\n[members.columns]\nmember_id = "member_id"\n'
    (shop / "mapping.toml").write_text(text, "utf-8")
    write(shop, "a", lines())
    for row in range(2):
        members[row].write_csv(shop / f"cards-{row}.csv")
    night(shop)
    pl.DataFrame({"member_id": ["m02"], "card": ["gold"]}).write_csv(shop / "cards-1.csv")
    news, _ = night(shop)
    assert (list(news.mapping.tables), len(news.mapping.tables["members"].files)) == (["members"], 2)
    assert Workspace(shop / "ws").table("members").collect().sort("member_id")["card"].to_list() == ["gold", "gold"]


def test_of_a_file_that_grew_the_last_days_count(shop):
    day = pl.col("ordered_at").dt.date()
    write(shop, "all", lines().filter(day < date(2024, 6, 20)))
    night(shop)
    corrected = lines().with_columns(amount=pl.when(day >= date(2024, 6, 17)).then(pl.col("amount") + 1).otherwise("amount"))
    write(shop, "all", corrected)
    news, report = night(shop)
    last = lines().filter(day < date(2024, 6, 20))["ordered_at"].max().date()
    seen = lines().filter(day >= last - timedelta(days=3)).height
    assert report.records[0].rows_kept == seen
    assert report.records[0].left_out == {"of days that were read on an earlier night": lines().height - seen}
    assert f"receipts before {last - timedelta(days=3)} were not looked at" in news.notes[0]
    import_receipts(shop / "mapping.toml", shop / "whole", accept_defaults=True)
    assert stored(shop / "ws").equals(stored(shop / "whole"))


def test_an_order_over_midnight_belongs_to_the_day_before(shop):
    base = lines().filter(pl.col("ordered_at") < datetime(2024, 6, 10))
    over = lines().head(2).with_columns(order_id=pl.lit("late"), store_id=pl.lit("s1"), member_id=pl.lit("m01"),
                                        ordered_at=pl.Series([datetime(2024, 6, 5, 23, 59), datetime(2024, 6, 6, 0, 1)]))  # fmt: skip
    last = lines().tail(1).with_columns(ordered_at=pl.lit(datetime(2024, 6, 9, 12)), order_id=pl.lit("last"))
    write(shop, "all", pl.concat([base, over, last], how="diagonal_relaxed"))
    night(shop)
    before = stored(shop / "ws")
    write(shop, "all", pl.concat([base, over, last, last.with_columns(order_id=pl.lit("new"))], how="diagonal_relaxed"))
    night(shop)
    assert stored(shop / "ws").height == before.height + 1


def test_a_file_that_shrinks_is_refused(shop):
    write(shop, "all", random_lines(1, lines=20_000))
    night(shop)
    write(shop, "all", lines().head(50))
    with pytest.raises(DataError, match=r"all\.parquet has [\d,]+ bytes and had [\d,]+ when it was last read.*\n?Nothing was changed"):
        night(shop)


def test_a_column_of_another_type_is_refused(shop):
    write(shop, "a", lines().with_columns(member_id=pl.lit(17)))
    night(shop)
    write(shop, "b", lines().with_columns(member_id=pl.lit("0017")))
    with pytest.raises(DataError, match=r"b\.parquet: the column member_id holds text and held whole numbers"):
        night(shop)


def test_receipts_of_tomorrow_are_refused(shop):
    days = (datetime.now(UTC).date() + timedelta(days=3) - date(2024, 6, 30)).days
    write(shop, "a", lines().with_columns(pl.col("ordered_at") + pl.duration(days=days)))
    with pytest.raises(DataError, match=r"are later than today .*: a clock is off"):
        night(shop)
    assert not (shop / "ws" / "manifest.json").exists()
    assert latest_day("Asia/Shanghai") >= datetime.now(UTC).date()


def database(shop, frame: pl.DataFrame) -> None:
    """Put lines into a DuckDB file that the mapping names."""
    duckdb = pytest.importorskip("duckdb")
    (shop / "shop.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(shop / "shop.duckdb")) as connection:
        connection.register("lines", frame.to_arrow())
        connection.execute("create table receipts as select * from lines")
    text = MAPPING.replace('files = "tills/*.parquet"', 'url = "duckdb:shop.duckdb"\ntable = "receipts"')
    (shop / "mapping.toml").write_text(text, "utf-8")


def test_a_database_is_asked_for_its_later_rows(shop):
    day = pl.col("ordered_at").dt.date()
    database(shop, lines().filter(day < date(2024, 6, 20)))
    night(shop)
    last = lines().filter(day < date(2024, 6, 20))["ordered_at"].max().date()
    database(shop, lines())
    _, report = night(shop)
    first = last - timedelta(days=3)
    kept = lines().filter(day >= first).height
    assert report.records[0].rows_kept == kept
    assert kept <= report.records[0].rows_in < lines().height
    import_receipts(shop / "mapping.toml", shop / "whole", accept_defaults=True)
    assert stored(shop / "ws").equals(stored(shop / "whole"))
