"""Who of those who had not come again was asked back by a campaign, as chance drew it, and whether what they were offered was theirs.

A plain comparison of asked with not asked would tell who the shop chooses to ask. So an effect is only taken from campaigns whose arms
chance drew; of all others there is a count, and no cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from toolkit.language import tr
from toolkit.ledger.campaigns import known_campaigns, members_of, open_campaign
from toolkit.models.asked import AskTest, no_fit, nobody_asked
from toolkit.scope.view import View
from toolkit.targeting.measures.last_baskets import Window, end_of
from toolkit.targeting.measures.touched import ASKED, OFFER

LEAST_ARM = 30
"""Fewer lost members than this in either arm: nothing could be told."""


@dataclass
class Asks:
    """`tests` by cause measured and the baskets it `touched`; `missing`: why the others are not measured; `unasked`: per basket whether
    nobody asked its member until they came or were lost, null where the shop names no campaign."""

    unasked: pl.Series
    tests: dict[str, AskTest] = field(default_factory=dict)
    touched: dict[str, np.ndarray] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def found(self, chance: float, least_ratio: float) -> list[str]:
        """Return the causes beyond chance."""
        return [name for name, test in self.tests.items() if test.chance <= chance and test.ratio >= least_ratio]


def asks_of(view: View, window: Window, baskets: pl.DataFrame) -> Asks:
    """Return what campaigns tell of baskets, one flag each in their order; effects are those of the window (`in_window`)."""
    now = baskets.with_row_index("row")
    known = known_campaigns(view.workspace, up_to=view.as_of).filter(pl.col("intact").fill_null(True) & pl.col("starts_on").is_not_null())
    unasked = pl.Series("unasked", [None] * now.height, pl.Boolean)
    if known.is_empty():
        need = tr("campaigns with a control group drawn by chance (tables campaigns and contacts, or launched here)")
        return Asks(unasked, missing={ASKED: need, OFFER: need})
    codes = view.population.select("member_id", "member_code")
    people = members_of(view.workspace, known["campaign_id"]).join(codes, on="member_id").join(known, on="campaign_id")
    asks = Asks(_unasked(view, window, now, people))
    drawn = people.filter(pl.col("randomised").fill_null(False))
    if drawn.is_empty():
        need = tr("a control group drawn by chance (column randomised of the table campaigns, or a campaign launched here)")
        asks.missing = {ASKED: need, OFFER: need}
        return asks
    rows = _at_risk(window, now, drawn)
    lost, treated, inside = rows["lost"].to_numpy(), (rows["arm"] == "treated").to_numpy(), rows["in_window"].to_numpy()
    campaign = rows["campaign_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    few = view.say("{least} lost members in each arm of campaigns whose control group chance drew", least=LEAST_ARM)
    test = nobody_asked(lost[inside], treated[inside], campaign[inside])
    if min(lost[treated & inside].sum(), lost[~treated & inside].sum()) < LEAST_ARM or test is None:
        asks.missing = {ASKED: few, OFFER: few}
        return asks
    asks.tests[ASKED], asks.touched[ASKED] = test, _flags(now.height, rows["row"].to_numpy()[~treated])
    fits = _fits(view, now, rows)
    bound = ~np.isnan(fits)
    if not bound.any():
        asks.missing[OFFER] = tr(
            "what each campaign is for: goods or basket_from of the table campaigns, or offers on goods or from a basket on launched here"
        )
        return asks
    unfit, bound = treated & (fits == 0), bound & inside
    fit_test = no_fit(lost[bound], treated[bound], fits[bound] == 1, campaign[bound])
    if fit_test is None or fit_test.lost_count < LEAST_ARM:
        asks.missing[OFFER] = view.say(
            "{least} lost members with an offer that does not fit, beside others of the campaign", least=LEAST_ARM
        )
    else:
        asks.tests[OFFER], asks.touched[OFFER] = fit_test, _flags(now.height, rows["row"].to_numpy()[unfit])
    return asks


def _flags(count: int, rows: np.ndarray) -> np.ndarray:
    flags = np.zeros(count, bool)
    flags[rows] = True
    return flags


def _unasked(view: View, window: Window, now: pl.DataFrame, people: pl.DataFrame) -> pl.Series:
    """Whether a member who may be contacted was treated by no campaign until they came again or were lost."""
    day = pl.coalesce(pl.col("contacted_at").dt.date(), "starts_on")
    told = people.filter(pl.col("arm") == "treated").select("member_code", day.alias("asked_on")).filter(pl.col("asked_on") <= view.as_of)
    seen = now.select("row", "member_code", "day", "next_days").sort("day").join_asof(
        told.sort("asked_on"), left_on="day", right_on="asked_on", by="member_code", strategy="forward", check_sortedness=False
    )  # fmt: skip
    until = pl.min_horizontal(pl.col("next_days").fill_null(window.lost_days), pl.lit(window.lost_days))
    is_asked = ((pl.col("asked_on") - pl.col("day")).dt.total_days() <= until).fill_null(False)
    able = (
        view.population.select("member_code", pl.col("contactable").fill_null(False)) if view.has_column("members", "contactable") else None
    )
    flags = seen.with_columns((~is_asked).alias("unasked"))
    if able is not None:
        flags = flags.join(able, on="member_code", how="left").with_columns(pl.col("unasked") & pl.col("contactable").fill_null(False))
    return flags.sort("row")["unasked"]


def _at_risk(window: Window, now: pl.DataFrame, drawn: pl.DataFrame) -> pl.DataFrame:
    """Members of campaigns who had not come again, and were not lost yet, when it began: a basket each, of its first such campaign."""
    begun = drawn.select(
        "campaign_id", "member_code", "member_id", "arm", "starts_on", (pl.col("starts_on") - pl.duration(days=1)).alias("eve")
    )
    last = begun.sort("eve").join_asof(
        now.select("row", "member_code", "day", "next_days", "lost", "in_window").sort("day"),
        left_on="eve", right_on="day", by="member_code", strategy="backward", check_sortedness=False,
    ).drop_nulls("row")  # fmt: skip
    since = (pl.col("starts_on") - pl.col("day")).dt.total_days()
    waiting = (since <= window.lost_days) & (pl.col("next_days").is_null() | (pl.col("next_days") >= since))
    return last.filter(waiting).sort("row", "starts_on", "campaign_id").unique("row", keep="first", maintain_order=True)


def _fits(view: View, now: pl.DataFrame, rows: pl.DataFrame) -> np.ndarray:
    """1 where the offer is for goods that the member buys as often as members do, from a basket they reach; 0 where not; nan = for all."""
    bound = _bounds(view, rows)
    largest = now.select("row", "member_code", "day", "amount").sort("member_code", "day").select(
        "row", pl.col("amount").cum_max().over("member_code").alias("largest")
    )  # fmt: skip
    reach = 1 + view.settings.offers.reach_share
    placed = rows.select("row", "campaign_id", "member_code", "day", "member_id").join(
        bound, on=["campaign_id", "member_id"], how="left", maintain_order="left"
    )
    placed = placed.join(largest, on="row", how="left", maintain_order="left")
    dear_ok = pl.col("basket_from").is_null() | (pl.col("largest") * reach >= pl.col("basket_from"))
    own = _own(view, placed)
    goods_ok = pl.col("goods").is_null() | pl.col("is_own").fill_null(False)
    is_bound = pl.col("goods").is_not_null() | pl.col("basket_from").is_not_null()
    told = placed.join(own, on=["row"], how="left", maintain_order="left").select(
        pl.when(is_bound).then((dear_ok & goods_ok).cast(pl.Float64)).alias("fits")
    )  # fmt: skip
    return told["fits"].to_numpy().astype(float)


def _bounds(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """For which goods (names behind semicolons; null = all) and from which basket on (minor units) each member's offer is."""
    ws, parts = view.workspace, []
    launched = known_campaigns(ws).filter(pl.col("source") == "ledger")["campaign_id"].to_list()
    table = ws.table("campaigns")
    if table is not None:
        told = table.collect()
        names = [
            (pl.col(one) if one in told.columns else pl.lit(None)).cast(kind).alias(one)
            for one, kind in (("goods", pl.String), ("basket_from", pl.Int64))
        ]
        parts.append(rows.select("campaign_id", "member_id").join(told.select("campaign_id", *names), on="campaign_id"))
    for campaign_id in sorted(set(rows["campaign_id"]) & set(launched)):
        one = open_campaign(ws, campaign_id)
        minor = view.minor_units
        offers = pl.DataFrame(
            [
                (offer.name, "; ".join(offer.categories) or None, round(offer.threshold * minor) if offer.threshold else None)
                for offer in one.offers
            ],
            schema={"offer": pl.String, "goods": pl.String, "basket_from": pl.Int64}, orient="row",
        )  # fmt: skip
        parts.append(
            one.members.join(offers, on="offer").select(pl.lit(campaign_id).alias("campaign_id"), "member_id", "goods", "basket_from")
        )
    schema = {"campaign_id": pl.String, "member_id": pl.String, "goods": pl.String, "basket_from": pl.Int64}
    return pl.concat(parts).unique(["campaign_id", "member_id"], keep="last") if parts else pl.DataFrame(schema=schema)


