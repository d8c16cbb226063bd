"""Shops unlike ours, each with its truth: receipts of three years, cut where a question is asked, so that what came after is known.

    shop = strange_shop("seasonal_x3")
    ws = imported(shop, folder, as_of=date(2024, 10, 31))     # mapping -> import, as any stranger's receipts
    received(shop, date(2024, 10, 31), 91)                    # what the members known by then really brought

Everything is drawn from a seed by numpy's own generator; a shop is one set of habits (`Habits`) with something strange about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.importing import import_receipts
from toolkit.workspace import Workspace

END = date(2024, 12, 31)
NEW_IDS = 100_000
MAPPING = """name = "{source}"
currency = "EUR"
[lines]
files = "{source}.csv"
[lines.columns]
order_id = "order"
member_id = "member"
store_id = "store"
product_id = "sku"
ordered_at = "time"
quantity = "qty"
amount = "amount"
"""
NEW_YEAR = (date(2022, 2, 1), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29))
"""Days of the Chinese New Year, as the almanac has them: typed, so that the shop's truth does not come from the library we ask."""
EID = (date(2022, 5, 2), date(2023, 4, 21), date(2024, 4, 10), date(2025, 3, 30))
GOODS = """[products]
files = "{source}.csv"
distinct = true
[products.columns]
product_id = "sku"
category = "kind"
"""
"""What each product is: goods are bought at random, so whatever is said of tastes is wrong."""
Season = Callable[[np.ndarray], np.ndarray]
"""Days (datetime64[D]) -> how many times the usual number of visits."""


def level(days: np.ndarray) -> np.ndarray:
    """Every day is like the others."""
    return np.ones(len(days))


def december(times: float) -> Season:
    """Visits rise to `times` the usual in the four weeks before Christmas, with two weeks up and one down."""

    def season(days: np.ndarray) -> np.ndarray:
        of_year = (days - days.astype("datetime64[Y]")).astype(int) + 1
        return np.interp(of_year, [1, 8, 318, 332, 358, 365], [1 + (times - 1) / 3, 1, 1, times, times, 1 + (times - 1) / 2])

    return season


def around(feasts: tuple[date, ...], places: tuple[int, ...], times: tuple[float, ...]) -> Season:
    """Visits rise and fall with the days from a feast: `times` the usual at `places` (days after it), straight lines between."""

    def season(days: np.ndarray) -> np.ndarray:
        from_feast = np.stack([(days - np.datetime64(feast)).astype(int) for feast in feasts])
        nearest = np.take_along_axis(from_feast, np.abs(from_feast).argmin(0)[None], 0)[0]
        return np.interp(nearest, places, times)

    return season


@dataclass(frozen=True)
class Habits:
    """How the members of a shop buy.

    `rhythms` are usual pauses in days, one drawn for each member; `steady` is the shape of their pauses (1 = at any time, 20 = by the clock);
    `rhythm_spread` parts them further (log-normal), a share of `once` comes a single time; members join evenly over `joining_days` from `begins` days before the first receipt on and stay `stay_days` on average (0 = for ever).
    """

    members: int = 1500
    days: int = 1096
    last_day: date = END
    rhythms: tuple[float, ...] = (9.0, 16.0, 30.0, 55.0)
    steady: float = 1.5
    joining: tuple[float, float] = (-400.0, 1096.0)
    stay_days: float = 700.0
    spend: float = 24.0
    spend_spread: float = 0.7
    products: int = 40
    stores: int = 4
    season: Season = level
    growth_a_year: float = 1.0
    rhythm_spread: float = 0.0
    once: float = 0.0
    seed: int = 1


