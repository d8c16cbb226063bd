"""One offer, whatever its method, replayed on the past of groups of members; and the offers that their own past proposes."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.methods.bundle import BUNDLE
from toolkit.differentiation.methods.coupon import COUPON
from toolkit.differentiation.methods.discount import DISCOUNT
from toolkit.differentiation.methods.extra_points import EXTRA_POINTS
from toolkit.differentiation.methods.full_reduction import FULL_REDUCTION
from toolkit.differentiation.methods.gift import GIFT
from toolkit.differentiation.methods.member_day import MEMBER_DAY
from toolkit.differentiation.methods.method import Method, of_groups, ranked, reckoned
from toolkit.differentiation.methods.nth_piece import NTH_PIECE
from toolkit.differentiation.methods.referral_reward import REFERRAL_REWARD
from toolkit.differentiation.methods.service import SERVICE
from toolkit.differentiation.methods.side_by_side import no_replay
from toolkit.differentiation.methods.welcome_gift import WELCOME_GIFT
from toolkit.errors import BadValue, shorten
from toolkit.language import tr, word
from toolkit.ledger.offer import METHODS, Offer

PRICED: dict[str, Method] = {
    "full_reduction": FULL_REDUCTION,
    "coupon": COUPON,
    "discount": DISCOUNT,
    "member_day": MEMBER_DAY,
    "service": SERVICE,
}
"""The methods that suit any member, in the order in which offers are proposed."""
REPLAYED: dict[str, Method] = PRICED | {
    "nth_piece": NTH_PIECE,
    "bundle": BUNDLE,
    "gift": GIFT,
    "extra_points": EXTRA_POINTS,
    "welcome_gift": WELCOME_GIFT,
    "referral_reward": REFERRAL_REWARD,
}
"""All methods: one table, whatever is replayed."""

LONGEST_FAULTS = 2_000
"""Signs of what is said of offers that cannot be read: a thousand of them are a slip in one place."""


def read_offers(given: str | list[str]) -> list[Offer]:
    """Return the offers that texts say: a list, or one text with commas between them; none where nothing was given.

    Raises
    ------
    BadValue
        A text that is no offer (all are named), or the same offer twice.
    """
    texts = _split(given) if isinstance(given, str) else [text.strip() for text in given]
    offers, faults = list[Offer](), list[str]()
    for text in texts:
        try:
            offers.append(Offer.parse(text))
        except BadValue as error:
            faults.append(str(error))
    twice = sorted({offer.text for offer in offers if [other.text for other in offers].count(offer.text) > 1})
    faults += [tr("Offer '{text}' came twice.", text=text) for text in twice]
    faults += [
        tr(
            "Offer '{text}' is for some goods alone; a {method} is replayed on whole baskets: leave the goods out.",
            text=offer.text,
            method=word(offer.method),
        )
        for offer in offers
        if offer.categories and offer.method in ("coupon", "full_reduction", "member_day")
    ]
    if faults:
        raise BadValue(shorten("\n".join(faults), LONGEST_FAULTS))
    return offers


def _split(text: str) -> list[str]:
    """Cut a text at the commas behind which a method's name stands: a category may have commas in its name."""
    parts = list[str]()
    for part in (piece.strip() for piece in text.split(",")):
        starts = part.split(" ")[0].lower() in METHODS
        if parts and part and not starts and " on " in parts[-1]:
            parts[-1] += f", {part}"
        elif part:
            parts.append(part)
    return parts


def replay_offer(past: Past, offer: Offer, *, least_buyers: int = 0) -> pl.DataFrame:
    """Return an offer as `reckon` takes it: one row per group of `past` that has a basket; `base_amount` are all sales of the group.

    Every member is contacted once to tell them; a service is one contact per member and good, a gift to new members one to each of them. A
    discount on named goods, or on their n-th piece, has no row for a group in which none of them has `least_buyers`: its figures would be
    theirs. What the shop does not know enough for (`Method.needs`) has no row at all.
    """
    method = REPLAYED[offer.method]
    replayed = method.replay(past, offer) if method.needs(past, offer) is None else no_replay(past)
    if offer.method in ("discount", "nth_piece") and offer.categories and least_buyers and replayed.height:
        replayed = replayed.filter(pl.col("free_rider_count").max().over(past.by) >= least_buyers)
    return of_groups(past, method, offer, replayed)


def proposed_offers(past: Past, methods: Mapping[str, Method] = PRICED) -> list[Offer]:
    """Return an offer of each of `methods`, as the past of all groups together proposes it: a tenth off where it leaves most."""
    view = past.view
    whole = past if past.groups is None else Past(view, past.groups.select("member_code").with_columns(pl.lit("all").alias("group")))
    offers = list[Offer]()
    for method in methods.values():
        if method.needs(whole, None) is not None:
            continue
        replayed = method.proposed(whole)
        if replayed.height:
            best = ranked(reckoned(whole, replayed), method.keys).row(0, named=True)
            offers.append(Offer.parse(method.text(view, best)))
    return offers
