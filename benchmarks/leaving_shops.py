"""Shops whose members leave for reasons that were planted, and goods, people and seasons that only look like a reason.

    shop = leaving_shop(seed=1, planted=("goods", "feedback"))
    ws = shop.imported(folder)                   # mapping -> import, as any stranger's receipts
    shop.bad                                     # the goods that lose people

Always there, whatever is planted, and no cause: tourists who come for a week in summer to one store for goods of their own; people who come
once before Christmas for goods that are sold then alone; goods of a store whose members leave sooner; a good in nearly half of the baskets;
goods bought together with a planted one; prices that rise; goods brought back, ratings, services and empty shelves. Who brings something
back does so when they come again, if that is sooner. Everything is drawn from a seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.importing import import_receipts
from toolkit.workspace import Workspace

CAUSES = ("goods", "returns", "feedback", "services", "stock", "prices", "store", "deals", "asked", "offer")
"""What can be planted, as `targeting.why_low` names it."""
START, DAYS = date(2021, 1, 4), 1250
PRODUCTS, STORES, KINDS = 120, 4, 12
POPULAR, TOURIST, CHRISTMAS, OF_STORE = 0, (101, 102, 103, 104), (105, 106, 107), (108, 109, 110)
BAD_FROM, BAD, EXTRA = 12, 8, 0.22
"""Eight goods among the 12th to 60th most bought lose people: who buys one leaves with this much more chance."""
CLOSED, RAISED = 950, 820
RISEN = tuple(f"P{one}" for one in range(1, PRODUCTS, 5))
"""Goods whose price rises by a quarter on the day `RAISED`."""
CAMPAIGN_DAYS, HELD_OUT, KEPT, LATE = 45, 0.4, 0.8, 60
"""Every so many days a campaign for one kind of goods, this share of its members held out; planted, an ask brings this share of those back
who would have left or come so many days later or more (with `offer`: only whom its goods fit)."""
_TABLES = {
    "lines": "order_id member_id store_id product_id ordered_at quantity amount discount_amount",
    "products": "product_id category",
    "feedback": "member_id given_at rating",
    "services": "member_id occurred_at kind solved",
    "stock": "store_id product_id counted_on on_hand",
    "campaigns": "campaign_id starts_on ends_on method goods randomised",
    "contacts": "campaign_id member_id arm",
}


@dataclass(frozen=True)
class LeavingShop:
    """Its tables under the contract's names, and what was planted: `bad` goods, goods that `only_look` bad, and the causes."""

    tables: dict[str, pl.DataFrame]
    planted: tuple[str, ...]
    bad: tuple[str, ...]
    only_look: tuple[str, ...]

    def imported(self, folder: Path, *, without: tuple[str, ...] = (), as_of: date | None = None) -> Workspace:
        """Return a workspace of the shop, without some of its tables, with receipts up to a day."""
        folder.mkdir(parents=True, exist_ok=True)
        text = ['name = "leaving"', 'currency = "EUR"']
        for name, frame in self.tables.items():
            if name in without:
                continue
            seen = frame.filter(pl.col("ordered_at").dt.date() <= as_of) if as_of and name == "lines" else frame
            seen.write_parquet(folder / f"{name}.parquet")
            text += [f'[{name}]\nfiles = "{name}.parquet"\n[{name}.columns]', *(f'{column} = "{column}"' for column in frame.columns)]
        (folder / "mapping.toml").write_text("\n".join(text), "utf-8")
        import_receipts(folder / "mapping.toml", folder / "ws")
        return Workspace(folder / "ws")


