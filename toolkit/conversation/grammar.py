"""Times, numbers and reductions in a sentence: islands that the grammar of its language reads, one tree for both.

A sentence in plain words is no sentence of any small grammar, so each word is tried as the beginning of a phrase, and the longest phrase
is taken; what no phrase holds is left to the lexicon and to the questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from toolkit.conversation.dates import Span, resolved
from toolkit.conversation.numbers import fold_of, number_of, pieces_of, share_of, times_of

_BEGINNING = re.compile(r"(?<![^\W_\u3400-\u9fff])(?=[\w$€£¥<>-])|(?<=[\u3400-\u9fff])(?=\w)|(?=[\u3400-\u9fff])")
_A_BIT = tuple("看一查问瞧说算帮")
"""看一下10月份 looks at October: no next one."""
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Island:
    """One phrase with a role: its kind, its value, where it stands in the text."""

    kind: str
    value: Any
    start: int
    end: int


def islands(text: str, as_of: date) -> list[Island]:
    """Return the phrases with a role in a normalised text, from left to right, none over another."""
    parser = _parser("zh" if _CHINESE.search(text) else "en")
    found: list[Island] = []
    at = 0
    for beginning in _BEGINNING.finditer(text):
        start = beginning.start()
        if start < at or (text[start] == "下" and text[max(0, start - 1) : start] in _A_BIT):
            continue
        if read := _longest(parser, text, start):
            tree, end = read
            island = _island(tree, start, end, as_of)
            if island is not None and (island.kind != "lasting" or text[start].isdigit()):  # `一天里` is no length
                found.append(island)
                at = end
    return found


def _longest(parser: Lark, text: str, start: int) -> tuple[Tree[Token], int] | None:
    """The longest phrase that begins at `start`, with its end."""
    reading = parser.parse_interactive(text[start : start + 90])
    best: tuple[Any, int] | None = None
    try:
        for token in reading.lexer_thread.lex(reading.parser_state):
            reading.feed_token(token)
            if "$END" in reading.choices():
                best = reading.copy(), start + (token.end_pos or 0)
    except LarkError:
        pass
    if best is None:
        return None
    try:
        return best[0].feed_eof(), best[1]
    except LarkError:
        return None


def _island(tree: Tree[Token], start: int, end: int, as_of: date) -> Island | None:
    of = tree.children[0]
    if not isinstance(of, Tree):
        return None
    name = str(of.data)
    if name == "year_before":
        return Island(name, None, start, end)
    if name in ("days_between", "months_between", "month_days"):
        return _within(name, _words(of), start, end, as_of)
    if name in ("during", "since", "between", "state_at", "not_since"):
        spans = [_span(child, as_of) for child in of.children if isinstance(child, Tree)]
        if any(span is None for span in spans):
            return None
        known = [span for span in spans if span is not None]
        future = any(span.future for span in known)
        first, last = known[0], known[-1]
        if name == "not_since":
            return None if future else Island("away", (as_of - first.start).days + 1, start, end)
        if name in ("since", "state_at"):
            return Island(name, Span(first.start, as_of, future=future), start, end)
        if name == "between":
            start_day = first.start if first.start <= last.end else first.year_before().start
            return Island("period", Span(start_day, last.end, future=future), start, end)
        return Island("period", first, start, end)
    words = _words(of)
    return Island(*_value(name, words), start, end)


def _within(name: str, words: list[str], start: int, end: int, as_of: date) -> Island | None:
    """`1 to 15 november`, 1到6月: two ends, of which only the last says what it is of."""
    if name == "month_days":  # `november 1 to 15`: the days stand behind their month
        days = next(word for word in words if re.match(r"\d{1,2}(?!\d|月)\S*\s*(to|-|~|until|through|到|至)", word))
        return _within("days_between", [days, *(word for word in words if word is not days)], start, end, as_of)
    ends = re.findall(r"\d{1,2}|[一二三四五六七八九十]+", words[0])
    rule, first = ("day_of_month", [ends[0], *words[1:]]) if name == "days_between" else ("month", [f"{ends[0]}月"])
    last = [ends[-1], *words[1:]] if name == "days_between" else words[1:]
    spans = [resolved(rule, one, as_of) for one in (first, last)]
    if spans[0] is None or spans[1] is None or spans[0].start > spans[1].end:
        return None
    return Island("period", Span(spans[0].start, spans[1].end, future=spans[0].future), start, end)


def _span(tree: Tree[Token], as_of: date) -> Span | None:
    if str(tree.data) == "edge":  # `the end of june`: its last day
        named = next((child for child in tree.children if isinstance(child, Tree)), None)
        if named is None:  # 年初
            return Span(date(as_of.year, 1, 1), date(as_of.year, 1, 1))
        span = _span(named, as_of)
        word = next(str(child) for child in tree.children if isinstance(child, Token))
        day = span and (span.end if re.search("end|last|late|底|末", word) else span.start)
        return Span(day, day, future=span.future) if span and day else None
    return resolved(str(tree.data), _words(tree), as_of)


def _words(tree: Tree[Token]) -> list[str]:
    """The words that a rule kept; a unit is called by its name in the grammar."""
    words: list[str] = []
    for child in tree.children:
        if child is None:
            continue
        if isinstance(child, Tree):
            words += [str(child.data)] if not child.children or child.data in _UNITS else _words(child)
        else:
            words.append(str(child))
    return words


_UNITS = ("days", "weeks", "months", "quarters", "years")
_DAYS = {"days": 1, "weeks": 7, "months": 30, "quarters": 91, "years": 365}
_LABELS = re.compile(r"budget|coupon|voucher|discount|markdown|reduction|price cut|预算|经费|券|折扣|优惠|折让|降价|便宜")


def _value(name: str, words: list[str]) -> tuple[str, Any]:
    figures = [word for word in words if not _LABELS.search(word) and word not in _UNITS] or words
    if name == "spend_save":
        return "spend_save", (number_of(figures[0]), number_of(figures[1]))
    if name == "save_spend":
        return "spend_save", (number_of(figures[1]), number_of(figures[0]))
    if name in ("percent_off", "share"):
        return ("percent_off" if name == "percent_off" else "share"), share_of(figures[0])
    if name == "half_away":
        return "away", 182
    if name == "fold":
        return "percent_off", fold_of(words[0])
    if name == "nth_piece":
        return name, pieces_of(words[0])
    if name == "points_times":
        return name, times_of(words[0])
    if name == "half_price":
        return "percent_off", 0.5
    if name in ("coupon", "coupon_from"):
        amounts = [number_of(word) for word in figures]
        return "coupon", tuple(reversed(amounts)) if name == "coupon_from" else tuple(amounts)
    if name == "twice":
        return "times_least", number_of(words[-1])
    if name == "times_over":
        return "times_least", number_of(figures[0]) + 1
    if name == "orders_over":
        return "orders_least", number_of(figures[0]) + 1
    if name == "first_units":
        return name, (int(number_of(figures[0])), words[-1])
    if name == "every_weeks":
        if re.search("other|second|fortnight|bi|隔$|隔周|双周", words[0]):
            return name, 2
        return name, 3 if "third" in words[0] else int(number_of(words[0]))
    if name in ("away", "lasting"):
        return name, int(number_of(figures[0]) * _DAYS[words[-1]])
    if name == "amount_between":
        return "amount_between", (number_of(figures[0]), number_of(figures[1]))
    return name, number_of(figures[0])


@cache
def _parser(language: str) -> Lark:
    grammar = (Path(__file__).parent / f"{language}.lark").read_text("utf-8")
    return Lark(grammar, start="phrase", parser="lalr", maybe_placeholders=False, g_regex_flags=re.IGNORECASE)
