"""Presets are whole mappings: their columns are the contract's, and a file with their header is recognised and can be read by them."""

import tomllib
from pathlib import Path

import pytest

from toolkit.schemas import required_columns
from toolkit.sources.columns.contents import contents_of
from toolkit.sources.columns.matching import quoted
from toolkit.sources.mapping import mapping_from_text
from toolkit.sources.presets.complete_journey import complete_journey
from toolkit.sources.presets.known import Preset, find_preset, known_presets
from toolkit.sources.presets.page import exports_markdown


def test_presets_are_files_and_the_demo_is_none_of_them() -> None:
    names = [preset.name for preset in known_presets()]
    assert len(names) == len(set(names)) == 31
    assert complete_journey().name == "The Complete Journey"


@pytest.mark.parametrize("preset", known_presets(), ids=lambda preset: preset.name)
def test_a_preset_is_a_mapping_of_the_columns_it_is_known_by(preset: Preset) -> None:
    if not preset.table:
        assert "cannot be imported" in preset.note
        return
    lines = "" if preset.table == "lines" else _lines()
    mapping = mapping_from_text(f'currency = "{preset.currency or "EUR"}"\n{preset.sections}\n{lines}', folder=".")
    assert next(iter(tomllib.loads(preset.sections))) == preset.table
    wanted = set(mapping.tables[preset.table].raw_columns)
    known = {*preset.needs, *(name for needs in preset.joined.values() for name in needs)}
    assert len(wanted & set(preset.needs)) >= min(4, len(preset.needs))
    columns = mapping.tables[preset.table].columns
    needed = {name for column in required_columns(preset.table) if column not in preset.otherwise for name in columns[column].raw_columns}
    assert needed <= known  # a file that lacks one is not recognised
    for column in {*mapping.tables["lines"].keep, *mapping.tables["lines"].drop} if not lines else ():
        assert f"\n{quoted(column)} = [" in preset.sections  # in quotes: a file may spell it otherwise
        assert column not in preset.needs or {column} <= {*mapping.tables["lines"].keep} & {*mapping.tables["lines"].drop}
    assert preset.source


def _lines() -> str:
    columns = ("member_id", "order_id", "store_id", "product_id", "ordered_at", "quantity", "amount")
    return '[lines]\nfiles = "x"\n[lines.columns]\n' + "\n".join(f'{column} = "{column}"' for column in columns)


@pytest.mark.parametrize("preset", [preset for preset in known_presets() if not preset.day_column], ids=lambda preset: preset.name)
def test_a_file_with_its_columns_is_recognised(tmp_path, preset: Preset) -> None:
    files = {"a": [*preset.needs, "one more"], **preset.joined}
    for name, columns in files.items():
        (tmp_path / f"{name}.csv").write_text(";".join(columns) + "\n" + ";".join("x" * len(columns)) + "\n")
    contents, *others = [contents_of(tmp_path / f"{name}.csv") for name in files]
    assert contents is not None
    assert find_preset(contents, [other for other in others if other]) == preset


def test_a_file_is_known_by_other_spellings_of_its_columns_and_keeps_its_own(tmp_path) -> None:
    (tmp_path / "a.csv").write_text(
        "ROW ID,Order  ID,order date,Ship Mode,Customer ID,Segment,Region,Product ID,Sub-Category,Sales,Quantity,Discount\n1" + ",x" * 11
    )
    contents = contents_of(tmp_path / "a.csv")
    assert contents is not None
    preset = find_preset(contents)
    assert preset is not None
    assert preset.name == "Superstore"
    assert 'order_id = "Order  ID"' in preset.sections
    assert 'ordered_at = "order date"' in preset.sections
    assert set(preset.needs) == set(contents.names)


@pytest.mark.parametrize(("row", "name"), [("1;19970101;1;2.5", "CDNOW master file"), ("1;4;19970101;1;2.5", "CDNOW sample file")])
def test_a_file_without_a_header_is_known_by_its_width_and_its_days(tmp_path, row: str, name: str) -> None:
    (tmp_path / "a.csv").write_text(f"{row}\n{row}\n")
    (tmp_path / "b.csv").write_text(f"{row.replace('19970101', '12')}\n" * 2)
    known, unknown = contents_of(tmp_path / "a.csv"), contents_of(tmp_path / "b.csv")
    assert known is not None
    assert unknown is not None
    assert getattr(find_preset(known), "name", None) == name
    assert find_preset(unknown) is None


def test_the_page_on_exports_is_up_to_date() -> None:
    written = (Path(__file__).resolve().parents[3] / "docs" / "exports.md").read_text("utf-8")
    assert written == exports_markdown(), "run: python -m toolkit.sources.presets.page > docs/exports.md"
