"""The simulated shop on disk: parts of bounded size, a mapping that finds them, a folder that is there whole or not at all."""

import polars as pl
import pytest

from toolkit.errors import DataError
from toolkit.simulated.truth import TRUTH
from toolkit.simulated.write import MARK, SIDE_TABLES, Parts, begin_folder, finish_folder, write_mapping, write_table, write_truth_readme
from toolkit.sources.mapping import read_mapping


def rows(count: int) -> pl.DataFrame:
    return pl.DataFrame({"number": range(count)}, schema={"number": pl.Int64})


def test_rows_wait_until_a_file_is_full(tmp_path) -> None:
    parts = Parts(tmp_path, 80)
    for _ in range(3):
        parts.add("lines", rows(50))
        parts.add("events", rows(80 // SIDE_TABLES))
    assert [path.name for path in (tmp_path / "lines").iterdir()] == ["part-00000.parquet"]
    assert len(list((tmp_path / "events").iterdir())) == 3, "side tables wait less"
    parts.close()
    assert pl.read_parquet(tmp_path / "lines" / "*.parquet").height == parts.rows["lines"] == 150


def test_a_table_without_rows_still_has_its_columns(tmp_path) -> None:
    parts = Parts(tmp_path, 10)
    parts.add("events", rows(0))
    parts.close()
    assert pl.read_parquet(tmp_path / "events" / "*.parquet").columns == ["number"]


def test_the_mapping_names_files_and_folders(tmp_path) -> None:
    (tmp_path / "lines").mkdir()
    columns = ["member_id", "order_id", "store_id", "product_id", "ordered_at", "quantity", "amount"]
    write_table(tmp_path, "stores", pl.DataFrame({"store_id": ["1"]}))
    mapping = read_mapping(write_mapping(tmp_path, {"lines": columns, "stores": ["store_id"]}))
    files = [[str(entry) for entry in mapping.tables[name].files] for name in ("lines", "stores")]
    assert files == [["lines/*.parquet"], ["stores.parquet"]]


def test_the_truth_is_told_in_words(tmp_path) -> None:
    (tmp_path / "truth").mkdir()
    write_truth_readme(tmp_path, ["The model of the tests."])
    text = (tmp_path / "truth" / "README.md").read_text("utf-8")
    assert all(f"## {table}" in text for table in TRUTH)
    assert all(f"- `{name}`: " in text for columns in TRUTH.values() for name in columns)
    assert text.endswith("The model of the tests.\n")


def test_only_a_simulated_shop_is_replaced(tmp_path) -> None:
    shop = tmp_path / "shop"
    begin_folder(shop, overwrite=False)
    (tmp_path / ".shop.unfinished" / "left over").write_text("by a process that was killed")
    unfinished = begin_folder(shop, overwrite=False)
    assert list(unfinished.iterdir()) == []
    (unfinished / MARK).write_text("{}")
    finish_folder(unfinished, shop)
    assert (shop / MARK).exists()
    assert not unfinished.exists()
    with pytest.raises(DataError, match="pass overwrite=True"):
        begin_folder(shop, overwrite=False)
    finish_folder(begin_folder(shop, overwrite=True), shop)
    assert list(shop.iterdir()) == []
    (shop / "mine").write_text("keep")
    with pytest.raises(DataError, match="holds other files"):
        begin_folder(shop, overwrite=True)
