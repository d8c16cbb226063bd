"""A shop with every awkward receipt, and a till that counts offers on it in a plain loop: what `truth_differentiation methods` compares with.

The shop: members who come once or often, some who may not be contacted, some who joined lately or never came, referrals with a loop and one
who refers themselves; receipts with odd pieces, with what the same receipt takes back, prices that change from month to month, goods by
weight, receipts that only take back, receipts of nobody. The till knows nothing of the toolkit but the rules of the offers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.importing import import_receipts
from toolkit.workspace import Workspace

END = date(2024, 6, 30)
FIRST = END - timedelta(days=90)
PRICES = {"tea": 399, "coffee": 755, "milk": 129, "bread": 245, "jam": 333, "ham": 1999}
CATEGORY = {"tea": "DRINKS", "coffee": "DRINKS", "milk": "DAIRY", "bread": "BAKERY", "jam": "PANTRY", "ham": "MEAT"}
COSTS = {"tea": 210, "coffee": 400, "milk": 90, "bread": 120, "jam": None, "ham": 1200}
POINT_WORTH = Fraction(1, 2)
"""Minor units that a burnt point was worth."""


@dataclass
class Till:
    """What a method's replay counts, money in minor units."""

    free: int = 0
    free_amount: int = 0
    free_cost: int = 0
    near: int = 0
    near_amount: int = 0
    near_cost: int = 0


@dataclass
class TillShop:
    """Its rows: lines (member, receipt, day, product, quantity in thousandths, minor units), members, points, referrals."""

    lines: list[tuple[str | None, str, date, str, int, int]] = field(default_factory=list)
    members: list[tuple[str, date, bool | None]] = field(default_factory=list)
    points: list[tuple[str, date, str, int, int | None]] = field(default_factory=list)
    referrals: list[tuple[str, str]] = field(default_factory=list)

    def imported(self, folder: Path, *, without: tuple[str, ...] = ()) -> Workspace:
        """Return a workspace of the shop through the front door, without some of its tables."""
        folder.mkdir(parents=True, exist_ok=True)
        noon = lambda day: datetime.combine(day, time(12))  # noqa: E731
        frames = {
            "lines": pl.DataFrame([
                {"member_id": who, "order_id": receipt, "store_id": "S1", "product_id": good, "ordered_at": noon(day),
                 "quantity": milli / 1000, "amount": amount / 100} for who, receipt, day, good, milli, amount in self.lines
            ]),
            "products": pl.DataFrame([
                {"product_id": good, "category": CATEGORY[good], "counted": good != "ham", "unit_cost": None if cost is None else cost / 100}
                for good, cost in COSTS.items()
            ]),
            "members": pl.DataFrame(self.members, schema=["member_id", "joined_on", "contactable"], orient="row"),
            "points": pl.DataFrame([
                {"member_id": who, "entered_at": noon(day), "kind": kind, "points": count, "value": None if worth is None else worth / 100}
                for who, day, kind, count, worth in self.points
            ]),
            "referrals": pl.DataFrame(self.referrals, schema=["referrer_id", "member_id"], orient="row"),
        }  # fmt: skip
        text = ['name = "till"', 'currency = "EUR"']
        for name, frame in frames.items():
            if name not in without:
                frame.write_parquet(folder / f"{name}.parquet")
                text += [f'[{name}]\nfiles = "{name}.parquet"\n[{name}.columns]', *(f'{column} = "{column}"' for column in frame.columns)]
        (folder / "mapping.toml").write_text("\n".join(text), "utf-8")
        import_receipts(folder / "mapping.toml", folder / "ws")
        return Workspace(folder / "ws")


