"""A sentence taken apart: every word belongs to one piece - a name, a time or number, a word of a question, an empty word, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from toolkit.conversation.grammar import Island, islands
from toolkit.conversation.lexicon import Entity, Kind, Lexicon
from toolkit.conversation.text import Sentence, Word, base, words_of
from toolkit.conversation.vocabulary import Vocabulary

PieceKind = Literal["entity", "island", "concept", "stop", "unknown_id", "unknown"]

_ROLES: tuple[tuple[Kind, str, str], ...] = (
    ("store", r"stores?|shops?|branch(?:es)?|outlets?|store[ _]id", "门店|店铺|分店|店"),
    ("campaign", r"campaigns?|campaign[ _]id|promotion|mailing", "活动|营销活动"),
    ("member", r"members?|customers?|shoppers?|clients?|member[ _]id|household", "会员|顾客|客户|用户"),
    ("product", r"products?|sku|item", "商品|产品|单品"),
)  # fmt: skip
_ID = r"[^\W\u3400-\u9fff](?:[^\W\u3400-\u9fff]|[-.](?=\w))*"
_MORE = re.compile(  # what is counted is no further id: `with 5 percent`
    rf"\s*(?:,|and|or|&|with|to|vs\.?|versus|against|和|与|跟|、|对比|比)\s*(?:#\s*)?({_ID})"
    r"(?!\s*(?:%|percent|per cent|pct|times|orders|dollars|euros|months?|weeks?|days?))"
)
_TWO_IDS = re.compile(
    r"(?<!between )(?<![\w.,])(\d+)\s*(?:vs\.?|versus|against|compared (?:to|with)|and|对比|和|与|跟|比)\s*(\d+)(?![\w.,%])"
)
_AT_A_PLACE = re.compile(r"\b(in|at|inside|over at|here in)\s+(#\s*)?$|在\s*$")
_SELLS = re.compile(r"\s*(ring|rang|sell|sold|take in|took)\b|\s*(店|卖)")
"""What a store does."""
_COUNTED = re.compile(r"\s*(个|名|位)?\s*(members|customers|people|shoppers|buyers|names|会员|顾客|客户|人)(?![a-z])")
_WORTH = re.compile(r"(trade[- ]?in|allowance|补贴|抵扣?)( of| worth| at)?\s*$")
EMPTY = "empty"
"""The concept of groups of words that carry nothing."""
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Piece:
    """Some words of a sentence with what they are. `value`: entities (several = ambiguous), an island's value, or a concept."""

    kind: PieceKind
    name: str  # kind of entity, kind of island, concept
    value: Any
    start: int
    end: int
    words: int  # how many
    proposal: bool = False  # a name that only looks like what was typed
    corrected: str = ""  # the right form of a misspelt word

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What the name may stand for."""
        return self.value if self.kind in ("entity", "unknown_id") else ()


@dataclass(frozen=True)
class Taken:
    """A sentence with its pieces, in their order."""

    sentence: Sentence
    pieces: tuple[Piece, ...]

    def said(self, piece: Piece) -> str:
        """Return the words of a piece as they were typed."""
        return self.sentence.raw[piece.start : piece.end]

    def said_of(self, piece: Piece, other: Taken) -> bool:
        """Say whether a piece of another sentence stands in this one too."""
        words = other.said(piece)
        return any(self.said(one) == words for one in self.pieces if one.kind == piece.kind)

    def before(self, piece: Piece, length: int = 24) -> str:
        """Return what stands directly before a piece, in small letters."""
        return self.sentence.low[max(0, piece.start - length) : piece.start]

    def after(self, piece: Piece, length: int = 16) -> str:
        """Return what stands directly behind a piece, in small letters."""
        return self.sentence.low[piece.end : piece.end + length]

    def concepts(self) -> list[str]:
        """Return the words of questions in it."""
        return [piece.name for piece in self.pieces if piece.kind == "concept"]

    def entities(self, *kinds: str) -> list[Piece]:
        """Return the names in it, of some kinds."""
        return [piece for piece in self.pieces if piece.kind == "entity" and piece.name in kinds]

    def islands(self, *kinds: str) -> list[Piece]:
        """Return the times and numbers in it, of some kinds."""
        return [piece for piece in self.pieces if piece.kind == "island" and piece.name in kinds]


def take_apart(sentence: Sentence, lexicon: Lexicon, vocabulary: Vocabulary, as_of: date) -> Taken:
    """Return a sentence in pieces: what is quoted or has a role in front first, then the longest, then what stands alone."""
    free = [True] * len(sentence.words)
    pieces: list[Piece] = []

    def take(piece: Piece) -> None:
        inside = [at for at, word in enumerate(sentence.words) if word.start >= piece.start and word.end <= piece.end]
        if inside and all(free[at] for at in inside):
            for at in inside:
                free[at] = False
            pieces.append(replace(piece, words=len(inside)))

    for piece in _quoted(sentence, lexicon):
        take(piece)
    for piece in (*_with_role(sentence, lexicon), *_two_stores(sentence, lexicon)):
        take(piece)
    read = islands(sentence.low, as_of)
    candidates = [*_of_islands(read), *_of_concepts(sentence, vocabulary), *_of_names(sentence, lexicon)]
    for piece in sorted(candidates, key=lambda piece: piece.start - piece.end):
        take(piece)
    for island in read:
        if island.kind in ("plain", "money", "share"):
            for piece in _number(sentence, island, lexicon):
                take(piece)
    for at in range(len(free)):
        if free[at]:
            for piece in _empty_or_open(sentence, at, free, lexicon, vocabulary):
                take(piece)
    return Taken(sentence, tuple(sorted(pieces, key=lambda piece: piece.start)))


def _quoted(sentence: Sentence, lexicon: Lexicon) -> Iterator[Piece]:
    for start, end in sentence.quoted:
        words = [word.text for word in sentence.words if word.start >= start and word.end <= end]
        if words and (found := lexicon.exact.known.get(" ".join(words))):
            yield _named(found, start, end)


def _with_role(sentence: Sentence, lexicon: Lexicon) -> Iterator[Piece]:
    """Ids that a word before or behind them says what they are of: `store 367`, 367店, `campaigns 18 and 19`."""
    for kind, english, chinese in _ROLES:
        ahead = rf"(?:\b(?:{english})|(?:{chinese}))\s*(?:id|no\.?|nr\.?|number|编号|号)?\s*[=:#：]?\s*['\"]?({_ID})['\"]?"
        for found in re.finditer(ahead, sentence.low):
            first = list(_of_id(sentence, lexicon, kind, found.span(1), found.start()))
            yield from first
            at = found.end()
            while first and (more := _MORE.match(sentence.low, at)) and _DIGIT.search(more.group(1)):
                pieces = list(_of_id(sentence, lexicon, kind, more.span(1), more.start(1)))
                if not pieces or (kind != "member" and pieces[0].kind == "unknown_id"):
                    break
                yield from pieces
                at = more.end()
    for kind, english, chinese in _ROLES:
        behind = rf"(?<![^\W\u3400-\u9fff])({_ID})\s*(?:号)?\s*(?:{chinese})(?![员])|\b({_ID})(?:'s)?\s+(?:{english})\b"
        for found in re.finditer(behind, sentence.low):
            group = 1 if found.group(1) else 2
            text = sentence.raw[slice(*found.span(group))]
            if _DIGIT.search(text) and (one := lexicon.by_id(kind, text)) and not (kind in ("member", "product") and text.isdigit()):
                yield _named([one], found.start(group), found.end(group))
            elif kind == "store" and group == 1 and _DIGIT.search(text) and lexicon.by_id(kind, text) is None:
                yield Piece("unknown_id", kind, (), found.start(1), found.end(1), 0)  # 4067店: no store of ours


def _two_stores(sentence: Sentence, lexicon: Lexicon) -> Iterator[Piece]:
    """Two bare ids side by side that both are stores', where no word says of what else they are: `406 vs 367`."""
    found = _TWO_IDS.search(sentence.low)
    if found and not any(re.search(f"{english}|{chinese}", sentence.low) for kind, english, chinese in _ROLES if kind != "store"):
        both = [lexicon.by_id("store", sentence.raw[slice(*found.span(group))]) for group in (1, 2)]
        for group, one in zip((1, 2), both, strict=True):
            if one and all(both):
                yield _named([one], *found.span(group))