def _own(view: View, placed: pl.DataFrame) -> pl.DataFrame:
    """Rows (`row`) whose member had bought the goods of their offer on as large a share of their days as members do (`is_own`)."""
    codes = {str(name).casefold(): code for code, name in view.categories.select("category_code", "category").iter_rows()}
    wanted = {
        text: [codes[name] for one in text.split(";") if (name := one.strip().casefold()) in codes]
        for text in set(placed["goods"].drop_nulls())
    }
    empty = pl.DataFrame(schema={"row": placed["row"].dtype, "is_own": pl.Boolean})
    if not wanted:
        return empty
    held = {code for some in wanted.values() for code in some}
    products = view.mart.all_products.select("product_code", "category_code")
    days = []
    for files in view.workspace.line_partitions():
        bought = pl.scan_parquet(files).filter(
            pl.col("member_code").is_not_null(), pl.col("quantity_milli") > 0, pl.col("ordered_at") < end_of(view.as_of)
        )
        of_goods = bought.join(products.lazy(), on="product_code").select(
            "member_code", pl.col("ordered_at").dt.date().alias("at"),
            pl.when(pl.col("category_code").is_in(list(held))).then("category_code").alias("category_code"),
        ).unique()  # fmt: skip
        days.append(of_goods.collect())
    seen = pl.concat(days)
    shopping = seen.select("member_code", "at").unique()
    rows = []
    for text, some in wanted.items():
        mine = placed.filter(pl.col("goods") == text).select("row", "member_code", "day")
        with_goods = seen.filter(pl.col("category_code").is_in(some)).select("member_code", "at", pl.lit(True).alias("has")).unique()
        usual = with_goods.height / max(shopping.height, 1)
        past = (
            mine.join(shopping, on="member_code")
            .filter(pl.col("at") <= pl.col("day"))
            .join(with_goods, on=["member_code", "at"], how="left")
        )
        rows.append(past.group_by("row").agg((pl.col("has").fill_null(False).mean() >= usual).alias("is_own")))
    return pl.concat(rows) if rows else empty
