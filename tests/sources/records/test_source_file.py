"""A file is looked at once: by whatever tables of an import read it, and by a proposal from its start alone."""

import gzip

import polars as pl
import pytest

from tests.sources.shop_files import COLUMNS, HEADER, ROWS, lines_mapping, row, table
from toolkit.errors import DataError
from toolkit.sources.convert import typed_table
from toolkit.sources.records import shelf as shelves
from toolkit.sources.records.shelf import Shelf, look_at
from toolkit.sources.records.source_file import scan
from toolkit.sources.specs import TableMapping

PRODUCTS = '[products]\nfiles = "lines.csv"\ndistinct = true\n[products.columns]\nproduct_id = "product"\ncategory = "store"\n'


def spec(**stated) -> TableMapping:
    return TableMapping.model_validate({"files": "lines.csv", **stated})


def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every pass over the bytes of a file."""
    paths: list[str] = []
    prepare = shelves.prepare
    monkeypatch.setattr(shelves, "prepare", lambda start, *rest: (paths.append(start.path.name), prepare(start, *rest))[1])
    return paths


def test_tables_that_read_the_same_file_share_one_pass(tmp_path, monkeypatch) -> None:
    (tmp_path / "lines.csv").write_text(table(*ROWS, "broken;row"), encoding="cp1252")
    mapping = lines_mapping(tmp_path, files="lines.csv", more=PRODUCTS)
    paths, shelf = passes(monkeypatch), Shelf(tmp_path / "scratch")
    lines, products = (typed_table(mapping, name, shelf=shelf) for name in ("lines", "products"))
    assert paths == ["lines.csv"]
    assert (lines.kept.collect().height, products.kept.collect().height) == (2, 2)
    assert lines.files == products.files


def test_a_table_that_says_otherwise_or_wants_more_looks_again(tmp_path, monkeypatch) -> None:
    (tmp_path / "lines.csv").write_text(table(*ROWS))
    paths, shelf = passes(monkeypatch), Shelf(tmp_path / "scratch")
    first = shelf.open(tmp_path / "lines.csv", spec())
    assert shelf.open(tmp_path / "lines.csv", spec(columns={"member_id": "member"})) is first
    assert len(paths) == 1
    assert shelf.open(tmp_path / "lines.csv", spec(delimiter=",")) is not first
    shelf.open(tmp_path / "lines.csv", spec(columns={"member_id": "nobody"}))
    assert len(paths) == 3


def test_copies_of_two_imports_do_not_meet(tmp_path) -> None:
    for name, product in (("a.csv", "Käse"), ("b.csv", "Brötchen")):
        (tmp_path / name).write_text(table(row(product=product)), encoding="cp1252")
    tables = [typed_table(lines_mapping(tmp_path, files=name), "lines", scratch=tmp_path / "scratch") for name in ("a.csv", "b.csv")]
    assert [table_.kept.collect()["product_id"].to_list() for table_ in tables] == [["Käse"], ["Brötchen"]]


def test_a_proposal_reads_the_start_only(tmp_path, monkeypatch) -> None:
    """The records of the start are whole and as an import would read them: broken ones are marked, quoted line ends stay."""
    rows = [row(order=str(number), product='"Milk\nfresh"') for number in range(9000)]
    (tmp_path / "a.csv").write_text(table("too;few", *rows))
    paths = passes(monkeypatch)
    file = look_at(tmp_path / "a.csv")
    assert file is not None
    assert paths == []
    records = scan([file], file.schema, with_broken=True).collect()
    assert 2000 < records.height == file.rows < 9000
    assert (file.broken, records["broken"].is_not_null().sum()) == (1, 1)
    assert set(records["product"].drop_nulls()) == {"Milk\nfresh"}
    assert records["amount"].drop_nulls().unique().to_list() == ["2.50"]


@pytest.mark.parametrize("packed", [False, True])
def test_the_start_and_the_whole_of_a_short_file_are_the_same(tmp_path, packed: bool) -> None:
    content = (HEADER + "\n" + ROWS[0] + "\nx;y\n" + ROWS[1]).encode("cp1252")
    path = tmp_path / ("a.csv.gz" if packed else "a.csv")
    path.write_bytes(gzip.compress(content) if packed else content)
    start, whole = look_at(path), Shelf(tmp_path / "scratch").open(path, spec())
    assert start is not None
    assert whole is not None
    first, second = (scan([file], file.schema, with_broken=True).collect() for file in (start, whole))
    assert first.equals(second)
    assert (start.rows, start.empty, start.broken, start.dialect) == (whole.rows, whole.empty, whole.broken, whole.dialect)


def test_a_first_line_of_values_is_no_header(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("00001;20170101;2\n00002;20170102;1\n")
    file = look_at(tmp_path / "a.csv")
    assert file is not None
    assert (list(file.schema), file.rows, file.first_row) == (["column_1", "column_2", "column_3"], 2, 1)


def test_files_that_cannot_be_looked_at(tmp_path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / "a.numbers").write_bytes(b"PK\x03\x04")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    (tmp_path / "empty.csv").write_bytes(b"\n\n")
    with pytest.raises(DataError, match="There is no file"):
        look_at(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a spreadsheet; save the sheet as CSV"):
        look_at(tmp_path / "a.numbers")
    with pytest.raises(DataError, match=r"a\.xlsx is damaged"):
        look_at(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        look_at(tmp_path / "a.parquet")
    assert look_at(tmp_path / "empty.csv") is None


def test_parquet_keeps_its_types_and_hive_folders_are_columns(tmp_path) -> None:
    folder = tmp_path / "store=12"
    folder.mkdir()
    pl.DataFrame({"member": [1, 2], "amount": [1.5, 2.5]}).write_parquet(folder / "a.parquet")
    file = Shelf(tmp_path).open(folder / "a.parquet", spec(columns={"store_id": "store"}))
    assert file is not None
    assert (file.rows, file.schema["amount"], file.is_hive, file.dialect) == (2, pl.Float64(), True, None)
    assert scan([file], ["store", "amount"]).collect().rows() == [(12, 1.5, 0), (12, 2.5, 1)]


def test_numbers_go_through_all_files(tmp_path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(table(ROWS[0], "", ROWS[1]))
    table_ = typed_table(lines_mapping(tmp_path, columns=COLUMNS), "lines", scratch=tmp_path)
    assert [file.first_index for file in table_.files] == [0, 3, 6]
    assert table_.frame.collect()["source_index"].to_list() == [0, 2, 3, 5, 6, 8]