def _of_id(sentence: Sentence, lexicon: Lexicon, kind: Kind, span: tuple[int, int], start: int) -> Iterator[Piece]:
    text = sentence.raw[slice(*span)]
    one = lexicon.by_id(kind, text)
    digits = bool(_DIGIT.search(text))
    if (one is not None and (digits or kind in ("member", "store")) and len(text) > 1) or (one is not None and digits):
        if not digits and text.islower() and not _is_name_like(sentence, span):
            return
        yield _named([one], span[0], span[1])
    elif one is None and digits and not _is_counted(sentence, span[1]):
        yield Piece("unknown_id", kind, (), span[0], span[1], 0)


def _is_name_like(sentence: Sentence, span: tuple[int, int]) -> bool:
    """Whether letters behind 'member' are an id rather than the next word of the sentence."""
    from toolkit.conversation.vocabulary import vocabulary

    word = sentence.low[slice(*span)]
    known = vocabulary()
    return known.concept_at([base(word)], 0) is None and not known.stop_at([word], 0)


def _is_counted(sentence: Sentence, end: int) -> bool:
    return bool(re.match(r"\s*(%|percent|days?|weeks?|months?|years?|times|个?[天周月年次元块折])", sentence.low[end : end + 12]))


def _of_islands(read: list[Island]) -> Iterator[Piece]:
    for island in read:
        if island.kind not in ("plain", "money", "share"):
            yield Piece("island", island.kind, island.value, island.start, island.end, 0)


