"""A sentence that is nothing but a figure with its place, time, members and parts asks for this figure, whatever its words mean elsewhere.

`category sales, July`, `sales split by region for the last 13 weeks`, `11月各个人群的销售`; and with a word for why, `fewer orders in store
367 this month, why`. No list of phrases: every piece must be the figure, one of its parameters, or a word that only frames it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.conversation.conditions import CONCEPTS, LIMITS
from toolkit.conversation.metrics import metric_of
from toolkit.conversation.parameters import chosen
from toolkit.conversation.phrases import literals
from toolkit.conversation.pieces import Piece, Taken, is_role_word
from toolkit.registry import find_question
from toolkit.scope.calendar import UNITS

FIGURE_QUESTIONS = FIGURE, WHY, STORES = "portrait.figure", "portrait.why", "portrait.stores"
PARTS = {
    "store": "store", "stores_all": "store", "region_word": "region", "category_word": "category", "tier_word": "tier",
    "segment_word": "segment", "channel_word": "channel", "month_word": "month", "week_word": "week", "day_word": "day",
    "quarter_word": "quarter", "year_word": "year",
}  # fmt: skip
"""The words of what a figure can be told by."""
_FRAME = frozenset(
    [
        "number_of",
        "member",
        "people",
        "today",
        "compare_word",
        "change_word",
        "overview",
        "list_word",
        "drill",
        "previous_word",
        "total_word",
        "sell_word",
    ]
)
_WAYS = frozenset({"drop_word", "rise_word"})
_RANKED = frozenset({"best", "worst", "ranking", "moving_goods"})
_STAGES = CONCEPTS.keys() - {"spending_power", "price_sensitive", "returned"}
"""Words that narrow a figure to some members by the way; the others are mostly a question of their own."""
_WHO = ("segment", "tier", "audience", "attribute", "channel")
_TAKES = re.compile(r"(take|takes|took|taken)( in)?")
_BECAUSE = re.compile(r"因为|由于|because|on account of")
_WITH = re.compile(r"(with|alongside|beside|next to|to|and|[和跟与配搭])\s*$")
_WHO_ALONE = re.compile(r"(member|customer|shopper|client|buyer|user)s?|会员|顾客|客户|人群|用户|消费者")
_ONE_STORE = re.compile(r"(\b(the|this|our|my|a|whole|entire)|这个?|本|我们|咱们?)\s*$")
_MANY = re.compile(r"^.*(s|es)$|门店|店铺")
_EACH = re.compile(
    r"(by|per|each|every|which|across|all|between|各|每|哪|按|分|不同|所有)[^,，。]{0,6}$|\bby \w+ (and|&|x) $|[按各]\w{1,3}[和与、]$"
)


@dataclass(frozen=True)
class Alone:
    """The question of the figure, and what it is told by: several parts are to be asked about."""

    question: str
    metric: str
    parts: tuple[str, ...]
    of_goods: bool = False  # how some goods sell: told by category


def figure_alone(taken: Taken) -> Alone | None:
    """Return the figure that a sentence consists of; None where it holds anything else."""
    metric, named = metric_of(taken)
    named = (*named, *(piece for piece in taken.pieces if piece.kind == "concept" and _said_again(taken, piece, named)))
    concepts = set(taken.concepts())
    ranked = concepts & _RANKED
    parts = {piece: part for piece in taken.pieces if piece not in named and (part := _part(taken, piece))}
    for part, pieces in chosen(find_question(FIGURE), taken, "by", inside=True):
        parts |= {piece: part for piece in pieces if piece not in named and piece not in parts}
    if len({*parts.values()} & {*UNITS}) > 1:  # a trend by week is by week
        parts = {piece: part for piece, part in parts.items() if piece.name != "change_word"}
    asks_why = "why_word" in concepts or ("driver" in concepts and bool(concepts & (_WAYS | {"change_word"})))
    of_goods = bool({"moving_goods", "sell_word"} & concepts) and metric in ("", "sales") and not parts and _goods_alone(taken)
    if of_goods:  # `12月份啤酒卖得好不好`: how they sell, and with nothing beside them
        metric = "sales"
    taking = [piece for piece in taken.pieces if piece.name == "buy" and _TAKES.fullmatch(taken.said(piece).lower())]
    if not metric and not taken.entities("category", "product"):
        if {"number_of", "sell_word"} <= concepts:
            metric = "sales"  # `how much did store 367 sell`
        elif taking and taken.entities("store", "region") and not concepts & {"member", "people"}:
            metric, named = "sales", (*named, *taking)  # `what did store 406 take`
    if not metric and (("moving_goods" in concepts and parts) or (asks_why and concepts & (_WAYS | {"change_word"}))):
        metric = "sales"  # `which category sells best`, `why is store 367 down`
    if not metric or (metric == "members" and "drill" in concepts):
        return None  # members split again and again are another question
    if not asks_why and _BECAUSE.search(taken.sentence.low):
        return None  # 谁因为退货流失了: the figure is the cause of something
    asks_why = asks_why or bool(
        concepts & {"drill", "carry"} and parts and concepts & _WAYS and metric in literals(find_question(WHY))["metric"]
    )
    by_time = bool(parts) and set(parts.values()) <= {*UNITS}
    allowed = (
        _FRAME
        | (_WAYS if asks_why or by_time or (parts and metric != "sales") else frozenset())
        | (_RANKED if parts or of_goods or are_two(taken) else frozenset())
    )
    allowed |= {"why_word", "driver", "activity_word", "carry", "effect_word", "shopping", "buy"} if asks_why else frozenset()
    if metric.endswith("_share"):
        allowed |= {"share_word"}
    if taken.islands(*LIMITS):  # `who bought at least 4 times`
        allowed |= {"buy", "shopping", "spend_word"}
    if "number_of" in concepts and (taken.islands(*LIMITS) or taken.entities(*_WHO) or concepts & _STAGES):
        allowed |= {"carry"}  # `how much sales do champions bring in`
    for piece in taken.pieces:
        if piece.kind == "stop" or piece in named or piece in parts or is_role_word(taken, piece):
            continue
        known = (
            piece.name in ("store", "region", *_WHO) or (of_goods and any(one.kind == "category" for one in piece.entities))
            if piece.kind == "entity"
            else piece.name in ("period", "since", "year_before", "top", *LIMITS)
            if piece.kind == "island"
            else piece.kind == "concept" and (piece.name in allowed or _says_who(taken, piece) or piece.name in PARTS)
        )
        if not known:
            return None
    if (
        metric == "members"
        and not parts
        and "number_of" not in concepts
        and all(_WHO_ALONE.fullmatch(taken.said(piece).lower()) for piece in named)
    ):
        return None  # `gold members of store 3` says who, and no figure
    if len({piece.name for piece in taken.pieces if piece.name in _STAGES}) > 1 and not are_two(taken):
        return None  # `new, lapsing and lapsed` asks for each of them
    told = ("category",) if of_goods else tuple(dict.fromkeys(parts.values()))
    if asks_why:
        takes = literals(find_question(WHY))
        return Alone(WHY, metric, tuple(part for part in told if part in takes["by"])) if metric in takes["metric"] else None
    if "today" in concepts and "store" in parts.values() and metric in ("sales", "orders"):
        return None  # how today is going in the stores is a question of its own
    if ranked and set(told) & {"store", "region"}:
        return Alone(STORES, metric, told) if metric in literals(find_question(STORES))["rank_by"] else Alone(FIGURE, metric, told)
    return Alone(FIGURE, metric, told, of_goods)


def _said_again(taken: Taken, piece: Piece, named: tuple[Piece, ...]) -> bool:
    """Whether a word is the figure's own, a second time: `Q4 orders against Q3 orders`."""
    return piece not in named and len(named) == 1 and taken.said(piece).lower() == taken.said(named[0]).lower()