def leaving_shop(*, seed: int = 1, planted: tuple[str, ...] = (), members: int = 2000, extra: float = EXTRA) -> LeavingShop:
    """Return a shop in which members leave for the causes `planted` (of `CAUSES`), or for none; a bad good takes `extra` of its buyers."""
    rng = np.random.default_rng(seed)
    bad = np.sort(rng.choice(np.arange(BAD_FROM, 60), BAD, replace=False))
    companions = {int(good): int(other) for good, other in zip(bad[:3], rng.choice(np.arange(60, 100), 3, replace=False), strict=True)}
    visitors = members // 3
    count = members + 2 * visitors
    kind = np.repeat([0, 1, 2], [members, visitors, visitors])  # member, tourist, Christmas shopper
    weight = 1 / (np.arange(PRODUCTS) + 6.0)
    weight[[*TOURIST, *CHRISTMAS, *OF_STORE]] = 0
    taste = weight * rng.lognormal(0, 0.8, (count, KINDS))[:, np.arange(PRODUCTS) % KINDS]
    taste /= taste.sum(1, keepdims=True)
    price = np.round(rng.lognormal(1.6, 0.6, PRODUCTS), 2) + 0.5
    store = rng.integers(0, STORES, count)
    store[kind == 1] = 0
    pace = rng.choice([9.0, 16.0, 28.0], count)
    base = rng.gamma(1.2, 0.02, count) * np.where(store == 3, 2.5, 1.0)
    hunter = rng.random(count) < 0.25
    base *= np.where(hunter & ("deals" in planted), 2.5, 1.0)
    day = rng.integers(-200, DAYS - 60, count)
    of_year = lambda days: (np.datetime64(START) + days).astype("datetime64[D]") - (np.datetime64(START) + days).astype("datetime64[Y]")  # noqa: E731
    summer, winter = (
        np.flatnonzero((of_year(np.arange(DAYS)).astype(int) // 7 >= a) & (of_year(np.arange(DAYS)).astype(int) // 7 < b))
        for a, b in ((26, 35), (46, 51))
    )
    day[kind == 1], day[kind == 2] = rng.choice(summer, visitors), rng.choice(winter, visitors)
    day = np.where(day < 0, rng.integers(0, 30, count), day)
    favourite = np.array([rng.choice(PRODUCTS, p=one) for one in taste])
    empty = rng.random((STORES, PRODUCTS, DAYS // 7 + 1)) < 0.05
    own = np.random.default_rng(seed + 10_000)  # of campaigns alone: the rest of the shop is the same with them and without
    starts = np.arange(100, DAYS - 30, CAMPAIGN_DAYS)
    treated, saved_by = own.random((count, starts.size)) >= HELD_OUT, own.random((count, starts.size)) < KEPT
    by_kind = np.stack([taste[:, np.arange(PRODUCTS) % KINDS == one].sum(1) for one in range(KINDS)], axis=1)
    kinds = np.arange(starts.size) % KINDS
    fits = (by_kind >= by_kind[:members].mean(0))[:, kinds]
    visits: list[tuple[np.ndarray, np.ndarray]] = []
    had, alive, number = np.zeros((count, PRODUCTS), bool), np.arange(count), np.zeros(count, np.int64)
    lines, returns, ratings, cases = [], [], [], []
    orders = 0
    while alive.size:
        today, here, size = day[alive], store[alive], 1 + rng.poisson(2.5, alive.size)
        if "store" in planted:
            moves = (here == 2) & (today >= CLOSED)
            store[alive[moves]] = here[moves] = 1
        row = np.repeat(np.arange(alive.size), size)
        who = alive[row]
        good = (np.cumsum(taste[who], 1) < rng.random((row.size, 1))).sum(1).clip(0, PRODUCTS - 1)
        week, out = today // 7, np.zeros(alive.size, bool)
        extras: list[tuple[np.ndarray, np.ndarray]] = [(row, good)]

        def add(rows: np.ndarray, goods: np.ndarray | int) -> None:
            extras.append((rows, np.broadcast_to(goods, rows.shape)))  # noqa: B023

        wants = rng.random(alive.size) < 0.5
        out = empty[here, favourite[alive], week]
        add(np.flatnonzero(wants & ~out), favourite[alive][wants & ~out])
        add(np.flatnonzero(rng.random(alive.size) < 0.4), POPULAR)
        for goods, likely in ((TOURIST, kind[alive] == 1), (CHRISTMAS, kind[alive] == 2), (OF_STORE, here == 3)):
            season = np.isin(today, winter) if goods is CHRISTMAS else here == 3 if goods is OF_STORE else np.ones(alive.size, bool)
            for one in goods:
                add(np.flatnonzero(season & (rng.random(alive.size) < np.where(likely, 0.4, 0.04))), one)
        for one, other in companions.items():
            holds = np.unique(np.concatenate([rows[goods == one] for rows, goods in extras]))
            add(holds[rng.random(holds.size) < 0.4], other)
        row, good = (np.concatenate(column) for column in zip(*extras, strict=True))
        row, good = np.unique(np.stack([row, good]), axis=1)
        who = alive[row]
        risen = (today[row] >= RAISED) & (good % 5 == 1)
        off = rng.random(row.size) < np.where(hunter[who], 0.7, 0.15)
        shelf = np.round(price[good] * np.where(risen, 1.25, 1.0), 2)
        cut = np.where(off, np.round(shelf * 0.2, 2), 0.0)
        lines.append((orders + row, who, here[row], good, today[row], shelf - cut, cut))
        dearer = np.bincount(row, risen & had[who, good], alive.size) > 0
        had[who, good] = True
        brings, rates, case = (rng.random(alive.size) < share for share in (0.04, 0.08, 0.05))
        rating, solved = rng.choice([1, 2, 3, 4, 5], alive.size, p=[0.2, 0.15, 0.15, 0.25, 0.25]), rng.random(alive.size) < 0.6
        stays = 1 - np.where(number[alive] == 0, 0.15, base[alive].clip(0, 0.5))
        lost = np.bincount(row, np.isin(good, bad), alive.size) > 0
        for cause, touched, more in (
            ("goods", lost, extra),
            ("returns", brings, 0.3),
            ("feedback", rates & (rating <= 2), 0.35),
            ("services", case & ~solved, 0.35),
            ("stock", wants & out, 0.2),
            ("prices", dearer, 0.08),
        ):
            stays *= 1 - more * (touched & (cause in planted))
        gap = 1 + np.floor(rng.gamma(2.0, pace[alive] / 2)).astype(np.int64)
        if "store" in planted:
            stays *= 1 - 0.7 * ((here == 2) & (today < CLOSED) & (today + gap >= CLOSED))
        visiting = (kind[alive] == 1) & (number[alive] < 2) & (rng.random(alive.size) < 0.4)
        gap, stays = np.where(visiting, 1 + rng.integers(0, 4, alive.size), gap), np.where(kind[alive] > 0, visiting * 1.0, stays)
        goes = rng.random(alive.size) < stays
        visits.append((alive, today))
        if "asked" in planted or "offer" in planted:
            place = np.minimum(np.searchsorted(starts, today, "right"), starts.size - 1)
            wait = starts[place] - today
            back = (~goes | (gap > LATE)) & (kind[alive] == 0) & (wait > 0) & (treated & saved_by)[alive, place]
            back &= fits[alive, place] | ("offer" not in planted)
            gap, goes = np.where(back, wait + 1 + np.floor(own.random(alive.size) * 10).astype(np.int64), gap), goes | back
        until = np.where(goes, gap, 10_000)
        first = np.unique(row, return_index=True)[1]  # a good of each basket
        returns.append(
            (
                orders + first[brings],
                alive[brings],
                here[brings],
                good[first][brings],
                (today + np.minimum(rng.integers(1, 15, alive.size), until))[brings],
                shelf[first][brings],
            )
        )
        ratings.append((alive[rates], (today + rng.integers(0, 4, alive.size))[rates], rating[rates]))
        cases.append((alive[case], (today + rng.integers(0, 6, alive.size))[case], solved[case]))
        orders += alive.size
        number[alive] += 1
        day[alive] += gap
        alive = alive[goes & (day[alive] < DAYS)]
    tables = _tables(lines, returns, ratings, cases, empty) | _campaigns(visits, kind, starts, kinds, treated)
    return LeavingShop(tables, planted, tuple(f"P{one}" for one in bad) * ("goods" in planted),
                       tuple(f"P{one}" for one in (POPULAR, *TOURIST, *CHRISTMAS, *OF_STORE, *companions.values())))  # fmt: skip


def _tables(lines: list, returns: list, ratings: list, cases: list, empty: np.ndarray) -> dict[str, pl.DataFrame]:
    order, member, store, good, day, amount, cut = (np.concatenate(column) for column in zip(*lines, strict=True))
    bought = pl.DataFrame({"order": order, "member": member, "store": store, "good": good, "day": day, "amount": amount, "cut": cut})
    order, member, store, good, day, amount = (np.concatenate(column) for column in zip(*returns, strict=True))
    back = pl.DataFrame({"order": order, "member": member, "store": store, "good": good, "day": day, "amount": -amount, "cut": 0.0})
    both = pl.concat([bought.with_columns(kind=pl.lit("R"), quantity=1.0), back.with_columns(kind=pl.lit("B"), quantity=-1.0)])
    at = lambda hour: (pl.lit(START) + pl.duration(days=pl.col("day"))).cast(pl.Datetime) + pl.duration(hours=hour)  # noqa: E731
    who = pl.format("M{}", "member").alias("member_id")
    stores, products, weeks = empty.shape
    return {
        "lines": both.filter(pl.col("day") < DAYS).select(
            pl.format("{}{}", "kind", "order").alias("order_id"), who, pl.format("S{}", "store").alias("store_id"),
            pl.format("P{}", "good").alias("product_id"), at(12).alias("ordered_at"), "quantity", "amount", pl.col("cut").alias("discount_amount"),
        ),
        "products": pl.DataFrame({"product_id": [f"P{one}" for one in range(products)], "category": [f"K{one % KINDS}" for one in range(products)]}),
        "feedback": _events(ratings, "rating").select(who, at(20).alias("given_at"), "rating"),
        "services": _events(cases, "solved").select(who, at(18).alias("occurred_at"), kind=pl.lit("complaint"), solved="solved"),
        "stock": pl.DataFrame({
            "store_id": [f"S{one}" for one in range(stores) for _ in range(products * weeks)],
            "product_id": [f"P{one}" for one in range(products) for _ in range(weeks)] * stores,
            "counted_on": [START + timedelta(days=7 * week) for week in range(weeks)] * (stores * products),
            "on_hand": np.where(empty, 0.0, 20.0).ravel(),
        }),
    }  # fmt: skip


def _campaigns(visits: list, kind: np.ndarray, starts: np.ndarray, kinds: np.ndarray, treated: np.ndarray) -> dict[str, pl.DataFrame]:
    """Campaigns and who is in which arm: members who live here and came within four months before it."""
    who, day = (np.concatenate(column) for column in zip(*visits, strict=True))
    contacts = []
    for place, start in enumerate(starts):
        near = np.unique(who[(day < start) & (day >= start - 120) & (kind[who] == 0)])
        arms = pl.Series("arm", treated[near, place]).replace_strict({True: "treated", False: "control"}, return_dtype=pl.String)
        contacts.append(pl.DataFrame({"campaign_id": [f"C{place}"] * near.size, "member_id": [f"M{one}" for one in near], "arm": arms}))
    return {
        "campaigns": pl.DataFrame({
            "campaign_id": [f"C{place}" for place in range(starts.size)],
            "starts_on": [START + timedelta(days=int(start)) for start in starts],
            "ends_on": [START + timedelta(days=int(start) + 13) for start in starts],
            "method": ["discount"] * starts.size, "goods": [f"K{one}" for one in kinds], "randomised": [True] * starts.size,
        }),
        "contacts": pl.concat(contacts),
    }  # fmt: skip


def _events(parts: list, name: str) -> pl.DataFrame:
    member, day, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pl.DataFrame({"member": member, "day": day, name: value}).filter(pl.col("day") < DAYS)
