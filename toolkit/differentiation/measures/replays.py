"""One offer, whatever its method, replayed on the past of groups of members; and the offers that their own past proposes."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.methods.coupon import COUPON
from toolkit.differentiation.methods.discount import DISCOUNT
from toolkit.differentiation.methods.full_reduction import FULL_REDUCTION
from toolkit.differentiation.methods.member_day import MEMBER_DAY
from toolkit.differentiation.methods.method import Method, ranked, reckoned
from toolkit.differentiation.methods.service import SERVICE
from toolkit.errors import BadValue, shorten
from toolkit.language import tr, word
from toolkit.ledger.history import contacted
from toolkit.ledger.offer import METHODS, Offer
from toolkit.models.replay import REPLAY
from toolkit.scope.view import View

REPLAYED: dict[str, Method] = {
    "full_reduction": FULL_REDUCTION,
    "coupon": COUPON,
    "discount": DISCOUNT,
    "member_day": MEMBER_DAY,
    "service": SERVICE,
}
"""The methods, in the order in which offers are proposed."""

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


def addressable(view: View) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the members in scope who may be addressed (`member_code`), and how many may not: `barred`, `tired` (contacted too often)."""
    members = view.members
    allowed = members.filter(pl.col("contactable").fill_null(False)) if "contactable" in members.columns else members
    settings = view.settings.offers
    seen = contacted(view.workspace, view.as_of - timedelta(days=settings.rest_days - 1), view.as_of, as_of=view.as_of)
    tired = seen.filter(pl.col("contact_count") >= settings.most_contacts)
    rested = allowed.join(tired, on="member_id", how="anti", maintain_order="left")
    return rested.select("member_code"), {"barred": members.height - allowed.height, "tired": allowed.height - rested.height}


def replay_offer(past: Past, offer: Offer, *, least_buyers: int = 0) -> pl.DataFrame:
    """Return an offer as `reckon` takes it: one row per group of `past` that has a basket; `base_amount` are all sales of the group.

    Every member is contacted once to tell them; a service is one contact per member and good. A discount on named goods has no row for a
    group in which none of them has `least_buyers`: its figures would be theirs.
    """
    replayed = REPLAYED[offer.method].replay(past, offer)
    if offer.method == "discount" and offer.categories and least_buyers and replayed.height:
        replayed = replayed.filter(pl.col("free_rider_count").max().over(past.by) >= least_buyers)
    if "category_code" in replayed.columns:
        replayed = _over_goods(past, replayed)
    contacts = past.members.group_by(past.by).agg(pl.len().cast(pl.Int64).alias("member_count"))
    sales = past.baskets.group_by(past.by).agg(pl.col("amount").sum().alias("sales"))
    replayed = replayed.select(*past.by, *REPLAY, "margin_share", "response_share").join(contacts, on=past.by).join(sales, on=past.by)
    return replayed.select(
        *past.by,
        pl.col("sales").alias("base_amount"),
        *[name for name in REPLAY if name not in ("base_amount", "contact_count")],
        pl.col("contact_count" if offer.method == "service" else "member_count").alias("contact_count"),
        "margin_share",
        "response_share",
        pl.lit(offer.text).alias("offer"),
        pl.lit(offer.method).alias("method"),
    ).sort(past.by)


def _over_goods(past: Past, replayed: pl.DataFrame) -> pl.DataFrame:
    """Sum a replay by category over the categories; margin and response weighted by the extra sales they speak of."""
    weight = pl.col("within_reach_amount") + 1
    mixed = [((pl.col(name) * weight).sum() / weight.sum()).alias(name) for name in ("margin_share", "response_share")]
    known = [pl.when(pl.col("margin_share").null_count() == 0).then(mixed[0]).alias("margin_share"), mixed[1]]
    return replayed.sort(*past.by, "category_code").group_by(past.by, maintain_order=True).agg(pl.col(REPLAY.names()).sum(), *known)


def proposed_offers(past: Past) -> list[Offer]:
    """Return an offer of each method, as the past of all groups together proposes it: a tenth off where it leaves most."""
    view = past.view
    whole = past if past.groups is None else Past(view, past.groups.select("member_code").with_columns(pl.lit("all").alias("group")))
    offers = list[Offer]()
    for method in REPLAYED.values():
        replayed = method.proposed(whole)
        if replayed.height:
            best = ranked(reckoned(whole, replayed), method.keys).row(0, named=True)
            offers.append(Offer.parse(method.text(view, best)))
    return offers