def till_shop(seed: int, *, members: int = 120) -> TillShop:
    """Return a shop of a year, from a seed."""
    rng = np.random.default_rng(seed)
    shop, receipts = TillShop(), 0
    for number in range(members):
        who = f"m{number:03d}"
        joined = END - timedelta(days=int(rng.integers(0, 364)))
        shop.members.append((who, joined, {0: False, 5: None}.get(number % 10, True)))
        visits = 0 if number % 11 == 3 else int(rng.integers(1, 14))
        for _ in range(visits):
            receipts += 1
            day = joined + timedelta(days=int(rng.integers(0, (END - joined).days + 1)))
            total = _receipt(shop, rng, who, f"r{receipts}", day)
            if total > 0:
                shop.points.append((who, day, "earned", total // 100, None))
        if number % 4 == 1:
            shop.points.append((who, END, "burnt", 40, int(40 * POINT_WORTH)))
    for number in range(300):
        _receipt(shop, rng, None, f"n{number}", END - timedelta(days=number))
    shop.referrals = [(f"m{one:03d}", f"m{one + 1:03d}") for one in range(0, members - 30, 3)]
    shop.referrals += [("m100", "m101"), ("m101", "m102"), ("m102", "m100")]  # a loop
    return shop


def _receipt(shop: TillShop, rng: np.random.Generator, who: str | None, receipt: str, day: date) -> int:
    """Put a receipt into the shop and return what was paid."""
    total = 0
    for good in rng.choice(list(PRICES), int(rng.integers(1, 5)), replace=False):
        price = round(PRICES[good] * (1.1 if day.month % 2 else 1.0))
        pieces = int(rng.choice([1, 1, 1, 2, 2, 3, 4, 5]))
        milli = int(rng.integers(100, 2_000)) if good == "ham" else 1000 * pieces
        amount = round(price * milli / 1000)
        shop.lines.append((who, receipt, day, str(good), milli, amount))
        total += amount
        if good != "ham" and rng.random() < 0.15:  # the same receipt takes some back, sometimes all
            back = int(rng.integers(1, pieces + 1))
            shop.lines.append((who, receipt, day, str(good), -1000 * back, -price * back))
            total -= price * back
    if rng.random() < 0.08:  # a later receipt that only takes back
        shop.lines.append((who, f"{receipt}b", min(day + timedelta(days=3), END), "milk", -1000, -129))
    return total


def addressed(shop: TillShop) -> set[str]:
    """Members who may be contacted."""
    return {who for who, _, may in shop.members if may}


def orders(shop: TillShop) -> dict[str, tuple[str, date, int]]:
    """Receipts of the quarter that an offer could have met, of members who may be contacted: receipt -> member, day, what was paid."""
    may, sums, bought = addressed(shop), defaultdict(int), defaultdict(int)
    of: dict[str, tuple[str, date]] = {}
    for who, receipt, day, _, milli, amount in shop.lines:
        if who in may and FIRST <= day <= END:
            sums[receipt] += amount
            bought[receipt] += milli > 0
            of[receipt] = (who, day)
    return {one: (*of[one], total) for one, total in sums.items() if total > 0 and bought[one]}


def pieces(shop: TillShop) -> dict[tuple[str, str], tuple[int, int]]:
    """Whole pieces of goods on these receipts: receipt and product -> pieces and amount, what the receipt takes back taken off."""
    met, found = orders(shop), defaultdict(lambda: [0, 0])
    for _, receipt, _, good, milli, amount in shop.lines:
        if receipt in met and good != "ham":
            found[receipt, good][0] += milli
            found[receipt, good][1] += amount
    return {key: (milli // 1000, amount) for key, (milli, amount) in found.items() if milli > 0 and amount > 0}


def half_up(number: Fraction) -> int:
    """Whole minor units, halves up."""
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def till_nth_piece(shop: TillShop, nth: int, depth: Fraction, category: str) -> Till:
    """Every n-th piece of one good on a receipt gets cheaper."""
    told = Till()
    for (_, good), (count, amount) in pieces(shop).items():
        if CATEGORY[good] != category:
            continue
        sets, price = count // nth, Fraction(amount, count)
        if sets:
            told.free += 1
            told.free_amount += half_up(price * sets * nth)
            told.free_cost += half_up(price * sets * depth)
        if (count + 1) % nth == 0:
            told.near += 1
            told.near_amount += half_up(price)
            told.near_cost += half_up(half_up(price) * depth)
    return told


def till_bundle(shop: TillShop, goods: list[str], usual: dict[str, int], price: int | None, depth: Fraction) -> Till:
    """One piece of each category together, for a price or with a depth off."""
    told, baskets = Till(), defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for (receipt, good), (count, amount) in pieces(shop).items():
        baskets[receipt][CATEGORY[good]][0] += count
        baskets[receipt][CATEGORY[good]][1] += amount
    for held in baskets.values():
        here = {good: held[good] for good in goods if good in held}
        if len(here) == len(goods):
            sets = min(count for count, _ in here.values())
            worth = sum(half_up(Fraction(amount * sets, count)) for count, amount in here.values())
            told.free += 1
            told.free_amount += worth
            told.free_cost += half_up(worth * depth) if price is None else max(0, worth - sets * price)
        elif len(here) == len(goods) - 1:
            lacked = next(usual[good] for good in goods if good not in here)
            worth = lacked + sum(half_up(Fraction(amount, count)) for count, amount in here.values())
            told.near += 1
            told.near_amount += lacked
            told.near_cost += half_up(worth * depth) if price is None else max(0, worth - price)
    return told


def till_gift(shop: TillShop, threshold: int, cost: int, reach: Fraction = Fraction(1, 5)) -> Till:
    """A thing with every basket from an amount on."""
    told = Till()
    for _, _, paid in orders(shop).values():
        if paid >= threshold:
            told.free, told.free_amount, told.free_cost = told.free + 1, told.free_amount + paid, told.free_cost + cost
        elif Fraction(threshold - paid, threshold) <= reach:
            told.near, told.near_amount, told.near_cost = told.near + 1, told.near_amount + threshold - paid, told.near_cost + cost
    return told


def till_welcome(shop: TillShop, value: int, minimum: int, reach: Fraction = Fraction(1, 5)) -> Till:
    """Something off the first basket of who joined in the quarter."""
    may, told, first, silent = addressed(shop), Till(), [], 0
    baskets = defaultdict(list)
    for who, day, paid in orders(shop).values():
        baskets[who].append((day, -paid))
    for who, joined, _ in shop.members:
        if who not in may or not FIRST <= joined <= END:
            continue
        since = sorted(one for one in baskets[who] if one[0] >= joined)
        if since:
            first.append(-since[0][1])
        else:
            silent += 1
    mean = half_up(Fraction(sum(first), len(first)))
    for paid in first:
        if paid >= max(minimum, 1):
            told.free, told.free_amount, told.free_cost = told.free + 1, told.free_amount + paid, told.free_cost + min(paid, value)
        elif Fraction(minimum - paid, minimum) <= reach:
            told.near, told.near_amount, told.near_cost = told.near + 1, told.near_amount + minimum - paid, told.near_cost + value
    basket = max(mean, minimum)
    told.near, told.near_amount, told.near_cost = (
        told.near + silent,
        told.near_amount + silent * basket,
        told.near_cost + silent * min(basket, value),
    )
    return told


def till_referral(shop: TillShop, value: int, newcomer: int) -> Till:
    """A reward for each member brought whose first order fell into the quarter."""
    may, told, first, spent, bought = addressed(shop), Till(), {}, defaultdict(int), defaultdict(int)
    paid, of = defaultdict(int), {}
    for who, receipt, day, _, milli, amount in shop.lines:
        if who:
            paid[receipt] += amount
            bought[receipt] += milli > 0
            of[receipt] = (who, day)
    for receipt, (who, day) in of.items():
        if bought[receipt] and paid[receipt] > 0:
            first[who] = min(day, first.get(who, day))
            if FIRST <= day <= END:
                spent[who] += paid[receipt]
    loop = {"m100", "m101", "m102"}
    for referrer, who in shop.referrals:
        if who in loop or referrer not in may or referrer not in first or not FIRST <= first.get(who, date.min) <= END:
            continue
        told.free, told.free_amount = told.free + 1, told.free_amount + spent[who]
        told.free_cost += value + newcomer
    told.near, told.near_amount, told.near_cost = told.free, told.free_amount, told.free_cost
    return told


def till_points(shop: TillShop, times: Fraction, cost: Fraction) -> tuple[int, int]:
    """Extra points of the quarter, and what they cost the shop: whole points a member, then whole minor units."""
    earned, count, money = defaultdict(int), 0, 0
    for who, day, kind, points, _ in shop.points:
        if kind == "earned" and who in addressed(shop) and FIRST <= day <= END:
            earned[who] += points
    for points in earned.values():
        extra = half_up(points * (times - 1))
        count, money = count + extra, money + half_up(extra * cost)
    return count, money


def compared(shop: TillShop, folder: Path) -> list[tuple[str, bool]]:
    """Return offers of each method and whether the toolkit counts them as the till does, to the unit and the minor unit."""
    from toolkit.differentiation.measures.replays import REPLAYED
    from toolkit.differentiation.methods.extra_points import burnt_share
    from toolkit.differentiation.methods.service import usual_prices
    from toolkit.differentiation.methods.side_by_side import past_of
    from toolkit.ledger.offer import Offer
    from toolkit.scope.view import open_view

    view = open_view(shop.imported(folder), as_of=END)
    past, _ = past_of(view)
    names = dict(view.categories.select("category_code", "category").iter_rows())
    usual = {names[code]: price for code, price in usual_prices(view).select("category_code", "price").iter_rows()}
    share = burnt_share(view)
    counted = ("free_rider_count", "free_rider_amount", "free_cost", "within_reach_count", "within_reach_amount", "within_reach_cost")

    def ours(text: str) -> pl.DataFrame:
        return REPLAYED[text.split()[0]].replay(past, Offer.parse(text))

    truth = {
        f"nth_piece {nth} {percent}% on {category}": till_nth_piece(shop, nth, Fraction(percent, 100), category)
        for nth, percent, category in ((2, 50, "DRINKS"), (2, 20, "BAKERY"), (3, 100, "DAIRY"), (4, 33, "PANTRY"), (2, 100, "DRINKS"))
    }
    truth |= {
        f"bundle {worth} on {'; '.join(goods)}": till_bundle(shop, goods, usual, price, depth)
        for worth, goods, price, depth in (
            ("10%", ["DRINKS", "DAIRY"], None, Fraction(1, 10)),
            ("7.5%", ["DAIRY", "BAKERY", "PANTRY"], None, Fraction(3, 40)),
            ("9.99", ["DRINKS", "DAIRY", "BAKERY"], 999, Fraction(0)),
            ("4.5", ["DAIRY", "PANTRY"], 450, Fraction(0)),
        )
    }
    truth |= {f"gift {cost / 100} from {limit}": till_gift(shop, 100 * limit, cost) for limit, cost in ((10, 99), (30, 120), (70, 650))}
    truth |= {"gift of bread from 20": till_gift(shop, 2000, COSTS["bread"] or 0)}
    truth |= {
        f"welcome_gift {value} from {least}": till_welcome(shop, 100 * value, 100 * least) for value, least in ((5, 25), (3, 10), (9, 60))
    }
    truth |= {"welcome_gift 3": till_welcome(shop, 300, 0)}
    truth |= {"referral_reward 20/5": till_referral(shop, 2000, 500), "referral_reward 7.5": till_referral(shop, 750, 0)}
    told = [(text, Till(*map(int, ours(text).select(counted).sum().row(0))) == till) for text, till in truth.items()]
    for times in (2, 2.5, 3):
        found = ours(f"extra_points {times}x").select("extra_points", "free_cost").row(0)
        cost = Fraction(1 if share is None else share) * POINT_WORTH
        told.append((f"extra_points {times}x", found == till_points(shop, Fraction(times), cost)))
    return told
