import pytest

from tests.sources.shop_files import COLUMNS, lines_mapping
from toolkit.errors import MappingError
from toolkit.sources.mapping import mapping_from_text, read_mapping


def faults(text, folder="."):
    with pytest.raises(MappingError) as caught:
        mapping_from_text(text, folder=folder, label="shop.toml")
    return str(caught.value).splitlines()


def test_all_faults_at_once():
    found = faults('curency = "EUR"\n[lines]\nfile = "a"\ncolumns = { membr_id = "a", order_id = { colum = "b" } }\n[stors]\n')
    assert "shop.toml has no key 'curency'; did you mean 'currency'?" in found
    assert "shop.toml has no key 'stors'; did you mean 'stores'?" in found
    assert "shop.toml [lines] has no key 'file'; did you mean 'files'?" in found
    assert "shop.toml [lines] needs 'files'." in found
    assert "shop.toml [lines.columns] has no key 'membr_id'; did you mean 'member_id'?" in found
    assert any("does not say where member_id, store_id, product_id, ordered_at, quantity, amount come from" in fault for fault in found)
    assert any("order_id" in fault and "colum" in fault and "did you mean 'column'?" in fault for fault in found)
    assert any("needs the currency" in fault for fault in found)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('amount = { column = "a", value = 1 }', "exactly one of"),
        ("amount = {}", "exactly one of"),
        ('amount = ["a", "b"]', "is a number: it cannot be joined"),
        ('order_id = { add = ["a"] }', "is not a number"),
        ('order_id = { true_if = [{ column = "a", equals = ["x"] }] }', "is not a yes or no"),
        ('ordered_at = { column = "t", format = "DD.MM.YYYY" }', "must be one of iso"),
        ('quantity = { column = "a", unit = "minor" }', "is not money"),
    ],
)
def test_a_column_that_cannot_be(line, sentence):
    name = line.split(" ", 1)[0]
    columns = "\n".join(given for given in COLUMNS.splitlines() if not given.startswith(name + " ")) + "\n" + line
    found = faults(f'currency = "EUR"\n[lines]\nfiles = "a.csv"\n[lines.columns]\n{columns}')
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("shop", "table", "sentence"),
    [
        ('currency = "EURO"', "", "is no ISO 4217 code"),
        ('currency = "EUR"\ntime_zone = "Europe/Berln"', "", "did you mean 'Europe/Berlin'?"),
        ('currency = "EUR"\nminor_digits = 9', "", "minor_digits"),
        ('currency = "EUR"', 'encoding = "latin-99"', "knows no encoding 'latin-99'"),
        ('currency = "EUR"', 'delimiter = "||"', "one plain character was needed"),
        ('currency = "EUR"', 'decimal = ";"', "decimal"),
        ('currency = "EUR"', 'attributes = ["a"]', "only [members]"),
    ],
)
def test_settings_of_the_shop_and_the_table(shop, table, sentence):
    found = faults(f'{shop}\n[lines]\nfiles = "a.csv"\n{table}\n[lines.columns]\n{COLUMNS}')
    assert len(found) == 1
    assert sentence in found[0]


def test_a_mapping_needs_lines_and_toml():
    assert faults('currency = "EUR"') == ["shop.toml has no section [lines]: the receipt lines are the one table that is needed."]
    assert "is not valid TOML" in faults("currency = ")[0]


def test_files_that_are_no_mapping(tmp_path):
    with pytest.raises(MappingError, match="There is no mapping file"):
        read_mapping(tmp_path / "none.toml")
    (tmp_path / "m.toml").write_bytes("name = 'ä'".encode("cp1252"))
    with pytest.raises(MappingError, match="is not UTF-8"):
        read_mapping(tmp_path / "m.toml")


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IQD", 2), ("CNY", 2)])
def test_minor_digits_follow_the_currency(tmp_path, currency, digits):
    assert lines_mapping(tmp_path, shop=f'currency = "{currency}"').minor_digits == digits


def test_an_own_currency_with_stated_digits(tmp_path):
    assert lines_mapping(tmp_path, shop='currency = "PTS"\nminor_digits = 0').minor_digits == 0
