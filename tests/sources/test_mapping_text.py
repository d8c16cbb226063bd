"""A mapping as text: one line changes, the rest stays as a person wrote it."""

from __future__ import annotations

import tomllib

import pytest

from toolkit.errors import MappingError
from toolkit.sources.mapping_text import with_lines, with_value

TEXT = """# our tills
currency = "EUR"  # guessed

[lines]
files = "a.csv"
# TODO decimal = ","  # or "."

[lines.columns]
amount = "Total"  # with tax
# TODO ordered_at = ""  # when

[stores]
files = "s.csv"
"""


def test_one_line_changes_and_comments_stay() -> None:
    text = with_value(TEXT, ("lines", "columns"), "amount", "Net")
    assert text == TEXT.replace('amount = "Total"  # with tax', 'amount = "Net"')
    assert with_value(text, ("lines", "columns"), "amount", None) == TEXT.replace('amount = "Total"  # with tax\n', "")


def test_what_is_new_goes_to_the_end_of_its_section_and_settles_its_todo() -> None:
    text = with_value(TEXT, ("lines",), "decimal", ",")
    assert "TODO decimal" not in text
    assert text.index('decimal = ","') < text.index("[lines.columns]")
    text = with_value(text, ("lines", "columns"), "ordered_at", ["Day", "Time"])
    assert "TODO" not in text
    assert tomllib.loads(text)["lines"]["columns"] == {"amount": "Total", "ordered_at": ["Day", "Time"]}
    assert "# our tills" in text


@pytest.mark.parametrize("name", ["Bon Nr.", 'say "x"', "订单.状态", "a]b", "#1", "= 2", ""])
def test_any_name_of_a_column_can_be_a_key(name: str) -> None:
    given = tomllib.loads(with_value(TEXT, ("lines", "drop"), name, ["#", 'a"b', "作废"]))
    assert given["lines"]["drop"] == {name: ["#", 'a"b', "作废"]}
    assert given["stores"] == {"files": "s.csv"}


@pytest.mark.parametrize(
    "text",
    [
        'currency = "EUR"\nlines = { files = "a.csv", columns = { amount = "Total" } }\n',
        'currency = "EUR"\n[lines]\nfiles = "a.csv"\ncolumns = { amount = "Total" }\n',
        'currency = "EUR"\n[lines]\nfiles = [\n  "a.csv",\n]\n[lines.columns]\namount = [\n  "Total",\n]\n',
        'currency = "EUR"\nnote = """\n[lines.columns]\namount = "no"\n"""\n[lines]\nfiles = "a.csv"\n[lines.columns]\namount = "Total"\n',
    ],
)
def test_a_text_in_another_form_says_the_same_afterwards(text: str) -> None:
    wanted = tomllib.loads(text)
    wanted["lines"]["columns"]["amount"] = "Net"
    assert tomllib.loads(with_value(text, ("lines", "columns"), "amount", "Net")) == wanted


def test_lines_that_a_person_writes_find_their_place() -> None:
    written = 'time_zone = "Europe/Berlin"\namount = { multiply = ["Price", "Qty"] }\ncancellations = "mirrored"\n[answers]\nignore = ["state"]\n[lines.drop]\nStatus = "voided"\n'
    given = tomllib.loads(with_lines(TEXT, written))
    assert given["time_zone"] == "Europe/Berlin"
    assert given["lines"]["cancellations"] == "mirrored"
    assert given["lines"]["columns"]["amount"] == {"multiply": ["Price", "Qty"]}
    assert given["answers"] == {"ignore": ["state"]}
    assert given["lines"]["drop"] == {"Status": "voided"}
    given = tomllib.loads(with_lines(TEXT, '[lines.drop] "Bon Art" = ["voided", "[x] y"]\n[lines.columns] amount = "Net"'))
    assert given["lines"]["drop"] == {"Bon Art": ["voided", "[x] y"]}
    assert given["lines"]["columns"] == {"amount": "Net"}
    with pytest.raises(MappingError, match="not valid TOML"):
        with_lines(TEXT, "amount = ")


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "9" * 5_000, "\x00", "[lines\n"])
def test_hostile_text_is_a_sentence(text: str) -> None:
    with pytest.raises(MappingError, match="not valid TOML"):
        with_value(text, (), "currency", "EUR")