def _goods_alone(taken: Taken) -> bool:
    """Whether one category is named, and not as what something else is sold with."""
    goods = taken.entities("category", "product")
    return len(goods) == 1 and any(one.kind == "category" for one in goods[0].entities) and not _WITH.search(taken.before(goods[0]))


def _says_who(taken: Taken, piece: Piece) -> bool:
    return piece.name in _STAGES and taken.said(piece).lower() not in ("loyalty", "忠诚度", "lost")


def are_two(taken: Taken) -> bool:
    """Say whether two stores, regions, groups of members or campaigns are named, to be put side by side."""
    return any(
        len({one for piece in taken.entities(*kinds) for one in piece.entities[:1]}) == 2
        for kinds in (("store",), ("region",), ("segment", "tier", "audience"))
    )


def _part(taken: Taken, piece: Piece) -> str:
    """What a figure is told by, where a word says it; one store that is spoken of is none."""
    if piece.kind != "concept" or is_role_word(taken, piece):
        return ""
    before = taken.before(piece)
    if piece.name == "member":
        return "segment" if re.search(r"[各每][类个种]?\s*$", before) and taken.said(piece) in ("人群", "客群") else ""
    if piece.name == "store":
        said = taken.said(piece)
        return "store" if _EACH.search(before) or (_MANY.match(said) and not _ONE_STORE.search(before)) else ""
    if piece.name == "stores_all" and not re.search(r"stores|shops|branches|店", taken.said(piece)):
        return ""  # `the whole chain` says where
    return PARTS.get(piece.name, "")
