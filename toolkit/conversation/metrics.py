"""The figures that a sentence may name (`toolkit.portrait.figures`), by the words that each has in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from toolkit.conversation.conditions import LIMITS
from toolkit.conversation.pieces import Piece, Taken
from toolkit.conversation.text import Index, base, words_of
from toolkit.conversation.vocabulary import data
from toolkit.language import in_every_language, tr
from toolkit.portrait.figures import FIGURES

QUESTIONS = ("portrait.figure", "portrait.why")
"""Questions that take a figure by its name."""


def metric_words() -> Iterator[tuple[str, str]]:
    """Yield (figure, what it is called)."""
    for name, figure in FIGURES.items():
        for word in (
            name.replace("_", " "),
            *data("phrases")["metrics"].get(name, ()),
            *figure.words_en,
            *figure.words_zh,
            *in_every_language(tr, figure.words),
        ):
            yield name, word


_OF_MEMBERS_SHARE = ("share_word", "member", "profile_card", "carry", "shopping")
_OF_SOME = frozenset("core best heavy decile most_of non_member each_member lapsed active_word loyalty new_member".split())  # noqa: SIM905
"""Words of some members: what share is theirs is another question."""
_OF_MEMBERS = {
    "new_member": "first_time_members",
    "lapsed": "lapsed_members",
    "active_word": "active_members",
    "slipping": "lapsing_members",
}
_SHARES = {
    frozenset({"share_word", "sales", "discount_word"}): "discount_share",
    frozenset({"share_word", "sales", "returns_word"}): "return_share",
    frozenset({"share_word", "sales", "margin"}): "margin_share",
    frozenset({"share_word", "member", "active_word"}): "active_share",
}
"""A share by what it is of what: discounts as a percentage of sales, 退货占销售的比例."""


_BY_CONCEPT = {
    "sales": "sales",
    "orders_word": "orders",
    "order_value": "order_value",
    "units_per_order": "units_per_order",
    "repeat_rate": "repeat_rate",
    "margin": "margin",
    "returns_word": "returns",
}
"""A figure by a word that is not among its own: misspelt, or one of the shop's."""


_WHO = frozenset("members first_time_members buyers active_members lapsing_members lapsed_members".split())  # noqa: SIM905
"""Figures whose words also say of whom another is: in `order value of new members` they are no figure."""
_DONE = re.compile(r"(order|visit|return|purchas|shopp)(e|s|ed|ing)?")
"""Words that mostly say what is done: `members who ordered` names no number of orders."""


def _is_free(piece: Piece, start: int, end: int, name: str) -> bool:
    """Whether a word may be part of a figure's name: in `repurchase cycle` the first is none, the two mean something else."""
    if piece.kind == "concept" and (piece.start < start or piece.end > end):
        return piece.name == "number_of" or _BY_CONCEPT.get(piece.name) == name  # 有多少单: the first word is longer than it needs
    return piece.kind in ("concept", "unknown", "stop")


@cache
def _index() -> Index[str]:
    made: Index[str] = Index()
    for name, word in metric_words():
        made.add([base(one) for one in words_of(word)], name)
    return made


def metric_of(taken: Taken) -> tuple[str, tuple[Piece, ...]]:
    """Return the figure that a sentence names, by the longest of its words, and the pieces that name it; '' where it names none.

    Words of a name or a time are no figure: `members` in `gold members` says who.
    """
    words = taken.sentence.words
    stems = [base(word.text) for word in words]
    best: tuple[bool, int, int, int, str] | None = None  # whether it says more than who, its length, where it stands, its name
    for at in range(len(words)):
        for length, names in _index().at(stems, at):
            start, end = words[at].start, words[at + length - 1].end
            held = [piece for piece in taken.pieces if piece.start < end and piece.end > start]
            told = names[0] not in _WHO and not _DONE.fullmatch(taken.sentence.low[start:end])
            if all(_is_free(piece, start, end, names[0]) for piece in held) and (best is None or (told, end - start) > best[:2]):
                best = (told, end - start, start, end, names[0])
            break
    said = set(taken.concepts())
    share = next(((of_what, name) for of_what, name in _SHARES.items() if of_what <= said), None)
    if share and not (best and best[-1].endswith("_share")):
        return share[1], tuple(piece for piece in taken.pieces if piece.name in share[0] | {"number_of"})
    if best is None:
        piece = next((piece for piece in taken.pieces if piece.kind == "concept" and piece.name in _BY_CONCEPT), None)
        return (_BY_CONCEPT[piece.name], (piece,)) if piece else ("", ())
    _, _, start, end, name = best
    if (
        name == "sales"
        and "share_word" in said
        and {"member", "profile_card"} & said
        and not said & _OF_SOME
        and not taken.islands("share")
    ):
        return "member_sales_share", tuple(piece for piece in taken.pieces if piece.name in (*_OF_MEMBERS_SHARE, "sales"))
    if (
        name == "members"
        and {"buy", "shopping"} & said
        and "number_of" in said
        and not taken.entities("category", "product")
        and not taken.islands(*LIMITS)
    ):
        return "buyers", tuple(piece for piece in taken.pieces if piece.name in ("buy", "shopping", "goods_word", "member"))
    for concept, of_them in _OF_MEMBERS.items():
        if (
            name == "members" and concept in said and (concept != "slipping" or "number_of" in said)
        ):  # members who joined: the words need not stand side by side
            return of_them, tuple(piece for piece in taken.pieces if piece.name in (concept, "member"))
    return name, tuple(piece for piece in taken.pieces if piece.start < end and piece.end > start and piece.kind != "stop")
