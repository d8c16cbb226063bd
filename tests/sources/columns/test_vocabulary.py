import pytest

from toolkit.schemas import CONTRACT
from toolkit.sources.columns.vocabulary import LIKELY, SURE, plain, score, vocabulary, words_for


def test_words_are_of_columns_that_exist() -> None:
    tables = {table: set(words) for table, words in vocabulary().items() if table != "helpers"}
    assert all(columns <= set(CONTRACT[table].columns()) for table, columns in tables.items())


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, words in vocabulary().items() for column in words if words[column]]
)
def test_every_word_is_known_by_itself(table: str, column: str) -> None:
    words = words_for(table, column)
    assert len(words) == len(vocabulary()[table][column])
    assert all(score(word, words) > SURE for word in vocabulary()[table][column] if plain(word))


def test_keys_are_called_alike_in_all_tables() -> None:
    assert words_for("products", "product_id") == words_for("lines", "product_id")
    assert words_for("stores", "launched_on") == ()


@pytest.mark.parametrize("name", ["Umsatz EUR", "umsatz_eur", "UMSATZ (EUR)"])
def test_a_unit_behind_a_name_does_not_hide_it(name: str) -> None:
    assert score(name, words_for("lines", "amount")) > SURE


def test_part_of_a_name_is_a_guess_and_short_words_are_none() -> None:
    assert LIKELY < score("total quantity sold today", words_for("lines", "quantity")) < SURE
    assert score("capacity", ("ca",)) == 0
