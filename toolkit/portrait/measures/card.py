"""What is known of one member, and the facts of their card, each a row in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from toolkit import wording
from toolkit.language import day, tr, value, word
from toolkit.portrait.measures.favourites import favourites
from toolkit.portrait.measures.segment_maps import NO_ORDERS
from toolkit.portrait.rfm import rfm_scores
from toolkit.portrait.traits import traits_of
from toolkit.scope.view import View

LAST_ORDERS = 5
TOP_CATEGORIES = 5
_STATED = {"tier": value("tier"), "joined_on": value("joined on"), "home_store_id": value("home store")}

Row = tuple[str, str, str | None, int | None]
"""Section, fact, value in words, n; sections and facts are words of tables, the value is written for the reader."""


@dataclass(frozen=True)
class Rhythm:
    """How often a member comes: the median of the pauses between their shopping days, and when that makes them due."""

    gap_days: float
    gap_count: int
    due_on: date
    late_days: int


@dataclass(frozen=True)
class Card:
    """All that is known of a member; `features`, `traits`, `liked` and `scored` are their rows of the tables of these names."""

    view: View
    features: Mapping[str, Any]
    traits: Mapping[str, Any]
    liked: Mapping[str, Any]
    scored: Mapping[str, Any]
    orders: pl.DataFrame
    bought: pl.DataFrame
    rhythm: Rhythm | None
    rank: int

    @property
    def order_count(self) -> int:
        """Orders of all receipts, returns alone not counted."""
        return int(self.features["order_count"])

    @property
    def due(self) -> str | None:
        """When the member is due by their own rhythm: '2026-01-09', '2026-01-09, 12 days overdue'."""
        if self.rhythm is None:
            return None
        return self.view.say("{due_on}[, {late:day} overdue]", due_on=self.rhythm.due_on, late=max(self.rhythm.late_days, 0))


def read_card(view: View, member: pl.DataFrame) -> Card:
    """Return the card of the one row of `view.population` in `member`; everything across the chain."""
    chain, features = view.chain, member.row(0, named=True)
    code = features["member_code"]
    orders = chain.orders.filter(pl.col("member_code") == code).collect().sort("ordered_at", "order_code")
    return Card(
        view=chain,
        features=features,
        traits=traits_of(chain, member).row(0, named=True),
        liked=favourites(chain, member).row(0, named=True),
        scored=rfm_scores(chain).filter(pl.col("member_id") == features["member_id"]).row(0, named=True),
        orders=orders,
        bought=_bought(chain, code),
        rhythm=_rhythm(chain, orders),
        rank=int((chain.population["amount_365d"] > features["amount_365d"]).sum()) + 1,
    )


def _bought(view: View, member_code: int) -> pl.DataFrame:
    """What the member spent most on: `category`, `amount`, `day_count`."""
    return (
        view.member_category.filter((pl.col("member_code") == member_code) & (pl.col("amount") > 0))
        .select("category_code", "amount", pl.col("day_count").cast(pl.Int64))
        .collect()
        .join(view.categories.select("category_code", "category"), on="category_code")
        .sort("amount", "category", descending=[True, False])
    )


def _rhythm(view: View, orders: pl.DataFrame) -> Rhythm | None:
    """None with fewer pauses than habits.minimum_orders: they would show no rhythm."""
    days = orders.filter("is_order")["ordered_at"].dt.date().unique().sort()
    gaps = days.diff().drop_nulls().dt.total_days()
    if len(gaps) < view.settings.habits.minimum_orders:
        return None
    middle = float(gaps.median())  # type: ignore[arg-type]
    due_on = days[-1] + timedelta(days=round(middle))
    return Rhythm(middle, len(gaps), due_on, (view.as_of - due_on).days)


def card_rows(card: Card) -> list[Row]:
    """Return the facts in reading order: who, when, where, what for, what next, last orders."""
    return [*_who(card), *_worth(card), *_habits(card), *_what_for(card), *_what_next(card), *_last_orders(card)]


def _who(card: Card) -> list[Row]:
    features, traits, scored, n = card.features, card.traits, card.scored, card.order_count
    stated = [name for name in _STATED if features.get(name) is not None]
    rows: list[Row] = [("who", value("member"), features["member_id"], None)]
    rows += [("who", _STATED[name], _text(features[name]), None) for name in stated]
    if "contactable" in features:
        rows.append(("who", value("may be contacted"), tr("yes") if features["contactable"] else tr("no"), None))
    if n:
        known = (card.view.as_of - features["first_ordered_on"]).days
        seen = card.view.say("{first_ordered_on}, {known:day} ago", features, known=known)
        rows.append(("who", value("first order seen"), seen, None))
    segment = word(scored["segment"])
    if scored["segment"] != NO_ORDERS:
        segment += f" (R {scored['r_score']}, F {scored['f_score']}, M {scored['m_score']})"
    has_ordered = traits["recency_days"] is not None
    stage = card.view.say("[{stage:word}|not measured][has_ordered?, last order {recency_days:day} ago]", traits, has_ordered=has_ordered)
    return [*rows, ("who", value("segment"), segment, n), ("who", value("lifecycle stage"), stage, n)]


def _text(attribute: Any) -> str:
    return day(attribute) if isinstance(attribute, date) else str(attribute)


def _worth(card: Card) -> list[Row]:
    features, traits, view = card.features, card.traits, card.view
    year, days = int(features["order_count_365d"]), int(features["day_count"])
    none = tr("not measured")
    ranked = view.say("{amount_365d:minor}: rank {rank} of {all:,}", features, rank=card.rank, all=view.population.height)
    power, tier = none, none
    if traits["spending_power"]:
        power = view.say("{spending_power:word}, {spend_per_month:money} a month, {order_value:money} an order", traits)
    if traits["price_tier_level"]:
        tier = view.say("{price_tier_index:.2f} ({price_tier_level:word}; 1 = usual prices)", traits)
    rows: list[Row] = [
        ("who", value("sales, last 365 days"), ranked, year),
        ("who", value("sales, all receipts"), view.money(features["amount"]), card.order_count),
        ("who", value("spending power"), power, year),
        ("who", value("price tier index"), tier, days),
    ]
    sensitivity = (
        (value("promo dependence"), traits["promo_dependence"], traits["promo_level"]),
        (value("coupon affinity"), traits["coupon_affinity"], traits["coupon_level"]),
    )
    for fact, share, level in sensitivity:
        rows.append(("who", fact, _graded(card, wording.share(share), level) if level else none, traits["shopping_days"]))
    return rows


def _graded(card: Card, figure: str, grade: str) -> str:
    return card.view.say("{figure} ({grade:word})", figure=figure, grade=grade)


def _habits(card: Card) -> list[Row]:
    def fact(section: str, habit: str, words: str) -> Row:
        name, share = card.liked[f"favourite_{habit}"], card.liked[f"favourite_{habit}_share"]
        if name is None:
            return (section, words, tr("none clear") if card.liked["is_measured"] else tr("not measured"), card.order_count)
        return (section, words, _graded(card, word(name) if habit == "weekday" else name, wording.share(share)), card.order_count)

    rhythm = card.rhythm
    comes = (
        tr("not measured")
        if rhythm is None
        else tr("every day (median)")
        if rhythm.gap_days == 1
        else card.view.say("every {gap_days:g} days (median)", gap_days=rhythm.gap_days)
    )
    return [
        fact("when", "weekday", value("favourite weekday")),
        fact("when", "hour", value("favourite hours")),
        ("when", value("comes"), comes, rhythm.gap_count if rhythm else None),
        fact("where", "store", value("favourite store")),
        fact("where", "channel", value("favourite channel")),
    ]


def _what_for(card: Card) -> list[Row]:
    top = card.bought.head(TOP_CATEGORIES).iter_rows(named=True)
    tastes, fits = card.traits["tastes"], card.traits["personas"]
    liked = tr("not measured") if tastes is None else wording.listing(tastes[:TOP_CATEGORIES]) or tr("none clear")
    read = tr("not measured") if fits is None else wording.listing([word(name) for name in fits]) or tr("no persona")
    return [
        *[("what for", row["category"], card.view.money(row["amount"]), row["day_count"]) for row in top],
        ("what for", value("buys more often than others"), liked, None),
        ("what for", value("baskets read as"), read, None),
    ]


def _what_next(card: Card) -> list[Row]:
    view, traits, settings, days = card.view, card.traits, card.view.settings.lifetime_value, int(card.features["day_count"])
    spends = {horizon: traits[f"expected_spend_{horizon}d"] for horizon in (settings.spend_days, settings.year_days)}
    likely = view.say("probability of a purchase in {lifetime_value.purchase_days} days")
    return [
        ("what next", likely, wording.share(traits["purchase_probability"]), days),
        *(
            ("what next", view.say("expected spend in {horizon} days", horizon=horizon), wording.money(spend, view.currency), days)
            for horizon, spend in spends.items()
        ),
        ("what next", value("expected by own rhythm"), card.due or tr("not measured"), card.rhythm.gap_count if card.rhythm else None),
    ]


def _last_orders(card: Card) -> list[Row]:
    stores = card.view.stores.select("store_code", "store_id")
    last = card.orders.sort("ordered_at", "order_code", descending=True).head(LAST_ORDERS)
    rows: list[Row] = []
    for order in last.join(stores, on="store_code", how="left", maintain_order="left").iter_rows(named=True):
        text = card.view.say(
            "{amount:minor} at store {store_id}, {line_count:line}[is_none?, [is_return?return|no order]]",
            order, is_none=not order["is_order"], is_return=order["amount"] < 0,
        )  # fmt: skip
        rows.append(("last orders", order["ordered_at"].isoformat(sep=" ", timespec="minutes"), text, None))
    return rows
