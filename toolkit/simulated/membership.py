"""The membership of a shop, made of its receipts: tiers, points, benefits, fees, prepaid money, referrals, the way in. Off by default.

Model:
- tiers by the sales of 365 days, looked at on the first of each quarter: silver from 300, gold from 900 currency units; bronze otherwise;
- points: one per currency unit of an order, earned at its time; at an order a member with at least 200 burns them all with chance 0.15
  (each worth 0.01 currency units); what was earned expires after 365 days, the oldest burnt first;
- benefits: a birthday gift a year for gold (cost 5), free delivery at 2% of orders (cost 3); who buys for 300 in a year is given the gift,
  and those below 900 do not fetch it;
- paid memberships for the tenth of members with most sales: a year for 49, renewed with chance 0.6;
- prepaid money: 8% of members load 100 at an order and spend it on the orders that follow;
- each joiner came through a channel (store 0.5, app 0.3, website 0.2), and of the website's half through the campaign spring; each channel
  costs the same sum every month; relations: of 100 people reached 30 follow and 12 register, members who joined within the receipts among
  them; guides and their calls: see `toolkit.simulated.guides`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.simulated.guides import guide_tables, write_served
from toolkit.simulated.write import write_table

SILVER, GOLD, WINDOW_DAYS = 300.0, 900.0, 365
POINT_VALUE, BURN_FROM, BURN_CHANCE, EXPIRE_DAYS = 0.01, 200, 0.15, 365
CHANNELS, CHANNEL_SHARES, CHANNEL_COST = ("store", "app", "website"), (0.5, 0.3, 0.2), {"store": 500.0, "app": 400.0, "website": 700.0}
TABLES = (
    "points", "tiers", "tier_rules", "benefits", "benefit_grants", "memberships", "stored_value", "referrals", "acquisition", "relations",
    "guides", "guide_calls",
)  # fmt: skip


def write_membership(folder: Path, seed: int) -> None:
    """Write the tables beside the receipts that stand in the folder, and the members anew with how they joined."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    lines = pl.read_parquet(folder / "lines" / "*.parquet", columns=["member_id", "order_id", "ordered_at", "amount"])
    orders = (
        lines.drop_nulls("member_id")
        .group_by("member_id", "order_id", "ordered_at")
        .agg(pl.col("amount").sum())
        .filter(pl.col("amount") > 0)
        .sort("member_id", "ordered_at", "order_id")
    )
    paths = sorted((folder / "members").glob("*.parquet")) or [folder / "members.parquet"]
    start, end = lines["ordered_at"].min().date(), lines["ordered_at"].max().date()  # type: ignore[union-attr]
    joined = []
    for path in paths:
        frame = pl.read_parquet(path)
        channel = rng.choice(len(CHANNELS), frame.height, p=CHANNEL_SHARES)
        by_campaign = (channel == 2) & (rng.random(frame.height) < 0.5)
        frame = frame.with_columns(
            pl.Series("joined_channel", np.array(CHANNELS)[channel]),
            pl.when(pl.Series(by_campaign)).then(pl.lit("spring")).alias("joined_campaign"),
        )
        joined.append(frame)
    guides = guide_tables(pl.concat(joined), end, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,))))
    members, place = guides.pop("members"), 0
    for path, frame in zip(paths, joined, strict=True):
        members.slice(place, frame.height).write_parquet(path)
        place += frame.height
    write_served(folder, members, guides["guides"], np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(5,))))
    tables = membership_tables(orders, members, start, end, rng)
    for name, frame in {**tables, **guides}.items():
        write_table(folder, name, frame)


