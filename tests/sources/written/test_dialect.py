from pathlib import Path

import pytest

from toolkit.sources.specs import TableMapping
from toolkit.sources.written.dialect import Dialect, find_dialect, numbered, positions, split_line
from toolkit.sources.written.packing import Start


def dialect(text: str, **stated) -> Dialect | None:
    columns = {"member_id": stated.pop("name")} if "name" in stated else {}
    table = TableMapping.model_validate({"files": "a.csv", "columns": columns, **stated})
    return find_dialect(Start(Path("a.csv"), text.encode(), False), table)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "\x01", "^", "~"])
def test_the_delimiter_that_cuts_the_lines_alike(delimiter: str) -> None:
    seen = dialect("\n".join(delimiter.join(row) for row in (["member", "amount"], ["7", "2.50"], ["8", "1.00"])))
    assert seen is not None
    assert (seen.delimiter, seen.names, seen.skip_lines, seen.header) == (
        delimiter,
        ("member", "amount"),
        1,
        f"member{delimiter}amount".encode(),
    )


def test_decimal_commas_do_not_win_over_semicolons() -> None:
    seen = dialect("a;b\n1,5;2,5\n3,5;4,5\n")
    assert seen is not None
    assert seen.delimiter == ";"


def test_a_wanted_name_decides_where_counts_do_not() -> None:
    text = "a,b;member\n1,2;7\n"
    seen = dialect(text, name="member")
    assert seen is not None
    assert (seen.delimiter, seen.names) == (";", ("a,b", "member"))


def test_banners_above_the_header_are_lines_to_skip() -> None:
    seen = dialect("Sales export\n\nmember;order;amount\n7;1;2\n")
    assert seen is not None
    assert (seen.skip_lines, seen.names) == (3, ("member", "order", "amount"))
    below = dialect("a;b;c\nmember;order;amount\n7;1;2\n", columns={"member_id": "member", "amount": "amount"})
    assert below is not None
    assert below.skip_lines == 2, "the line with the wanted names"


def test_spaces_old_line_ends_and_no_header() -> None:
    spaces = dialect(" 1  19970101  2\n 2  19970102  1\n", header=False)
    assert spaces is not None
    assert (spaces.delimiter, spaces.separator, spaces.names, spaces.skip_lines, spaces.header) == (
        "whitespace",
        "\t",
        positions(3),
        0,
        b"",
    )
    mac = dialect("a;b\r1;2\r")
    assert mac is not None
    assert mac.old_mac


def test_what_is_stated_is_not_detected() -> None:
    seen = dialect("x\ny;z\na|b\n1|2\n", delimiter="|", skip_rows=2, encoding="cp1252")
    assert seen is not None
    assert (seen.delimiter, seen.skip_lines, seen.encoding) == ("|", 3, "cp1252")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_a_line_has_no_dialect(text: str) -> None:
    assert dialect(text) is None


def test_quotes_and_equal_names() -> None:
    assert split_line(' "a;b" ; c', ";", '"') == ["a;b", "c"]
    assert split_line('"a;b', ";", "") == ['"a', "b"]
    assert numbered(["a", "", "a"]) == ("a (1)", "column_2", "a (2)")
