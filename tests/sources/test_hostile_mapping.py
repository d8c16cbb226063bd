"""A mapping of any shape is read or refused in sentences: wrong types everywhere, nesting without end."""

from contextlib import suppress

import pytest

from toolkit.errors import ToolkitError
from toolkit.sources.mapping import mapping_from_text
from toolkit.sources.specs import ColumnSpec, FileEntry, TableMapping

COLUMNS = dict.fromkeys(["member_id", "order_id", "store_id", "product_id", "ordered_at", "quantity", "amount"], '"x"')
VALUES = ["1", "-1", "1e400", "nan", "true", '""', '"\\u0000"', "[]", "[[]]", "[[[1]]]", "{}", "{a = 1}", "{path = {}}", "[{}]", '[1, "a"]',
          "1979-05-27", "07:32:00", '["a", {path = "b", sheet = 1.5}]', "{column = {}}", "{add = [[1]]}", "{true_if = [1]}", '[["a"]]']  # fmt: skip


def read_or_refused(text: str) -> None:
    with suppress(ToolkitError):
        mapping_from_text(text, folder=".")


def section(names: dict[str, str], **keys: str) -> str:
    lines = [f"{key} = {value}" for key, value in {"files": '"a.csv"', **keys}.items()]
    named = [] if "columns" in keys else ["[lines.columns]", *(f"{name} = {value}" for name, value in names.items())]
    return "\n".join(['currency = "EUR"', "[lines]", *lines, *named])


@pytest.mark.parametrize("value", VALUES)
def test_values_of_every_kind_in_every_place(value: str) -> None:
    for key in TableMapping.model_fields:
        read_or_refused(section(COLUMNS, **{key: value}))
    for key in FileEntry.model_fields:
        read_or_refused(section(COLUMNS, files=f'[{{ path = "a", {key} = {value} }}]' if key != "path" else f"[{{ path = {value} }}]"))
    for key in ("currency", "minor_digits", "name", "time_zone", "answers", "lines", "products"):
        rest = section(COLUMNS).replace('currency = "EUR"', "") if key == "currency" else section(COLUMNS)
        read_or_refused(f"{key} = {value}\n" + ("" if key == "lines" else rest))
    for name in COLUMNS:
        read_or_refused(section({**COLUMNS, name: value}))
    for key in ColumnSpec.model_fields:
        read_or_refused(section({**COLUMNS, "amount": f"{{ {key} = {value} }}"}))
    for part in ("keep", "drop", "values", "attributes"):
        read_or_refused(section(COLUMNS) + f"\n[lines.{part}]\nchannel = {value}")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{a = " * 3000 + "1" + "}" * 3000])
def test_nesting_without_end(text: str) -> None:
    with pytest.raises(ToolkitError, match="deeper than a mapping ever does"):
        mapping_from_text(text, folder=".")


def test_rows_without_a_key_are_not_put_together() -> None:
    with pytest.raises(ToolkitError, match="has `distinct`, but a row of this table has no key"):
        mapping_from_text(section(COLUMNS, distinct="true"), folder=".")


def test_a_number_of_thousands_of_digits_and_a_key_of_thousands_of_letters_are_sentences() -> None:
    with pytest.raises(ToolkitError, match="longer than any number"):
        mapping_from_text("minor_digits = " + "9" * 5_000, folder=".")
    with pytest.raises(ToolkitError, match="has no key") as refused:
        mapping_from_text(f"{'k' * 100_000} = 1", folder=".")
    assert len(str(refused.value)) < 2_000