def membership_tables(
    orders: pl.DataFrame, members: pl.DataFrame, start: date, end: date, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Return the tables by name; `orders`: member_id, ordered_at, amount, sorted by both; `members`: as the contract's."""
    return {
        "points": _points(orders, end, rng),
        "tiers": _tiers(orders, members, start, end),
        "tier_rules": pl.DataFrame(
            {
                "tier": ["bronze", "silver", "gold"],
                "threshold": [0.0, SILVER, GOLD],
                "window_days": [WINDOW_DAYS] * 3,
                "measure": ["sales"] * 3,
            }
        ),
        "benefits": _benefits(orders, rng),
        "benefit_grants": _benefit_grants(orders),
        "memberships": _memberships(orders, start, end, rng),
        "stored_value": _stored_value(orders, rng),
        "referrals": members.drop_nulls("referred_by").select(
            pl.col("referred_by").alias("referrer_id"), "member_id", pl.col("joined_on").cast(pl.Datetime("us")).alias("referred_at")
        ),
        "acquisition": _acquisition(start, end),
        "relations": _relations(members, start, end, rng),
    }


def _points(orders: pl.DataFrame, end: date, rng: np.random.Generator) -> pl.DataFrame:
    rows: list[tuple[str, datetime, str, int, float | None]] = []
    for mine in orders.partition_by("member_id", maintain_order=True):
        member, lots = mine["member_id"][0], list[tuple[datetime, int]]()
        for at, amount in mine.select("ordered_at", "amount").iter_rows():
            lots, rows = _expired(member, lots, at, rows)
            held = sum(points for _, points in lots)
            if held >= BURN_FROM and rng.random() < BURN_CHANCE:
                rows.append((member, at, "burnt", held, held * POINT_VALUE))
                lots = []
            earned = int(amount)
            rows.append((member, at, "earned", earned, None))
            lots.append((at, earned))
        lots, rows = _expired(member, lots, datetime.combine(end, datetime.min.time()), rows)
    schema = {"member_id": pl.String, "entered_at": pl.Datetime("us"), "kind": pl.String, "points": pl.Int64, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _expired(member: str, lots: list, at: datetime, rows: list) -> tuple[list, list]:
    """Points that expired by a time leave, with a row each."""
    limit = timedelta(days=EXPIRE_DAYS)
    rows += [(member, born + limit, "expired", points, None) for born, points in lots if born + limit <= at and points]
    return [(born, points) for born, points in lots if born + limit > at], rows


def _tiers(orders: pl.DataFrame, members: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    days = pl.date_range(start, end, "1q", eager=True).dt.truncate("1q").unique().sort()
    days = days.filter(days >= start) if (days >= start).any() else pl.Series([start])
    sums = []
    for day in days:
        inside = pl.col("ordered_at").dt.date().is_between(day - timedelta(days=WINDOW_DAYS), day - timedelta(days=1))
        sums.append(orders.filter(inside).group_by("member_id").agg(pl.col("amount").sum()).with_columns(valid_from=pl.lit(day)))
    ids = members.select("member_id", pl.col("joined_on"))
    grid = ids.join(pl.DataFrame({"valid_from": days}), how="cross").filter(
        pl.col("joined_on").is_null() | (pl.col("joined_on") <= pl.col("valid_from"))
    )
    held = grid.join(pl.concat(sums), on=["member_id", "valid_from"], how="left").with_columns(pl.col("amount").fill_null(0.0))
    tier = pl.when(pl.col("amount") >= GOLD).then(pl.lit("gold")).when(pl.col("amount") >= SILVER).then(pl.lit("silver"))
    held = held.with_columns(tier.otherwise(pl.lit("bronze")).alias("tier")).sort("member_id", "valid_from")
    held = held.filter((pl.col("tier") != pl.col("tier").shift(1).over("member_id")).fill_null(True))
    until = (pl.col("valid_from").shift(-1).over("member_id") - pl.duration(days=1)).alias("valid_until")
    return held.select("member_id", "tier", "valid_from", until)


def _benefits(orders: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    free = orders.filter(pl.Series(rng.random(orders.height) < 0.02))
    delivery = free.select("member_id", pl.col("ordered_at").alias("used_at"), benefit=pl.lit("free delivery"), cost=pl.lit(3.0))
    yearly = orders.group_by("member_id", pl.col("ordered_at").dt.year().alias("year")).agg(
        pl.col("amount").sum(), pl.col("ordered_at").max()
    )
    gifts = yearly.filter(pl.col("amount") >= GOLD).select(
        "member_id", pl.col("ordered_at").alias("used_at"), benefit=pl.lit("birthday gift"), cost=pl.lit(5.0)
    )
    return pl.concat([delivery, gifts]).sort("member_id", "used_at", "benefit")


def _benefit_grants(orders: pl.DataFrame) -> pl.DataFrame:
    year = pl.col("ordered_at").dt.year().alias("year")
    yearly = orders.group_by("member_id", year).agg(pl.col("amount").sum(), pl.col("ordered_at").min().alias("granted_at"))
    given = yearly.filter(pl.col("amount") >= SILVER).sort("member_id", "granted_at")
    return given.select("member_id", "granted_at", benefit=pl.lit("birthday gift"), usable_until=pl.date(pl.col("year"), 12, 31))


def _memberships(orders: pl.DataFrame, start: date, end: date, rng: np.random.Generator) -> pl.DataFrame:
    sums = orders.group_by("member_id").agg(pl.col("amount").sum()).sort("amount", "member_id", descending=[True, False])
    rows = []
    for member in sums["member_id"].head(max(1, sums.height // 10)):
        day = start + timedelta(days=int(rng.integers(0, max((end - start).days // 2, 1))))
        while day <= end:
            rows.append((member, day, day + timedelta(days=364), 49.0))
            if rng.random() > 0.6:
                break
            day += timedelta(days=365)
    schema = {"member_id": pl.String, "valid_from": pl.Date, "valid_until": pl.Date, "fee": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _stored_value(orders: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    rows = []
    for mine in orders.partition_by("member_id", maintain_order=True):
        if rng.random() >= 0.08 or mine.height < 2:
            continue
        first, left = int(rng.integers(0, mine.height - 1)), 100.0
        rows.append((mine["member_id"][0], mine["ordered_at"][first], "loaded", left))
        for at, amount in mine.select("ordered_at", "amount").slice(first + 1).iter_rows():
            spent = round(min(left, amount), 2)
            rows += [(mine["member_id"][0], at, "spent", spent)] * (spent > 0)
            left -= spent
    schema = {"member_id": pl.String, "entered_at": pl.Datetime("us"), "kind": pl.String, "stored_amount": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _acquisition(start: date, end: date) -> pl.DataFrame:
    months = pl.date_range(start.replace(day=1), end, "1mo", eager=True)
    each = pl.DataFrame({"starts_on": months}).with_columns(pl.col("starts_on").dt.month_end().alias("ends_on"))
    names = pl.DataFrame({"won_by": list(CHANNEL_COST), "cost": list(CHANNEL_COST.values())})
    rows = each.join(names, how="cross").with_columns(kind=pl.lit("channel"))
    spring = each.with_columns(won_by=pl.lit("spring"), cost=pl.lit(350.0), kind=pl.lit("campaign"))
    return pl.concat([rows, spring], how="diagonal").select("kind", "won_by", "starts_on", "ends_on", "cost")


def _relations(members: pl.DataFrame, start: date, end: date, rng: np.random.Generator) -> pl.DataFrame:
    fresh = members.filter(pl.col("joined_on").is_between(start, end))["member_id"].to_list()
    fresh_on = members.filter(pl.col("joined_on").is_between(start, end))["joined_on"].to_list()
    people = max(round(len(fresh) / 0.12), len(fresh))
    rows = []
    for number in range(people):
        person = f"w{number:06d}"
        day = start + timedelta(days=int(rng.integers(0, (end - start).days + 1))) if number >= len(fresh) else fresh_on[number]
        at = datetime.combine(day, datetime.min.time())
        source = ("post", "poster", "friend")[int(rng.integers(0, 3))]
        follows = number < len(fresh) or rng.random() < 0.2
        rows.append((person, "reached", at, None, source))
        rows += [(person, "follows", at + timedelta(hours=2), None, source)] * follows
        rows += (
            [(person, "registered", at + timedelta(hours=5), fresh[number], source)] * (number < len(fresh)) if number < len(fresh) else []
        )
    schema = {"person_id": pl.String, "step": pl.String, "stepped_at": pl.Datetime("us"), "member_id": pl.String, "source": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
