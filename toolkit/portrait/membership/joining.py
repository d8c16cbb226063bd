"""Who joined, how, and what they did since: one row a joiner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from toolkit.language import value
from toolkit.portrait.measures.figure_sums import member_line_sums
from toolkit.scope.view import View

NOT_STATED = value("(none stated)")
MONTH_DAYS = 30


@dataclass(frozen=True)
class Joiners:
    """`members`: member_id, member_code (null = no receipt), joined_on, group, first_on, second_on; `start` to `end`: joining days told."""

    members: pl.DataFrame
    start: date
    end: date
    undated: int


def joiners_of(view: View, by: str) -> Joiners | None:
    """Return who joined in the window (membership.joiners_days where no period is asked for), None where no joining day is stated.

    `by`: store (home store, else that of the first order), channel, campaign, referrer or month. Of a store or region those who joined
    there. Joining days after as_of are not known yet.
    """
    table = view.workspace.table("members")
    if table is None or "joined_on" not in table.collect_schema().names():
        return None
    end = min(view.period.end, view.as_of)
    start = end - timedelta(days=view.settings.membership.joiners_days - 1) if view.period.is_default else view.period.start
    cards = table.collect().with_columns(pl.col("member_id").cast(pl.String))
    undated = cards["joined_on"].null_count()
    if undated == cards.height:
        return None
    cards = cards.filter(pl.col("joined_on").is_between(start, end))
    if view.scope.audience is not None:
        cards = cards.join(view.members.select("member_id"), on="member_id", how="semi")
    people = view.population.select("member_code", "member_id")
    joined = cards.join(people, on="member_id", how="left", maintain_order="left")
    days = _first_days(view, joined)
    joined = joined.join(days, on="member_id", how="left", maintain_order="left")
    home = pl.col("home_store_id").cast(pl.String) if "home_store_id" in joined.columns else pl.lit(None, pl.String)
    joined = joined.with_columns(pl.coalesce(home, "first_store_id").alias("store_id"))
    if view.scope.is_place:
        place = pl.col("region") == view.scope.region if view.scope.store_id is None else pl.col("store_id") == view.scope.store_id
        inside = view.stores.filter(place)["store_id"]
        joined = joined.filter(pl.col("store_id").is_in(inside.to_list()))
    group = {
        "store": "store_id", "channel": "joined_channel", "campaign": "joined_campaign", "referrer": "referred_by", "month": "joined_on",
    }[by]  # fmt: skip
    words = pl.col(group) if group in joined.columns else pl.lit(None, pl.String)
    if by == "month":
        words = pl.col("joined_on").dt.strftime("%Y-%m")
    if by == "referrer":
        words = pl.when(words.is_not_null()).then(pl.lit(value("brought by a member"))).otherwise(pl.lit(value("came by themselves")))
    columns = ("member_id", "member_code", "joined_on", "first_on", "second_on")
    return Joiners(joined.select(*columns, words.cast(pl.String).fill_null(NOT_STATED).alias("group")), start, end, undated)


def _first_days(view: View, joined: pl.DataFrame) -> pl.DataFrame:
    """The first two shopping days since joining, and the store of the first."""
    orders = view.chain.orders.filter("is_order", pl.col("member_code").is_in(joined["member_code"].drop_nulls().implode()))
    days = orders.select("member_code", "store_code", "ordered_at").collect().sort("member_code", "ordered_at", "store_code")
    since = joined.select("member_code", "member_id", "joined_on").drop_nulls("member_code")
    seen = (
        days.join(since, on="member_code")
        .with_columns(pl.col("ordered_at").dt.date().alias("on"))
        .filter(pl.col("on") >= pl.col("joined_on"))
    )
    stores = view.stores.select("store_code", pl.col("store_id").alias("first_store_id"))
    dates = pl.col("on").unique(maintain_order=True)
    return (
        seen.group_by("member_id", maintain_order=True)
        .agg(dates.first().alias("first_on"), dates.get(1, null_on_oob=True).alias("second_on"), pl.col("store_code").first())
        .join(stores, on="store_code", how="left")
        .drop("store_code")
    )


def spend_by_month(view: View, members: pl.DataFrame, months: int) -> pl.DataFrame:
    """Return what each joiner spent by the end of each month of 30 days since joining: member_id, group, month 1 .. months, `spend`.

    Minor units, returns subtracted, of the chain; only months that lie wholly in the receipts, so that a row is a joiner followed so long.
    """
    horizon = pl.DataFrame({"month": list(range(1, months + 1))}, schema={"month": pl.Int64})
    ended = pl.col("joined_on") + pl.duration(days=MONTH_DAYS * pl.col("month"))
    rows = members.select("member_id", "member_code", "group", "joined_on").join(horizon, how="cross").filter(ended <= view.as_of)
    orders = view.chain.orders.filter(pl.col("member_code").is_in(members["member_code"].drop_nulls().implode()))
    spent = orders.select("member_code", pl.col("ordered_at").dt.date().alias("on"), "amount").collect()
    spent = spent.join(members.select("member_code", "joined_on").drop_nulls(), on="member_code")
    month = ((pl.col("on") - pl.col("joined_on")).dt.total_days() // MONTH_DAYS + 1).alias("month")
    sums = spent.filter(pl.col("on") >= pl.col("joined_on")).group_by("member_code", month).agg(pl.col("amount").sum())
    rows = rows.join(sums, on=["member_code", "month"], how="left").with_columns(pl.col("amount").fill_null(0)).sort("member_id", "month")
    return rows.with_columns(pl.col("amount").cum_sum().over("member_id").alias("spend")).select("member_id", "group", "month", "spend")


def margin_share(view: View) -> tuple[float | None, bool]:
    """Return what the shop keeps of its sales, and whether it was measured (unit costs) or stated (offers.margin_share); None = neither."""
    if view.settings.offers.margin_share is not None:
        return view.settings.offers.margin_share, False
    if not view.has_column("products", "unit_cost"):
        return None, False
    sums = member_line_sums(view.chain, view.period)
    costed = int(sums["costed_amount"].sum() or 0)
    return (float(sums["costed_margin_milli"].sum()) / 1000 / costed, True) if costed > 0 else (None, False)
