import gzip
import zipfile

import polars as pl
import pytest

from tests.sources.shop_files import HEADER, ROWS, lines_mapping, read, row, table, typed
from toolkit.errors import DataError, MappingError
from toolkit.sources.convert import typed_table

GERMAN = "Kundennr;Filiale;Kasse;Bon;Artikel;Datum;Zeit;Menge;Umsatz\r\n"
GERMAN_COLUMNS = """
member_id = "Kundennr"
order_id = ["Filiale", "Kasse", "Bon"]
store_id = "Filiale"
product_id = "Artikel"
ordered_at = ["Datum", "Zeit"]
quantity = "Menge"
amount = "Umsatz"
"""


def test_a_plain_file_is_scanned_where_it_is(tmp_path):
    table_ = typed(tmp_path, table(*ROWS))
    assert table_.files[0].scanned is None
    kept, rejected = read(tmp_path, table(*ROWS))
    assert rejected.is_empty()
    assert kept["amount"].to_list() == [250, 1000]
    assert kept["quantity_milli"].to_list() == [1000, 2000]


def test_german_export_in_cp1252(tmp_path):
    text = GERMAN + "0012;007;1;55;Müsli Größe L;01.03.2017;08:15;1,5;1.234,50\r\n;007;1;56;Käse;13.03.2017;09:15;1;12,50-\r\n"
    kept, rejected = read(tmp_path, text, encoding="cp1252", columns=GERMAN_COLUMNS)
    assert rejected.is_empty()
    assert kept["member_id"].to_list() == ["0012", None]
    assert kept["order_id"].to_list() == ["007|1|55", "007|1|56"]
    assert kept["product_id"].to_list() == ["Müsli Größe L", "Käse"]
    assert kept["amount"].to_list() == [123450, -1250]
    assert kept["quantity_milli"].to_list() == [1500, 1000]
    assert [str(time) for time in kept["ordered_at"]] == ["2017-03-01 08:15:00", "2017-03-13 09:15:00"]


def test_chinese_export_in_gb18030(tmp_path):
    text = (
        "会员卡号,小票号,门店,商品编码,销售时间,数量,实收金额\n"
        "散客,1,南京路,牛奶,2017/3/1 8:05,1,3.50\n"
        "0086,2,南京路,青菜🥬,2017/3/2 9:00,2,￥1.20\n"
    )
    names = ["会员卡号", "小票号", "门店", "商品编码", "销售时间", "数量", "实收金额"]
    wanted = ["member_id", "order_id", "store_id", "product_id", "ordered_at", "quantity", "amount"]
    columns = "\n".join(f'{column} = "{name}"' for column, name in zip(wanted, names, strict=True))
    kept, rejected = read(tmp_path, text, encoding="gb18030", shop='currency = "CNY"', table='not_a_member = ["散客"]', columns=columns)
    assert rejected.is_empty()
    assert kept["member_id"].to_list() == [None, "0086"]
    assert kept["product_id"].to_list() == ["牛奶", "青菜🥬"]
    assert kept["amount"].to_list() == [350, 120]


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("utf-16", "Größe"),
        ("utf-16-le", "Größe"),
        ("cp932", "おにぎりと牛乳"),
        ("big5", "麵包與牛奶"),
        ("cp949", "우유와 빵 그리고 치즈"),
        ("utf-8-sig", "Größe"),
        ("cp1251", "Молоко и хлеб"),
    ],
)
def test_other_encodings(tmp_path, encoding, word):
    kept, rejected = read(tmp_path, table(*[row(product=f"{word} {number}") for number in range(20)]), encoding=encoding)
    assert rejected.is_empty()
    assert kept["product_id"][0] == f"{word} 0"


def test_a_late_foreign_byte_is_looked_at_again(tmp_path):
    rows = [row(order=str(number)) for number in range(20_000)]
    content = table(*rows).encode() + (row(product="Käse für Müller") + "\n").encode("cp1252")
    kept, rejected = read(tmp_path, content)
    assert rejected.is_empty()
    assert kept["product_id"][-1] == "Käse für Müller"


def test_bytes_that_do_not_decode_are_named(tmp_path):
    with pytest.raises(DataError, match=r"lines\.csv is not utf-8: byte 0xe4 at offset \d+, line 2"):
        typed(tmp_path, table(row(product="Käse")), encoding="cp1252", table='encoding = "utf-8"')


