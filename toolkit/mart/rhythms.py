"""The arithmetic of `toolkit.mart.sequences`: lines of whole members -> their first days, and their rhythm in each category and product.

Keys are packed into one integer and sorted, what belongs together is then a run (`toolkit.mart.runs`): a quarter of what group-bys and
window expressions cost. All sums are of integers, so any order of the lines gives the same tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from toolkit.mart.runs import Columns, as_array, as_column, order_of, pack, runs_of

MICRO = 1_000_000
RHYTHM_FROM = 3
"""Purchases of a good that make a rhythm: the gap after the third one is the first that a rhythm could foretell."""
_NONE = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Goods:
    """By product code: category (-1 = no goods), place when products are sorted by id, whether it has a stated service life."""

    category: np.ndarray
    place: np.ndarray
    has_life: np.ndarray


def goods_of(table: pl.DataFrame) -> Goods:
    """Return goods by code. In: `product_code`, `category_code`, `place`, `has_life`, one row per product that is goods."""
    size = int(table["product_code"].max() or 0) + 1  # type: ignore[arg-type]
    goods = Goods(np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool))
    code = as_array(table["product_code"])
    for by_code, name in ((goods.category, "category_code"), (goods.place, "place"), (goods.has_life, "has_life")):
        by_code[code] = as_array(table[name])
    return goods


def tables_of(lines: pl.DataFrame, goods: Goods, middle: date, visits: int) -> dict[str, pl.DataFrame]:
    """Return the tables of some members: `first_days` (up to `visits` shopping days), `first_products`, `rhythms`, `gaps` and, of products,
    `product_rhythms` and `product_gaps`, each sorted by its keys.

    In: lines of whole members (schema STORED_LINES), those of receipts that are no order left out; `middle` parts early from late days.
    """
    products = _product_days(lines, goods)
    half = (middle - date(1970, 1, 1)).days
    days = _category_days(products, goods)
    again = _again_and_again(products, goods)
    rhythms, gaps = _rhythms(days, half, "category_code")
    product_rhythms, product_gaps = _rhythms(again, half, "product_code")
    return {
        "first_days": _first_days(days, visits),
        "first_products": _first_products(products),
        "rhythms": rhythms,
        "gaps": gaps,
        "product_rhythms": product_rhythms,
        "product_gaps": product_gaps,
    }


def _product_days(lines: pl.DataFrame, goods: Goods) -> Columns:
    """One row per member x product x day, sorted: what members bought of goods, for how much, and on which of their days (`visit`)."""
    product = as_array(lines["product_code"]).astype(np.int64)
    sold = np.minimum(product, len(goods.category) - 1)
    bought = (as_array(lines["quantity_milli"]) > 0) & (goods.category[sold] >= 0) & (product == sold)
    bought &= lines["member_code"].is_not_null().to_numpy()
    member = as_array(lines["member_code"], null=0)[bought].astype(np.int64)
    product, day = product[bought], as_array(lines["ordered_at"].dt.date().to_physical())[bought].astype(np.int64)
    if not len(member):
        return {name: np.zeros(0, dtype=np.int64) for name in ("member_code", "product_code", "day", "amount", "visit")}
    # Members come as runs, but several partitions may be read together: their order is that of the codes.
    of_member = runs_of(member)
    codes, rank = np.unique(member[of_member.starts], return_inverse=True)
    # A member's lines are in the order of time.
    visits = runs_of(member, day)
    before = np.searchsorted(visits.starts, of_member.starts)
    visit = visits.spread(np.arange(1, visits.count + 1) - np.repeat(before, np.diff(np.append(before, visits.count))))
    first = int(day.min())
    sizes = ((of_member.spread(rank), len(codes)), (product, len(goods.category)), (day - first, int(day.max()) - first + 1))
    keys, below = pack(*sizes)
    place = order_of(keys)
    keys = keys[place]
    same = runs_of(keys)
    key = keys[same.starts].astype(np.int64)
    return {
        "member_code": codes[key >> below[0]],
        "product_code": (key >> below[1]) & ((1 << (below[0] - below[1])) - 1),
        "day": (key & ((1 << below[1]) - 1)) + first,
        "amount": same.sum(as_array(lines["amount"])[bought][place]),
        "visit": visit[place[same.starts]],
    }


def _taken(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def _category_days(products: Columns, goods: Goods) -> Columns:
    """One row per member x category x day, sorted, with the product that brought most money: of equal ones, whose id sorts first."""
    if not len(products["day"]):
        return {**products, "category_code": products["product_code"]}
    category = goods.category[products["product_code"]]
    first = int(products["day"].min())
    of_member = runs_of(products["member_code"])
    keys, _ = pack(
        (of_member.numbers(), of_member.count),
        (category, int(category.max()) + 1),
        (products["day"] - first, int(products["day"].max()) - first + 1),
    )
    order = order_of(keys)
    same = runs_of(keys[order])
    rows = _taken({**products, "category_code": category}, order)
    place = goods.place[rows["product_code"]]
    is_most = rows["amount"] == same.spread(same.max(rows["amount"]))
    best = -same.max(np.where(is_most, -place, _NONE))
    days = _taken(rows, same.starts)
    return {**days, "amount": same.sum(rows["amount"]), "product_code": rows["product_code"][is_most & (place == same.spread(best))]}


def _first_days(days: Columns, most: int) -> pl.DataFrame:
    rows = _taken(days, days["visit"] <= most)
    sizes = [(rows[name], int(rows[name].max(initial=0)) + 1) for name in ("member_code", "visit", "category_code")]
    return _frame(_taken(rows, order_of(pack(*sizes)[0])), "member_code", "visit", "day", "category_code", "amount")


def _first_products(products: Columns) -> pl.DataFrame:
    return _frame(_taken(products, products["visit"] == 1), "member_code", "product_code")


def _frame(columns: Columns, *names: str) -> pl.DataFrame:
    return pl.DataFrame({name: columns[name] for name in names}).with_columns(pl.col(r"^(?:.*_)?day$").cast(pl.Int32).cast(pl.Date))


def _again_and_again(products: Columns, goods: Goods) -> Columns:
    """The days of products that a member bought often enough for a rhythm, or that have a stated life, sorted."""
    same = runs_of(products["member_code"], products["product_code"])
    often = (same.lengths >= RHYTHM_FROM) | goods.has_life[products["product_code"][same.starts]]
    return _taken({name: products[name] for name in ("member_code", "product_code", "day")}, same.spread(often))


def _rhythms(days: Columns, half: int, by: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rhythm of each member in each good, and how often each gap occurred: columns of RHYTHMS and GAPS in `toolkit.mart.sequences`.

    In: one row per member x good x day, sorted; `half` is the first day of the second half. A trial is the first purchase of the second
    half that has a rhythm before it: what was known then, and the purchase after it.
    """
    day = days["day"]
    same = runs_of(days["member_code"], days[by])
    number = np.arange(len(day)) - same.spread(same.starts)  # purchases before, of the same good by the same member
    gap = np.zeros(len(day), dtype=np.int64)
    gap[1:] = np.where(number[1:] > 0, day[1:] - day[:-1], 0)
    of_gap = _logarithms(int(gap.max(initial=0)))
    log = of_gap["log"][gap]
    rhythms = {
        **_taken({name: days[name] for name in ("member_code", by)}, same.starts),
        "first_day": day[same.starts],
        "last_day": day[same.ends - 1],
        "product_code": days["product_code"][same.ends - 1 if by == "category_code" else same.starts],
        "day_count": same.lengths,
        "early_day_count": same.sum(day < half),
        "gap_log_micro": same.sum(log),
        "gap_log_sq_micro": same.sum(of_gap["log_sq"][gap]),
    }
    tried = np.flatnonzero((number >= RHYTHM_FROM - 1) & (day >= half))
    run = same.numbers()[tried]
    firsts = runs_of(run).starts
    tried, run = tried[firsts], run[firsts]
    known = np.append(0, np.cumsum(log))
    is_last = tried + 1 == same.ends[run]
    trial = {
        "trial_day": day[tried],
        "trial_gap_count": number[tried],
        "trial_gap_log_micro": known[tried + 1] - known[same.starts[run] + 1],
        "trial_next_day": np.where(is_last, _NONE, day[np.minimum(tried + 1, len(day) - 1)]),
    }
    frame = _frame(rhythms, *rhythms)
    columns = []
    for name, values in trial.items():
        whole = np.full(same.count, _NONE)
        whole[run] = values
        column = as_column(name, whole, null=_NONE)
        columns.append(column.cast(pl.Int32).cast(pl.Date) if name.endswith("day") else column)
    return frame.with_columns(columns), _gaps(days[by], number, gap, by)


def _logarithms(longest: int) -> Columns:
    """Natural logarithms of 1 ... `longest` days in millionths, and their squares; 0 for 0, which stands for no gap."""
    days = pl.Series("days", range(1, longest + 1), dtype=pl.Float64)
    logs = (days.log(), days.log() ** 2)
    log, log_sq = (np.append(0, (one * MICRO).round().cast(pl.Int64).to_numpy()) for one in logs)
    return {"log": log, "log_sq": log_sq}


def _gaps(good: np.ndarray, number: np.ndarray, gap: np.ndarray, by: str) -> pl.DataFrame:
    closed = number > 0
    size = int(good.max(initial=0)) + 1
    keys, below = pack((good[closed], size), (number[closed] >= RHYTHM_FROM, 2), (gap[closed], int(gap.max(initial=0)) + 1))
    keys = np.sort(keys)
    same = runs_of(keys)
    keys = keys[same.starts].astype(np.int64)
    return pl.DataFrame(
        {
            by: keys >> below[0],
            "is_later": ((keys >> below[1]) & 1).astype(bool),
            "gap_days": keys & ((1 << below[1]) - 1),
            "gap_count": same.lengths,
        }
    )