def _of_concepts(sentence: Sentence, vocabulary: Vocabulary) -> Iterator[Piece]:
    words = [base(word.text) for word in sentence.words]
    for at in range(len(words)):
        if found := vocabulary.concept_at(words, at):
            length, concept = found
            kind: PieceKind = "stop" if concept == EMPTY else "concept"
            yield Piece(kind, concept, concept, sentence.words[at].start, sentence.words[at + length - 1].end, 0)


def _of_names(sentence: Sentence, lexicon: Lexicon) -> Iterator[Piece]:
    words = [word.text for word in sentence.words]
    folded = [base(word) for word in words]
    for at in range(len(words)):
        found = (
            next(lexicon.exact.at(words, at), None) or next(lexicon.folded.at(folded, at), None) or next(lexicon.exact.at(folded, at), None)
        )
        if found is None:
            continue
        length, entities = found
        start, end = sentence.words[at].start, sentence.words[at + length - 1].end
        if length == 1 and words[at].isdigit():  # a bare number is no name
            continue
        yield _named(entities, start, end)


def _named(entities: list[Entity], start: int, end: int) -> Piece:
    distinct = tuple(dict.fromkeys(entities))
    return Piece("entity", distinct[0].kind, distinct, start, end, 0)


def _number(sentence: Sentence, island: Island, lexicon: Lexicon) -> Iterator[Piece]:
    """A number without a role: an id where it is one of one kind alone, else a number."""
    text = sentence.raw[island.start : island.end]
    if island.kind == "plain":
        if not _DIGIT.search(text):
            return
        kinds: tuple[Kind, ...] = ("store", "campaign", "member", "product")
        found = [one for kind in kinds if (one := lexicon.by_id(kind, text))]
        at_a_place = _AT_A_PLACE.search(sentence.low[: island.start]) or _SELLS.match(sentence.low[island.end :])
        if len(found) > 1 and found[0].kind == "store" and at_a_place:
            found = found[:1]  # `in 406`: members and campaigns are no place
        if _COUNTED.match(sentence.low[island.end :]) or _WORTH.search(sentence.low[: island.start]):
            found = []  # `30 members` are so many, and no member's number
        if found and not re.match(r"\s*(岁|years? old|-?year-?olds?)", sentence.low[island.end :]):  # an age is no id
            yield _named(found, island.start, island.end)
            return
    yield Piece("island", island.kind, island.value, island.start, island.end, 0)