YEARS = tuple((day, 670) for day in (date(2024, 1, 31), date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)))
MONTHS = tuple((date(2023 + month // 12, month % 12 + 1, 1) - timedelta(days=1), 670) for month in range(10, 22))
WHOLE = ((date(2023, 12, 31), None), (date(2024, 6, 30), None), (date(2024, 9, 30), None))
FEASTS = tuple(
    (day, 670)
    for day in (
        *(date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)),
        *(date(2024, 12, 31), date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)),
    )
)
"""When a shop is asked, and from how many days of receipts (None = all): 22 months hold one season behind each day, and the weeks of a year
ago with a quarter before them; only with all of them a season is seen twice. `MONTHS` are all month-ends with as many behind them and a quarter after."""


@dataclass(frozen=True)
class StrangeShop:
    """A shop's receipts over all days, one row a line: order, member, store, sku, time, qty, amount (currency units), day, source."""

    name: str
    lines: pl.DataFrame
    first_day: date
    facts: dict[str, object] = field(default_factory=dict)
    asked: tuple[tuple[date, int | None], ...] = (*YEARS, *WHOLE)
    holidays: tuple[str, ...] = ()


def visits(habits: Habits) -> pl.DataFrame:
    """Return one row per order: member (number), day (number), time, units and amount."""
    rng = np.random.default_rng(habits.seed)
    numbers = np.arange(habits.days)
    pace = habits.season(np.datetime64(habits.last_day) - habits.days + 1 + numbers) * habits.growth_a_year ** (numbers / 365)
    # Members live on a clock of their own that runs faster where the shop is busier; a visit is due when it strikes.
    clock = np.concatenate([[0.0], np.cumsum(pace)])
    rows: list[tuple[int, int]] = []
    first, last = habits.joining
    for member in range(habits.members):
        joined = rng.uniform(first, last)
        leaves = joined + (rng.exponential(habits.stay_days) if habits.stay_days else 1e9)
        rhythm = rng.choice(habits.rhythms)
        if habits.rhythm_spread:
            rhythm *= rng.lognormal(0, habits.rhythm_spread)
        is_once = habits.once > 0 and rng.random() < habits.once
        at = float(np.interp(max(joined, 0), np.arange(habits.days + 1), clock))
        if joined < 0:
            at += rng.uniform(0, rhythm)
        while at < clock[-1]:
            day = int(np.searchsorted(clock, at, side="right")) - 1
            if day >= leaves:
                break
            rows.append((member, day))
            if is_once:
                break
            at += rng.gamma(habits.steady, rhythm / habits.steady) + 1e-3
    member, day = (np.array(column) for column in zip(*rows, strict=True))
    count = len(member)
    own = rng.lognormal(0, 0.4, habits.members)[member]
    amount = np.round(habits.spend * own * rng.lognormal(-(habits.spend_spread**2) / 2, habits.spend_spread, count), 2) + 0.5
    return pl.DataFrame(
        {
            "member": member,
            "day": day,
            "minute": rng.integers(540, 1200, count),
            "store": member % habits.stores,
            "sku": rng.integers(0, habits.products, count),
            "amount": amount,
        }
    )


def receipts(habits: Habits) -> pl.DataFrame:
    """Return the lines of a shop as its till writes them (columns of `StrangeShop`)."""
    return tilled(visits(habits), habits)


def tilled(orders: pl.DataFrame, habits: Habits) -> pl.DataFrame:
    """Return orders as a till writes them."""
    start = habits.last_day - timedelta(days=habits.days - 1)
    day = pl.lit(start) + pl.duration(days=pl.col("day"))
    return (
        orders.sort("day", "minute", "member")
        .with_row_index("number")
        .select(
            order=pl.format("R{}", "number"),
            member=pl.format("M{}", "member"),
            store=pl.format("S{}", "store"),
            sku=pl.format("P{}", "sku"),
            time=(day.cast(pl.Datetime) + pl.duration(minutes=pl.col("minute"))).dt.strftime("%Y-%m-%d %H:%M:%S"),
            qty=pl.lit(1),
            amount=pl.col("amount").round(2),
            day=day,
            source=pl.col("source") if "source" in orders.columns else pl.lit("strange"),
        )
    )


def _shops() -> dict[str, Callable[[], StrangeShop]]:
    usual = Habits()

    def plain(name: str, habits: Habits, **facts: object) -> Callable[[], StrangeShop]:
        return lambda: StrangeShop(name, receipts(habits), habits.last_day - timedelta(days=habits.days - 1), facts)

    def changed(name: str, habits: Habits, change: Callable[[pl.DataFrame], pl.DataFrame], **facts: object) -> Callable[[], StrangeShop]:
        return lambda: StrangeShop(name, tilled(change(visits(habits)), habits), habits.last_day - timedelta(days=habits.days - 1), facts)

    def feast(name: str, holiday: str, season: Season) -> dict[str, Callable[[], StrangeShop]]:
        """The shop as it is asked without the setting, and with it."""
        made = plain(name, replace(usual, days=1307, last_day=date(2025, 7, 31), joining=(-400.0, 1307.0), season=season))
        return {
            name: lambda: replace(made(), asked=FEASTS),
            f"{name}_set": lambda: replace(made(), name=f"{name}_set", asked=FEASTS, holidays=(holiday,)),
        }

    late = usual.days - 200
    shops = {
        "steady": plain("steady", usual),
        "sparse": plain("sparse", replace(usual, members=4000, rhythms=(120.0, 250.0, 400.0), steady=1.0, stay_days=0)),
        "subscription": plain("subscription", replace(usual, rhythms=(30.0,), steady=40.0)),
        **{f"seasonal_x{times:g}": plain(f"seasonal_x{times:g}", replace(usual, season=december(times))) for times in (1.5, 2, 3, 16)},
        "growing": plain("growing", replace(usual, growth_a_year=1.5)),
        "shrinking": plain("shrinking", replace(usual, growth_a_year=0.65)),
        "durable": plain("durable", replace(usual, members=4000, rhythms=(300.0, 500.0), steady=2.0, spend=400.0, stay_days=0)),
        "heavy_tail": plain("heavy_tail", replace(usual, spend_spread=1.6)),
        "one_product": plain("one_product", replace(usual, products=1)),
        "mixed": plain("mixed", replace(usual, rhythms=(7.0, 150.0), steady=6.0)),
        "b2b": plain("b2b", replace(usual, members=250, rhythms=(5.0, 12.0), spend=900.0, spend_spread=1.2, steady=4.0)),
        # As the UCI online retail set: gifts sold by a wholesaler, most customers seldom, a few shops every week, and for much.
        "uci_like": plain(
            "uci_like",
            replace(
                usual,
                members=6450,
                rhythms=(110.0,),
                rhythm_spread=0.9,
                steady=1.0,
                once=0.2,
                stay_days=900.0,
                spend=380.0,
                spend_spread=1.1,
                products=400,
                stores=1,
            ),
        ),
        "price_change": changed(
            "price_change",
            usual,
            lambda orders: orders.with_columns(amount=pl.when(pl.col("day") >= late).then(pl.col("amount") * 1.2).otherwise("amount")),
            changed_on=late,
        ),
        "store_closes": changed(
            "store_closes", usual, lambda orders: orders.filter(~((pl.col("store") == 3) & (pl.col("day") >= late))), silent_from=late
        ),
        "store_opens": changed(
            "store_opens", usual, lambda orders: orders.filter(~((pl.col("store") == 3) & (pl.col("day") < late))), opens_on=late
        ),
        "source_stops": changed("source_stops", usual, lambda orders: _two_sources(orders, late), silent_from=late),
        "new_ids": changed(
            "new_ids",
            usual,
            lambda orders: orders.with_columns(member=pl.col("member") + pl.when(pl.col("day") >= late).then(NEW_IDS).otherwise(0)),
            new_ids_on=late,
        ),
        "gap": changed(
            "gap",
            replace(usual, days=1461, joining=(-400.0, 1461.0)),
            lambda orders: orders.filter(~pl.col("day").is_between(300, 1030)),
            gap_until=1031,
        ),
        "promotions": changed("promotions", usual, _shifted),
        **feast("new_year", "CN", around(NEW_YEAR, (-28, -10, -2, -1, 6, 16), (1, 2.5, 2.5, 0.3, 0.3, 1))),
        **feast("ramadan", "ramadan", around(EID, (-33, -29, -8, -2, 0, 5, 12), (1, 1.4, 1.8, 2.2, 0.5, 0.5, 1))),
    }
    return shops


def _two_sources(orders: pl.DataFrame, late: int) -> pl.DataFrame:
    """A third of the members buy in the app, a sixth there and at the till; the app's export stops."""
    kind = pl.col("member") % 6
    in_app = (kind < 2) | ((kind == 2) & (pl.col("minute") % 2 == 0))
    return orders.with_columns(source=pl.when(in_app).then(pl.lit("app")).otherwise(pl.lit("till"))).filter(
        ~(in_app & (pl.col("day") >= late))
    )


def _shifted(orders: pl.DataFrame) -> pl.DataFrame:
    """Every eighth week is a sale: half of the visits of the week after it are made in it instead."""
    after = (pl.col("day") // 7 % 8 == 1) & (pl.col("minute") % 2 == 0)
    return orders.with_columns(day=pl.when(after & (pl.col("day") >= 7)).then(pl.col("day") - 7).otherwise("day"))


STRANGE = tuple(_shops())


@lru_cache(maxsize=4)
def _made(name: str) -> StrangeShop:
    return _shops()[name]()


def strange_shop(name: str, *, members: int | None = None) -> StrangeShop:
    """Return a shop by name (`STRANGE`); with `members`, the receipts of that many of them alone (small, for the suite)."""
    shop = _made(name)
    if members is None:
        return shop
    number = person().str.slice(1).cast(pl.Int64)
    return replace(shop, lines=shop.lines.filter(number < members))


def imported(shop: StrangeShop, folder: Path, *, as_of: date, first_day: date | None = None, goods: bool = False) -> Workspace:
    """Return a workspace with the receipts from `first_day` to `as_of`, brought in by a mapping as a stranger's would be; `goods`: by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    seen = shop.lines.filter(pl.col("day").is_between(first_day or shop.first_day, as_of))
    if goods:
        seen = seen.with_columns(kind=pl.format("K{}", pl.col("sku").str.slice(1).cast(pl.Int64) % 8))
    for (source,), lines in seen.sort("source", maintain_order=True).partition_by("source", as_dict=True).items():
        lines.drop("day", "source").write_csv(folder / f"{source}.csv")
        (folder / f"{source}.toml").write_text((MAPPING + GOODS * goods).format(source=source), "utf-8")
        import_receipts(folder / f"{source}.toml", folder / "ws")
    return Workspace(folder / "ws")


def tastes(shop: StrangeShop, *, kinds: int = 40, spread: float = 1.0, seed: int = 1) -> pl.DataFrame:
    """Return what each member buys a day if everybody has a taste of their own: rows `member_code`, `day`, `category_code`, each once.

    Tastes last: the shop's shares of `kinds` categories times exp(`spread` z), one z a member and category; 1 + Poisson(1) goods an order.
    """
    rng = np.random.default_rng(seed)
    member = shop.lines["member"].rank("dense").cast(pl.Int64).to_numpy() - 1
    weight = rng.dirichlet(np.full(kinds, 2.0)) * np.exp(spread * rng.standard_normal((member.max() + 1, kinds)))
    reached = np.cumsum(weight, axis=1)
    order = np.repeat(np.arange(member.size), 1 + rng.poisson(1.0, member.size))
    drawn = rng.random(order.size) * reached[member[order], -1]
    category = (drawn[:, None] > reached[member[order]]).sum(axis=1)
    return pl.DataFrame({"member_code": member[order], "day": shop.lines["day"].gather(order), "category_code": category}).unique()


def received(shop: StrangeShop, as_of: date, days: int, *, first_day: date | None = None) -> tuple[int, float]:
    """Return how many of the people seen up to `as_of` bought in the `days` after it, and what they spent (currency units).

    People, not ids: who was given a new id goes on buying.
    """
    lines = shop.lines.with_columns(person())
    known = lines.filter(pl.col("day").is_between(first_day or shop.first_day, as_of)).select("person").unique()
    later = lines.filter((pl.col("day") > as_of) & (pl.col("day") <= as_of + timedelta(days=days)))
    theirs = later.join(known, on="person", how="semi")
    return theirs["person"].n_unique(), float(theirs["amount"].sum())


def person(member: str = "member") -> pl.Expr:
    """Return the id by which a person was first known (`person`): new ids are those of before plus `NEW_IDS`."""
    number = pl.col(member).str.strip_prefix("M").cast(pl.Int64, strict=False)
    return (
        pl.when(number >= NEW_IDS, pl.col(member).str.starts_with("M"))
        .then(pl.format("M{}", number - NEW_IDS))
        .otherwise(member)
        .alias("person")
    )
