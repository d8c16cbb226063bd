"""Which encoding a text file is in: stated by its first bytes, or the one that decodes strictly and reads as a language.

UTF-8 and UTF-16 prove themselves. The old national encodings do not: most bytes are valid in several of them. A candidate must decode the
sample without an error, and the one whose header holds the names that the mapping asks for wins; without such names the detector of
charset-normalizer decides, held to what shops export.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from itertools import pairwise

from toolkit.sources.written.odd_lines import counted

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SINGLE_BYTE = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "mac_roman")
ORDINARY = {
    "cp949": ((0xA1, 0xA3), (0xB0, 0xC8)),
    "euc_jp": ((0xA1, 0xA5), (0xB0, 0xCF)),
    "cp932": ((0x81, 0x83), (0x88, 0x97)),
    "gb18030": ((0xA1, 0xA3), (0xB0, 0xD7)),
    "big5hkscs": ((0xA1, 0xC6),),
}
"""Multi-byte encodings with the lead bytes that ordinary text uses (punctuation, kana, Hangul, the frequent characters): umlauts or
Cyrillic misread as Chinese fall outside them. The narrower ranges come first, since Korean bytes are also frequent Chinese ones."""
ORDINARY_SHARE = 0.9
HEADER_WORDS = (
    "订单", "单号", "商品", "货品", "物料", "存货", "数量", "金额", "客户", "会员", "编码", "编号", "日期", "时间", "门店", "店铺", "名称",
    "訂單", "單號", "數量", "金額", "客戶", "會員", "編號", "時間", "門市", "名稱",
    "会員", "顧客", "店舗", "日付", "日時", "番号", "コード", "売上",
)  # fmt: skip
"""What Chinese and Japanese headers of receipts say, whose bytes read as Korean too, for a file of which no mapping says anything yet."""
WESTERN = frozenset("äöüßÄÖÜéèêëàâáãåæøîïíìôóòõûúùçñÉÈÊÀÁÂÅÆØÇÑÓÔÕÚÍ€£§°º–’“”«» ")


def detect_encoding(sample: bytes, names: Iterable[str] = (), *, is_whole: bool = False) -> str:
    """Return the Python name of the encoding that the start of a file is in.

    `names` are words expected in the file (column names); an encoding in which most of them appear is preferred. Few lines that do not
    decode beside many that do are damage, not another encoding; `is_whole` says that the last line is not cut off.

    >>> detect_encoding("Größe;Menge".encode("utf-8"))
    'utf-8'
    >>> detect_encoding("会员卡号,实收金额".encode("gb18030"), ["实收金额"])
    'gb18030'
    """
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    if (wide := _wide(sample)) is not None:
        return wide
    if _text(sample, "utf-8") is not None or counted(sample, "utf-8", is_whole=is_whole).are_damage():
        return "utf-8"
    texts = {name: text for name in (*ORDINARY, *SINGLE_BYTE) if (text := _text(sample, name)) is not None}
    expected = [name for name in names if not name.isascii()] or HEADER_WORDS
    hits = {name: sum(word in text for word in expected) for name, text in texts.items()}
    fitting = [name for name in texts if hits[name] == max(hits.values())]
    opening = {name: _text(sample[:100_000], name) or "" for name in fitting}
    likely = [name for name in fitting if name in ORDINARY and _ordinary_share(opening[name], name) >= ORDINARY_SHARE]
    if likely:
        return likely[0]
    if "cp1252" in fitting and _is_western(opening["cp1252"]):
        return "cp1252"
    if not max(hits.values(), default=0) and (damaged := _in_spite_of_damage(sample, is_whole=is_whole)):
        return damaged
    single_byte = [name for name in fitting if name in SINGLE_BYTE]
    return _most_readable(sample, single_byte) or (fitting[0] if fitting else "utf-8")


def _wide(sample: bytes) -> str | None:
    """Return UTF-16 without a mark: every second byte of mostly Latin text is zero."""
    head = sample[:2000]
    if len(head) < 4 or head.count(0) < len(head) // 5:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even > 3 * odd:
        return "utf-16-be"
    return "utf-16-le" if odd > 3 * even else None


def _text(sample: bytes, encoding: str) -> str | None:
    """Return the sample decoded, or None where it is not in this encoding."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None
    # A control character of the C1 block is never text: it shows a wrong single-byte guess.
    return None if any("\x80" <= character <= "\x9f" for character in text[:20000]) else text


def _in_spite_of_damage(sample: bytes, *, is_whole: bool) -> str | None:
    """Return the encoding of several bytes that all but a few lines are in: a name cut within a character spoils its line alone."""
    odd = {name: counted(sample, name, is_whole=is_whole) for name in ORDINARY}
    for name in sorted((name for name in odd if odd[name].odd and odd[name].are_damage()), key=lambda name: odd[name].odd):
        if _ordinary_share(sample[:100_000].decode(name, "replace").replace("\ufffd", ""), name) >= ORDINARY_SHARE:
            return name
    return None


def _ordinary_share(text: str, encoding: str) -> float:
    """Return the share of the non-ASCII characters whose lead byte is one of ordinary text."""
    foreign = [character.encode(encoding) for character in text if character > "\x7f"]
    if encoding == "euc_jp" and not any(code[0] in (0xA4, 0xA5) for code in foreign):
        return 0.0  # Japanese without kana: it is Chinese
    if encoding == "cp949" and len(foreign) < 8:
        return 0.0  # too short to tell Hangul from Chinese, which is the commoner export
    lowest_trail = 0x40 if encoding in ("cp932", "big5hkscs") else 0xA1
    usual = sum(
        1
        for code in foreign
        if len(code) == 2 and code[1] >= lowest_trail and any(low <= code[0] <= high for low, high in ORDINARY[encoding])
    )
    return usual / max(len(foreign), 1)


def _is_western(text: str) -> bool:
    """Return whether a text reads as a Western language: familiar accents that stand alone between plain letters."""
    foreign = [place for place, character in enumerate(text) if character > "\x7f"]
    familiar = sum(text[place] in WESTERN for place in foreign)
    together = sum(after - before == 1 for before, after in pairwise(foreign))
    return familiar >= 0.95 * len(foreign) and together <= 0.2 * len(foreign)


def _most_readable(sample: bytes, candidates: list[str]) -> str | None:
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    from charset_normalizer import from_bytes

    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:20_000]
    for match in from_bytes(telling, cp_isolation=candidates, threshold=0.5, steps=10, chunk_size=1024):
        same = [name for name in candidates if telling.decode(name) == str(match)]
        if same:
            return same[0]  # the Western one where it reads the same
    return candidates[0]
