"""One odd byte costs its own row: the file is not read in another encoding for it."""

import pytest

from tests.sources.shop_files import HEADER, read, row, table, typed
from toolkit.errors import DataError
from toolkit.sources.columns.contents import contents_of
from toolkit.sources.written.encoding import detect_encoding
from toolkit.sources.written.odd_lines import OddLines, counted

FAULT = "bytes that are not of the file's encoding"


def rows(count: int, product: str = "Müsli Größe {0}") -> list[bytes]:
    return [row(order=str(number), product=product.format(number)).encode() for number in range(count)]


def written(lines: list[bytes]) -> bytes:
    return b"\n".join([HEADER.encode(), *lines, b""])


@pytest.mark.parametrize("place", [0, 3, 9_000, 9_999])
@pytest.mark.parametrize("stated", ["", 'encoding = "utf-8"'])
def test_an_odd_byte_in_a_file_that_proves_its_encoding_costs_its_row(tmp_path, place, stated) -> None:
    lines = rows(10_000)
    lines[place] = lines[place].replace("ö".encode(), b"\xf6")
    kept, rejected = read(tmp_path, written(lines), table=stated)
    assert kept["product_id"].to_list() == [f"Müsli Größe {number}" for number in range(10_000) if number != place]
    assert rejected.select("source_row", "fault").rows() == [(place + 2, FAULT)]
    assert "M\\\\xc3" not in rejected["raw"][0]
    assert rf"Müsli Gr\\xf6ße {place};" in rejected["raw"][0]


def test_a_file_that_only_ascii_stands_beside_is_still_read_in_the_other_encoding(tmp_path) -> None:
    lines = [*rows(2_000, "plain {0}"), row(product="Käse für Müller").encode("cp1252")]
    kept, rejected = read(tmp_path, written(lines))
    assert (kept["product_id"][-1], rejected.height) == ("Käse für Müller", 0)


def test_names_cut_within_a_character_do_not_turn_a_chinese_export_into_another_language(tmp_path) -> None:
    """Fields of a fixed width end in half a character; strictly, no Chinese encoding would fit and a Western one would."""
    lines = [row(order=str(number), product=f"有机全脂牛奶{number}").encode("gb18030") for number in range(200)]
    lines[7] = lines[7].replace("奶".encode("gb18030"), "奶".encode("gb18030")[:1])
    content = written(lines)
    assert detect_encoding(content) == "gb18030"
    kept, rejected = read(tmp_path, content)
    assert (kept.height, kept["product_id"][8]) == (199, "有机全脂牛奶9")
    assert rejected.select("source_row", "fault").rows() == [(9, FAULT)]


def test_an_encoding_that_fits_goes_before_one_that_nearly_fits() -> None:
    """All lines but the header of this export are Korean by chance."""
    lines = ["会员卡号;小票号;门店;商品编码;品类;销售时间", *(f"K{number};店{number % 2};乳品" for number in range(400))]
    assert detect_encoding("\r\n".join(lines).encode("gb18030")) == "gb18030"


def test_two_exports_put_together_in_two_encodings_are_not_guessed(tmp_path) -> None:
    content = written([*rows(9_000), *(line.decode().encode("cp1252") for line in rows(9_000))])
    with pytest.raises(DataError, match="does not decode as utf-8"):
        typed(tmp_path, content, table='encoding = "utf-8"')


def test_an_odd_line_within_quotes_takes_its_record_along(tmp_path) -> None:
    lines = rows(50)
    lines[5] = row(product='"Milk\nM\xfcller"').encode("latin-1")
    kept, rejected = read(tmp_path, written(lines))
    assert (kept.height, rejected["fault"].to_list(), rejected["source_row"].to_list()) == (49, [FAULT], [7])
    assert r"M\\xfcller" in rejected["raw"][0]


def test_a_proposal_passes_over_it(tmp_path) -> None:
    lines = rows(50)
    lines[5] = lines[5].replace("ö".encode(), b"\xf6")
    (tmp_path / "a.csv").write_bytes(written(lines))
    contents = contents_of(tmp_path / "a.csv")
    assert contents is not None
    assert (contents.file.dialect.encoding, contents.sample.height, contents.file.broken) == ("utf-8", 49, 1)


def test_what_is_damage_and_what_another_encoding() -> None:
    assert OddLines(lines=100, proven=4, odd=1).are_damage()
    assert not OddLines(lines=100, proven=3, odd=1).are_damage()
    assert OddLines(lines=100, proven=0, odd=5).are_damage(is_stated=True)
    assert not OddLines(lines=100, proven=0, odd=0).are_damage()
    gbk = "\n".join(["牛奶", "面包", "苹果", "鸡蛋", "大米"] * 20).encode("gb18030")
    assert not counted(gbk, "utf-8", is_whole=True).are_damage()


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("toolkit.sources.written.packing.LONGEST_LINE", 100_000)
    monkeypatch.setattr("toolkit.sources.written.packing.BLOCK", 10_000)
    with pytest.raises(DataError, match=r"after 128 bytes comes a line of more than \d+ MB"):
        typed(tmp_path, table(row(), row()).encode() + b"x" * 400_000)
    assert len(table(row(), row())) == 128


def test_a_header_of_a_hundred_thousand_columns_gets_a_sentence(tmp_path) -> None:
    wide = table(row()).splitlines()
    names, cells = (f"c{number}" for number in range(100_000)), ["x"] * 100_000
    (tmp_path / "lines.csv").write_text(f"{wide[0]};{';'.join(names)}\n{wide[1]};{';'.join(cells)}\n")
    with pytest.raises(DataError, match="the first line alone has more than 256 KB"):
        typed(tmp_path)
    (tmp_path / "lines.csv").write_text(
        f"{wide[0]};{';'.join(f'c{number}' for number in range(2_000))}\n{wide[1]};{';'.join(cells[:2_000])}\n"
    )
    assert read(tmp_path)[0].height == 1
    with pytest.raises(DataError, match="2,007 columns; a mapping is proposed for up to 1,000"):
        contents_of(tmp_path / "lines.csv")
