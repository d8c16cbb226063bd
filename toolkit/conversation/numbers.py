"""Numbers as people write them: digits with their separators, k and 万, numerals in words, shares, Chinese 折."""

from __future__ import annotations

import math
import re

_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_ENGLISH = (
    {word: number for number, word in enumerate(f"zero one two three four five six seven eight nine {_TEENS}".split())}
    | {word: 20 + 10 * place for place, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())}  # noqa: SIM905
    | {"once": 1, "twice": 2, "thrice": 3, "a": 1, "couple": 2, "half": 0.5, "hundred": 100, "thousand": 1_000, "dozen": 12}
)
_LARGE = ("hundred", "thousand", "dozen")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "半": 0.5}
_TENS = {"十": 10, "百": 100, "千": 1000}
_FACTORS = {"k": 1_000, "千": 1_000, "万": 10_000}
_WRITTEN = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*([k千万]?)")
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百千万半]+")


def number_of(text: str) -> float:
    """Return the number in a text; units and signs of currency around it are passed over.

    >>> number_of("1,500"), number_of("$5k"), number_of("5千元"), number_of("三百五十"), number_of("1万"), number_of("two hundred")
    (1500, 5000, 5000, 350, 10000, 200)
    >>> number_of("七千五")
    7500
    """
    if written := _WRITTEN.search(text):
        return _plain(float(written.group(1).replace(",", "")) * _FACTORS.get(written.group(2), 1))
    if numeral := _NUMERAL.search(text):
        return _plain(_numeral(numeral.group()))
    words = [word for word in re.findall("[a-z]+", text.casefold()) if word in _ENGLISH]
    if len(words) > 1 and words[0] == "a":
        words = words[1:]
    many = [_ENGLISH[word] for word in words if word not in _LARGE]
    return _plain(math.prod(_ENGLISH[word] for word in words if word in _LARGE) * (sum(many) if many else 1))


def share_of(text: str) -> float:
    """Return a percentage as a share.

    >>> share_of("15%"), share_of("7.5 percent"), share_of("百分之二十")
    (0.15, 0.075, 0.2)
    """
    return round(number_of(text.removeprefix("百分之")) / 100, 6)


def pieces_of(text: str) -> tuple[int, float]:
    """Return which piece gets cheaper, and by what share: the second at half price, buy two get one free.

    >>> pieces_of("second piece half price"), pieces_of("buy two get one free"), pieces_of("3 for 2")
    ((2, 0.5), (3, 1.0), (3, 1.0))
    >>> pieces_of("第二件8折"), pieces_of("第三件免费"), pieces_of("买一送一"), pieces_of("the third one at 20% off")
    ((2, 0.2), (3, 1.0), (2, 1.0), (3, 0.2))
    """
    if text == "bogo":
        return 2, 1.0
    if found := re.search(r"第\s*(.)\s*件|(second|2nd|third|3rd|fourth|4th)(?=.*(half|free|%|percent))", text):
        nth = int(number_of(found.group(1))) if found.group(1) else {"s": 2, "2": 2, "t": 3, "3": 3}.get(found.group(2)[0], 4)
        if found.group(2) and text.startswith(("buy", "take")):
            return nth, 1.0
        percent = re.search(r"(\d+)\s*(%|percent)", text)
        fold = re.search(r"打?\s*[一二三四五六七八九1-9](\.\d)?\s*折", text)
        if re.search("半价|五折|对折|half", text):
            return nth, 0.5
        return nth, int(percent.group(1)) / 100 if percent else fold_of(fold.group()) if fold else 1.0
    if found := re.search(r"买\s*(.)", text):
        return int(number_of(found.group(1))) + 1, 1.0
    if found := re.match(r"(?:buy|take) (\w+)", text):
        return int(number_of(found.group(1))) + 1, 1.0
    return int(number_of(text.split(" for ")[0])), 1.0


def times_of(text: str) -> float:
    """Return how many times as many points.

    >>> times_of("double points"), times_of("3x points"), times_of("三倍积分"), times_of("积分翻倍")
    (2, 3, 3, 2)
    """
    words = {"double": 2, "triple": 3, "quadruple": 4, "双倍": 2, "翻倍": 2, "加倍": 2}
    return next((times for word, times in words.items() if word in text), None) or number_of(text)


def fold_of(text: str) -> float:
    """Return what 折 takes off: 八折 leaves eight tenths, 八五折 leaves 85 in a hundred.

    >>> fold_of("打八五折"), fold_of("8折"), fold_of("九折"), fold_of("6.5折")
    (0.15, 0.2, 0.1, 0.35)
    """
    kept = text.strip("打折 ")
    digits = "".join(str(_DIGITS.get(sign, sign)) for sign in kept)
    left = float(digits) / 10 if "." in digits or len(digits) == 1 else float(digits) / 100
    return round(1 - left, 6)


def _numeral(text: str) -> float:
    if "万" in text:
        ten_thousands, _, rest = text.partition("万")
        left = _numeral(rest) if rest else 0
        return (_numeral(ten_thousands) or 1) * 10_000 + (left * 1_000 if len(rest) == 1 and rest in _DIGITS else left)  # 一万五
    total, digit = 0.0, 0.0
    for sign in text:
        if sign in _TENS:
            total += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    if len(text) > 1 and text[-1] in _DIGITS and text[-2] in ("百", "千"):  # 七千五: of the unit before
        digit *= _TENS[text[-2]] // 10
    return total + digit


def _plain(value: float) -> float:
    return int(value) if float(value).is_integer() else value
