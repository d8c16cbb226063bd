import codecs

import pytest

from toolkit.sources.written.encoding import detect_encoding

WORDS = {
    "cp1252": "Müller kaufte Käse für 3 € bei Größe L",
    "cp1250": "Žluťoučký kůň úpěl ďábelské ódy, příliš žluťoučký",
    "cp1251": "Молоко и хлеб куплены в магазине на углу",
    "koi8_r": "Молоко и хлеб куплены в магазине на углу",
    "cp1253": "Γάλα και ψωμί από το κατάστημα της γειτονιάς",
    "gb18030": "会员卡号，小票号，门店，商品编码，实收金额",
    "cp932": "おにぎりと牛乳を店舗で購入した",
    "cp949": "우유와 빵 그리고 치즈를 매장에서",
}


@pytest.mark.parametrize("encoding", WORDS)
def test_a_text_reads_back_in_the_encoding_that_is_named(encoding: str) -> None:
    sample = "\n".join(f"{number};{WORDS[encoding]}" for number in range(20)).encode(encoding)
    assert sample.decode(detect_encoding(sample)) == sample.decode(encoding)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32"),
    ],
)
def test_a_byte_order_mark_decides(mark: bytes, expected: str) -> None:
    assert detect_encoding(mark + b"a\0b\0") == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(encoding: str) -> None:
    assert detect_encoding("member;order;Größe".encode(encoding)) == encoding


def test_a_sample_cut_within_a_character_is_still_utf8() -> None:
    assert detect_encoding("Größe".encode()[:4]) == "utf-8"
    assert detect_encoding(b"") == "utf-8"


def test_the_encoding_in_which_the_wanted_names_appear_wins() -> None:
    """The same bytes are Chinese or Korean, both decode; the mapping's name decides."""
    sample = "회원번호,금액\n1,2\n".encode("cp949")
    assert detect_encoding(sample, ["회원번호"]) == "cp949"
    assert detect_encoding(sample) != "cp949", "eight letters alone prove nothing"


@pytest.mark.parametrize(
    ("header", "row", "encoding"),
    [
        (
            "发货单号,发货日期,客户编码,客户简称,仓库编码,存货编码,存货名称,存货分类,数量,价税合计",
            "1,2025-01-01,KH1,客户,01,6901,茉莉花茶,茶,2,70",
            "gb18030",
        ),
        ("주문번호,회원번호,매장,상품코드,판매일시,수량,금액", "1,2,서울,3,2025-01-01,1,100", "cp949"),
        ("注文番号,会員番号,店舗,商品コード,販売日時,数量,金額", "1,2,東京,3,2025-01-01,1,100", "cp932"),
    ],
)
def test_a_header_that_nobody_has_named_yet_is_told_by_the_words_of_receipts(header: str, row: str, encoding: str) -> None:
    assert detect_encoding(f"{header}\n{row}\n".encode(encoding)) == encoding
