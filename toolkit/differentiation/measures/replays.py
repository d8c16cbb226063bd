"""One offer, whatever its method, replayed on the past of groups of members; and the offers that their own past proposes."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.differentiation.measures.amounts import proposed_thresholds, round_amount
from toolkit.differentiation.measures.past import BASIS_POINTS, Past
from toolkit.differentiation.measures.reckoning import best_of, reckoned
from toolkit.differentiation.methods.coupon import coupon_members, replayed_coupon
from toolkit.differentiation.methods.discount import read_categories, replayed_discount
from toolkit.differentiation.methods.full_reduction import replayed_grid
from toolkit.differentiation.methods.member_day import replayed_day
from toolkit.differentiation.methods.service import replayed_due
from toolkit.errors import BadValue
from toolkit.language import tr, value, word
from toolkit.ledger.history import contacted
from toolkit.ledger.offer import METHODS, WEEKDAYS, Offer, plain
from toolkit.models.replay import REPLAY
from toolkit.scope.view import View

DEPTH_BP = 1_000
"""Depth of the offers that are proposed: a tenth, the depth for which offers.response_share is stated."""


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
        raise BadValue("\n".join(faults))
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
    view = past.view
    minor = {name: round((getattr(offer, name) or 0) * view.minor_units) for name in ("threshold", "value")}
    depth_bp = round((offer.depth or 0) * BASIS_POINTS)
    wanted = read_categories(view, ";".join(offer.categories))
    if offer.method == "coupon":
        found = replayed_coupon(past, coupon_members(past)[0], minor["value"], minor["threshold"])
    elif offer.method == "full_reduction":
        found = replayed_grid(past, [minor["threshold"]], [minor["value"]])
    elif offer.method == "discount":
        found = _over_goods(past, _with_buyers(past, replayed_discount(past, depth_bp, wanted), least_buyers if wanted else 0))
    elif offer.method == "member_day":
        found = replayed_day(past, offer.weekday or 1, depth_bp)
    else:
        found = _over_goods(past, replayed_due(past, 0, wanted))
    told = past.members.group_by(past.by).agg(pl.len().cast(pl.Int64).alias("told"))
    sales = past.baskets.group_by(past.by).agg(pl.col("amount").sum().alias("sales"))
    found = found.select(*past.by, *REPLAY, "margin_share", "response_share").join(told, on=past.by).join(sales, on=past.by)
    contacts = pl.col("contact_count") if offer.method == "service" else pl.col("told")
    named = found.with_columns(contacts.alias("contact_count"), pl.col("sales").alias("base_amount"))
    return named.with_columns(pl.lit(offer.text).alias("offer"), pl.lit(offer.method).alias("method")).sort(past.by)


def _with_buyers(past: Past, replayed: pl.DataFrame, least: int) -> pl.DataFrame:
    """Leave out the groups in which no category has so many buyers."""
    return replayed.filter(pl.col("free_rider_count").max().over(past.by) >= least) if least and replayed.height else replayed


def _over_goods(past: Past, replayed: pl.DataFrame) -> pl.DataFrame:
    """Sum a replay by category over the categories; margin and response weighted by the extra sales they speak of."""
    weight = pl.col("within_reach_amount") + 1
    mixed = [((pl.col(name) * weight).sum() / weight.sum()).alias(name) for name in ("margin_share", "response_share")]
    known = [pl.when(pl.col("margin_share").null_count() == 0).then(mixed[0]).alias("margin_share"), mixed[1]]
    return replayed.sort(*past.by, "category_code").group_by(past.by, maintain_order=True).agg(pl.col(REPLAY.names()).sum(), *known)


def proposed_offers(past: Past) -> list[Offer]:
    """Return an offer of each method, as the past of all groups together proposes it: a tenth off where it leaves most.

    `past` has groups; the proposals are for all of them.
    """
    view = past.view
    whole = Past(view, past.groups.select("member_code").with_columns(pl.lit("all").alias("group"))) if past.groups is not None else past
    limits = proposed_thresholds(whole.baskets["amount"], view.settings.offers.grid_thresholds)
    pairs = [(limit, round_amount(limit / 10)) for limit in limits if round_amount(limit / 10) < limit]
    unit, texts = view.minor_units, list[str]()
    if pairs:
        grid = pl.concat([replayed_grid(whole, [limit], [saving]) for limit, saving in pairs])
        if best := best_of(view, reckoned(whole, grid), None, "threshold", "reduction"):
            texts.append(f"full_reduction {plain(best['threshold'] / unit)}/{plain(best['reduction'] / unit)}")
        sent = coupon_members(whole)[0]
        coupons = pl.concat([replayed_coupon(whole, sent, saving, limit) for limit, saving in pairs])
        if best := best_of(view, reckoned(whole, coupons), None, "minimum", "value"):
            texts.append(f"coupon {plain(best['value'] / unit)} from {plain(best['minimum'] / unit)}")
    goods = replayed_discount(whole, DEPTH_BP).filter(pl.col("free_rider_count") >= view.settings.scope.minimum_members)
    named = goods.join(view.categories.select("category_code", "category"), on="category_code").filter(
        pl.col("category").is_not_null() & ~pl.col("category").str.contains(r"[;|\n]")
    )
    if named.height and (best := best_of(view, reckoned(whole, named), None, "category")):
        texts.append(f"discount 10% on {best['category']}")
    days = pl.concat([replayed_day(whole, number, DEPTH_BP) for number in range(1, 8)]).filter(pl.col("free_rider_count") > 0)
    if days.height and (best := best_of(view, reckoned(whole, days), None, "number")):
        texts.append(f"member_day {WEEKDAYS[best['number'] - 1]} 10%")
    if replayed_due(whole, 0).height:
        texts.append("service " + value("a reminder when goods are due again"))
    return [Offer.parse(text) for text in texts]