def _empty_or_open(sentence: Sentence, at: int, free: list[bool], lexicon: Lexicon, vocabulary: Vocabulary) -> Iterator[Piece]:
    """What stands at a word that nothing holds yet: an empty word, an id without a role, part of a name, a misspelt word, or none."""
    words = sentence.words
    texts = [word.text for word in words]
    length = next((size for size, _ in vocabulary.stops.at(texts, at) if all(free[at : at + size])), 0)
    if length or base(words[at].text) in vocabulary.empty:
        length = length or 1
        yield Piece("stop", "", None, words[at].start, words[at + length - 1].end, 0)
        return
    word = words[at]
    start, end = word.start, word.end
    if _DIGIT.search(word.text):
        raw = re.match(_ID, sentence.raw[start:])
        text = raw.group() if raw else sentence.raw[start:end]
        kinds: tuple[Kind, ...] = ("store", "campaign", "member", "product")
        if found := [one for kind in kinds if (one := lexicon.by_id(kind, text))]:
            yield _named(found, start, start + len(text))
            return
    run = end
    if two := _in_one_name(words, at, free, lexicon):
        yield two
        return
    spoken = base(word.text) in vocabulary.spoken  # a word of questions is no slip of a name: `basket`, `test`
    parts = lexicon.containing(word.text) if not word.is_chinese and len(word.text) > 2 else []
    parts = [one for one in parts if not spoken or word.text == words_of(one.label)[-1]]
    for size in (3, 2) if spoken else (3, 2, 1):
        inside = words[at : at + size]
        if len(inside) == size and all(free[at : at + size]) and (near := lexicon.alike([one.text for one in inside])):
            yield replace(_named([*parts, *near], start, inside[-1].end), proposal=True)
            return
    if len(parts) == 1 and parts[0].kind in ("category", "department") and words_of(parts[0].label)[0] == word.text and len(word.text) > 3:
        yield _named(parts, start, end)  # `diapers`, of DIAPERS & DISPOSABLES: nothing else begins so
        return
    if parts:
        yield replace(_named(parts, start, end), proposal=True)
        return
    if right := vocabulary.right_form(word):
        yield Piece("concept", right[0], right[0], start, end, 0, corrected=right[1])
        return
    if word.is_chinese:  # characters that nobody knows are one piece
        while at + 1 < len(words) and free[at + 1] and words[at + 1].is_chinese and not vocabulary.stop_at(texts, at + 1):
            at += 1
            run = words[at].end
        if right := vocabulary.right_run(sentence.low[start:run]):
            yield Piece("concept", right[0], right[0], start, run, 0, corrected=right[1])
            return
    yield Piece("unknown", "", None, start, run, 0)


def _in_one_name(words: tuple[Word, ...], at: int, free: list[bool], lexicon: Lexicon) -> Piece | None:
    """Two words side by side that one name alone holds both: `ice cream` of ICE CREAM/MILK/SHERBTS."""
    if at + 1 == len(words) or not free[at + 1] or words[at].is_chinese or words[at + 1].is_chinese:
        return None
    both = [one for one in lexicon.containing(words[at].text) if one in lexicon.containing(words[at + 1].text)]
    whole = [one for one in both if one.kind in ("category", "department")]
    return _named(whole, words[at].start, words[at + 1].end) if len(whole) == 1 else None


_ROLE_WORDS = {"store": "store", "campaign": "campaign_word", "plan": "campaign_word", "member": "member", "product": "product_word"}


def is_role_word(taken: Taken, piece: Piece) -> bool:
    """Say whether a word only says what a name beside it is of: `store` in `store 367`."""
    if piece.kind != "concept":
        return False
    for other in taken.pieces:
        if other.kind in ("entity", "unknown_id") and _ROLE_WORDS.get(other.name) == piece.name:
            between = taken.sentence.low[min(piece.end, other.end) : max(piece.start, other.start)].strip(" #:=_'\"号")
            if not between or between in ("id", "no.", "number", "nr"):
                return True
    return False


def weight(sentence: Sentence, piece: Piece) -> float:
    """Return how much of a sentence a piece is: an English word counts one, a Chinese character half."""
    inside = [word for word in sentence.words if word.start >= piece.start and word.end <= piece.end]
    return sum(0.5 if word.is_chinese else 1.0 for word in inside)


__all__ = ["Piece", "Taken", "Word", "is_role_word", "take_apart", "weight"]
