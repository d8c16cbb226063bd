import pytest

from toolkit.sources.columns.contents import Contents, contents_of
from toolkit.sources.columns.matching import Guess, guess_columns, guess_table, match_columns, quoted


def contents(folder, *lines: str) -> Contents:
    (folder / "a.csv").write_text("\n".join(lines), "utf-8")
    seen = contents_of(folder / "a.csv")
    assert seen is not None
    return seen


def guesses(folder, *lines: str, table: str = "lines") -> dict[str, Guess]:
    return {guess.name: guess for guess in guess_columns(table, contents(folder, *lines))}


def test_a_name_is_held_against_what_the_column_contains(tmp_path) -> None:
    seen = contents(tmp_path, "customer;amount;total;date", "7;free;1.50;2017-03-13", "8;paid;2.50;2017-03-14")
    assert match_columns("lines", seen) == {"member_id": "customer", "amount": "total", "ordered_at": "date"}


def test_codes_are_no_amounts(tmp_path) -> None:
    seen = contents(tmp_path, "value;sales", "00012;1.50", "00013;2.50")
    assert match_columns("lines", seen)["amount"] == "sales"


def test_the_better_name_wins_and_a_raw_column_serves_once(tmp_path) -> None:
    columns = match_columns("lines", contents(tmp_path, "customer;customer_id;order", "a;7;1", "b;8;2"))
    assert columns == {"member_id": "customer_id", "order_id": "order"}


@pytest.mark.parametrize(
    ("header", "rows", "table"),
    [
        ("customer_id;order_id;qty;amount", ["7;1;1;2.50"], "lines"),
        ("sku;description;category", ["A;Milk;Dairy", "B;Bread;Bakery"], "products"),
        ("customer_id;tier", ["7;gold", "8;silver"], "members"),
        ("store_id;region", ["1;North", "2;South"], "stores"),
        ("sku;description", ["A;Milk"] * 10, None),
        ("alpha;beta", ["1;2"], None),
    ],
)
def test_a_table_is_known_by_its_columns_and_its_key(tmp_path, header: str, rows: list[str], table: str | None) -> None:
    assert guess_table(contents(tmp_path, header, *rows), has_lines=False) == table


def test_what_receipts_do_not_say_is_guessed_aloud(tmp_path) -> None:
    lines = guesses(tmp_path, "customer_id;order_id;sku;date;unit_price;qty", "7;1;A;2017-03-13;1.50;2")
    assert lines["store_id"].text == '{ value = "1" }'
    assert (lines["amount"].text, lines["amount"].columns) == ('{ multiply = ["unit_price", "qty"] }', ("unit_price", "qty"))
    assert lines["ordered_at"].comment == "days without a time of day: weekday habits only"
    assert all("guessed" in lines[name].comment for name in ("store_id", "amount"))


def test_an_order_without_a_number_is_a_member_and_a_time(tmp_path) -> None:
    lines = guesses(tmp_path, "customer_id;sku;date;time;qty;amount", "7;A;2017-03-13;10:00;1;2.50")
    assert lines["order_id"].columns == ("customer_id", "date", "time")


def test_words_for_nobody_are_proposed_and_members_are_not(tmp_path) -> None:
    rows = [f"{number};{number};A;2017-03-13;1;2.50" for number in range(30)]
    header = "customer_id;order_id;sku;date;qty;amount"
    assert guesses(tmp_path, header, *rows)["member_id"].options == (), "0 does not stand out: it may be a member"
    walk_in = guesses(tmp_path, header, *rows, "Guest;99;A;2017-03-13;1;2.50")["member_id"]
    assert walk_in.options == ('not_a_member = ["Guest"]  # guessed: check that nobody has this code',)


def test_a_negative_discount_is_turned_round(tmp_path) -> None:
    header = "customer_id;order_id;sku;date;qty;amount;discount"
    assert guesses(tmp_path, header, "7;1;A;2017-03-13;1;2.50;-0.50", "8;2;A;2017-03-13;1;2.50;0")["discount_amount"].text == (
        '{ column = "discount", sign = -1 }'
    )
    assert guesses(tmp_path, header, "7;1;A;2017-03-13;1;2.50;0.50")["discount_amount"].text == ""


def test_a_name_stays_toml_whatever_is_in_it() -> None:
    assert quoted('a "b" \\ \x07') == r'"a \"b\" \\ \u0007"'