@pytest.mark.parametrize("packed", ["gz", "zip"])
def test_packed_files(tmp_path, packed):
    name = f"lines.csv.{packed}"
    if packed == "gz":
        (tmp_path / name).write_bytes(gzip.compress(table(*ROWS).encode()))
    else:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("lines.csv", table(*ROWS))
    kept, _ = read(tmp_path, name=name)
    assert kept["amount"].to_list() == [250, 1000]


def test_a_cut_gzip_file_is_an_error(tmp_path):
    whole = gzip.compress(table(*[row(order=str(number * 7919)) for number in range(50_000)]).encode())
    with pytest.raises(DataError, match="is damaged"):
        typed(tmp_path, whole[: len(whole) // 2], name="lines.csv.gz")


def test_tabs_in_utf16(tmp_path):
    content = table(*ROWS).replace(";", "\t")
    kept, _ = read(tmp_path, content, encoding="utf-16", name="lines.txt")
    assert kept.height == 2


def test_ragged_rows_are_set_aside_with_their_text(tmp_path):
    content = table(ROWS[0], "7;1003;12", row(order="1004") + ";surplus", "", ROWS[1], ";;;;;;", HEADER, row(order="1005") + ";;")
    kept, rejected = read(tmp_path, content)
    assert kept["order_id"].to_list() == ["1001", "1002", "1005"]
    assert rejected["fault"].to_list() == ["too few fields", "too many fields", "the header again"]
    assert rejected["source_row"].to_list() == [3, 4, 8]
    assert rejected["raw"][0] == '{"line": "7;1003;12"}'
    assert rejected["source_file"][0].endswith("lines.csv")


def test_totals_at_the_end(tmp_path):
    kept, rejected = read(tmp_path, table(*ROWS, ";;;;;;12.50", "2 rows"))
    assert kept.height == 2
    assert rejected["fault"].to_list() == ["no order id", "too few fields"]


def test_line_breaks_inside_quotes(tmp_path):
    content = table(row(product='"Milk\r\n1 litre; ""fresh"""'), ROWS[1])
    kept, rejected = read(tmp_path, content.replace("\n7", "\r\n7"))
    assert rejected.is_empty()
    assert kept["product_id"].to_list()[0].replace("\r", "") == 'Milk\n1 litre; "fresh"'


def test_a_quote_that_never_closes_costs_its_own_line_only(tmp_path):
    content = table(row(product='"Milk'), *[row(order=str(number), product='"Bread"') for number in range(30)])
    kept, rejected = read(tmp_path, content)
    assert kept.height == 30
    assert rejected["fault"].to_list() == ["a quote is not closed"]


def test_inches_are_no_quotes(tmp_path):
    content = table(row(product='5" pipe'), row(product='3" x 5" pipe'), row(product='"quoted" not'), ROWS[1])
    kept, rejected = read(tmp_path, content)
    assert kept["product_id"].to_list() == ['5" pipe', '3" x 5" pipe', "A2"]
    assert rejected.select("source_row", "fault").rows() == [(4, "a quote is not closed")]


def test_nul_bytes_are_set_aside(tmp_path):
    kept, rejected = read(tmp_path, table(row(product="A\0B"), ROWS[1]))
    assert kept.height == 1
    assert rejected["fault"].to_list() == ["a NUL byte in the row"]
    assert "A\\u0000B" in rejected["raw"][0]


@pytest.mark.parametrize("content", ["", "\n\n", HEADER, HEADER + "\r\n"])
def test_files_without_rows(tmp_path, content):
    kept, rejected = read(tmp_path, content)
    assert kept.is_empty()
    assert rejected.is_empty()
    assert kept.schema["amount"] == pl.Int64


def test_banner_above_the_header(tmp_path):
    kept, rejected = read(tmp_path, "Export vom 1.3.2017\n\n" + table(*ROWS[:1], row(time="")))
    assert kept.height == 1
    assert rejected.select("source_row", "fault").rows() == [(5, "no time")]


def test_old_mac_line_ends(tmp_path):
    assert read(tmp_path, table(*ROWS).replace("\n", "\r"))[0].height == 2


def test_columns_with_the_same_name_must_be_told_apart(tmp_path):
    content = table(*ROWS).replace("product", "amount")
    with pytest.raises(MappingError, match=r"2 columns named 'amount'.*'amount \(1\)' or 'amount \(2\)'"):
        typed(tmp_path, content)


def test_all_missing_columns_of_all_files_at_once(tmp_path):
    (tmp_path / "a.csv").write_text(table(*ROWS).replace("member;", "membr;"))
    (tmp_path / "b.csv").write_text(table(*ROWS).replace(";amount", ";total"))
    with pytest.raises(MappingError) as caught:
        typed_table(lines_mapping(tmp_path), "lines")
    assert "a.csv has no column 'member', which mapping [lines.columns] names; did you mean 'membr'?" in str(caught.value)
    assert "b.csv has no column 'amount'" in str(caught.value)


def test_files_may_order_their_columns_differently(tmp_path):
    (tmp_path / "a.csv").write_text(table(*ROWS))
    frame = pl.read_csv(tmp_path / "a.csv", separator=";", infer_schema=False)
    frame.select(reversed(frame.columns)).write_csv(tmp_path / "b.csv", separator="\t")
    kept, rejected = read(tmp_path, files="*.csv")
    assert rejected.is_empty()
    assert kept["order_id"].to_list() == ["1001", "1002"] * 2
    assert kept["source_index"].to_list() == [0, 1, 2, 3]


def test_a_folder_and_a_pattern_that_finds_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(table(*ROWS))
    assert read(tmp_path, files="in")[0].height == 2
    with pytest.raises(MappingError, match="'out/\\*' finds no file"):
        typed(tmp_path, files="out/*")


def test_spaces_as_delimiter_without_header(tmp_path):
    columns = """
member_id = "column_1"
order_id = ["column_1", "column_2"]
store_id = { value = "web" }
product_id = { value = "CD" }
ordered_at = "column_2"
quantity = "column_3"
amount = "column_4"
"""
    kept, rejected = read(
        tmp_path, " 00001 19970101  1   11.77\n 00002 19970112  15  77.00\n", columns=columns, table="header = false", name="CDNOW.txt"
    )
    assert rejected.is_empty()
    assert kept["order_id"].to_list() == ["00001|19970101", "00002|19970112"]
    assert kept["amount"].to_list() == [1177, 7700]


def test_records_across_block_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("toolkit.sources.written.packing.BLOCK", 101)
    rows = [
        row(order=str(number), product='"a\nb"' if number % 3 == 0 else "x;y;z;w" if number % 50 == 0 else "plain") for number in range(200)
    ]
    kept, rejected = read(tmp_path, table(*rows))
    assert kept.height == 200 - sum(1 for number in range(200) if number % 50 == 0 and number % 3)
    assert set(rejected["fault"]) == {"too many fields"}
    assert kept.filter(pl.col("product_id") == "a\nb").height == 67
    expected = [number for number in range(200) if number % 50 == 0 and number % 3]
    assert rejected["source_row"].to_list() == [number + 2 for number in expected]


def test_hostile_text_is_kept_as_written(tmp_path):
    words = ["<script>alert(1)</script>", "=1+1", "'; drop table", " padded ", "😀", "０１２", "null", "NA"]
    kept, rejected = read(tmp_path, table(*[row(product=word) for word in words if ";" not in word]))
    assert kept["product_id"].to_list() == [word for word in words if ";" not in word]
    assert rejected.is_empty()


def test_spreadsheets_of_a_kind_that_is_not_read_are_refused_with_advice(tmp_path):
    with pytest.raises(MappingError, match="is a spreadsheet; save the sheet as CSV"):
        typed(tmp_path, b"PK\x03\x04", name="lines.numbers")


def test_hive_folders(tmp_path):
    frame = pl.read_csv(table(*ROWS).encode(), separator=";", try_parse_dates=True)
    for store, part in frame.partition_by("store", as_dict=True, include_key=False).items():
        folder = tmp_path / "receipts" / f"store={store[0]}"
        folder.mkdir(parents=True)
        part.write_parquet(folder / "0.parquet")
    kept, rejected = read(tmp_path, files="receipts")
    assert rejected.is_empty()
    assert kept["store_id"].cast(pl.String).to_list() == ["12", "12"]


def test_damaged_parquet_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        typed(tmp_path, b"PAR1 nothing", name="lines.parquet")
