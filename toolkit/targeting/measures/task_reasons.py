"""Why a guide should speak to a member today, and about which goods: one reason each, with what the store has of it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from toolkit.language import later, value
from toolkit.mart.windows import window_sums
from toolkit.portrait.membership.standing import tier_rules
from toolkit.portrait.membership.tiers import standing
from toolkit.scope.view import View
from toolkit.targeting.looked_not_bought import looks
from toolkit.targeting.measures.due_list import due_list
from toolkit.targeting.measures.events import has_events
from toolkit.targeting.measures.favourite_goods import favourite_goods
from toolkit.targeting.measures.goods import labels_of
from toolkit.targeting.measures.rhythm import slipping_members

RETURNED, BIRTHDAY, SLIPPING = value("brought goods back"), value("birthday"), value("slipping away")
LOOKED, NEAR, DUE, ONCE = value("looked, not bought"), value("near a tier"), value("due again"), value("came once, not since")
SAY = {
    RETURNED: later("Ask what was wrong with what they brought back[ ({goods})], and find what fits[: {product}]."),
    BIRTHDAY: later("Wish a happy birthday[, and show something they like: {product}]."),
    SLIPPING: later("Ask how they liked what they bought last, and tell what is new[; they like {product}]."),
    LOOKED: later("They looked at {goods} and have not bought: ask what holds them, and show one[: {product}]."),
    NEAR: later("They lack {lacking} for {tier}: say so[, and show something they like: {product}]."),
    DUE: later("They usually buy {goods} about now: remind them, and keep it ready[: {product}]."),
    ONCE: later("Thank them for the first purchase[ ({goods})], and show one thing that goes with it."),
}
"""What to say, by reason; the first that holds is a member's."""
BIRTHDAY_COLUMNS = ("birthday", "birth_date", "birthdate", "date_of_birth", "born_on", "geburtstag", "geburtsdatum", "生日", "出生日期")
RETURN_DAYS, BIRTHDAY_DAYS, NEW_DAYS, COUNTED_DAYS = 14, 7, 28, 14
REASONS = pl.Schema(
    {
        "member_code": pl.UInt32, "reason": pl.String, "goods": pl.String, "product": pl.String, "detail": pl.String,
        "spend_before": pl.Float64,
    }
)  # fmt: skip


def task_reasons(view: View, day: date) -> pl.DataFrame:
    """Return one reason a member of the chain who has any (schema REASONS), for a task on `day`.

    In this order: brought goods back within 14 days, birthday within the week from `day` on (an attribute of the members table, see
    BIRTHDAY_COLUMNS), slipping away, looked and not bought, near a tier, due again, came once within 28 days and not since. `goods` is the
    category the reason is about, `detail` what lacks for which tier, `product` one of it (else one that they like) that the store has.
    `spend_before` in minor units a quarter.
    """
    judged = slipping_members(view).select("member_code", "is_slipping", "spend_before")
    once = (pl.col("order_count") == 1) & (pl.col("first_ordered_on") > view.as_of - timedelta(days=NEW_DAYS))
    rows = view.population.select(
        "member_code", "home_store_code", "top_category_code", "amount_91d", once.alias("is_once"), *_birthday(view, day)
    ).join(judged, on="member_code", how="left")
    for part in (_returned(view), _looked(view), _near(view), _due(view)):
        rows = rows.join(part, on="member_code", how="left")
    reason = (
        pl.when(pl.col("returned_code").is_not_null()).then(pl.lit(RETURNED)).when("has_birthday").then(pl.lit(BIRTHDAY))
        .when(pl.col("is_slipping").fill_null(False)).then(pl.lit(SLIPPING)).when(pl.col("looked_code").is_not_null()).then(pl.lit(LOOKED))
        .when(pl.col("lacking").is_not_null()).then(pl.lit(NEAR)).when(pl.col("due_code").is_not_null()).then(pl.lit(DUE))
        .when("is_once").then(pl.lit(ONCE))
    )  # fmt: skip
    code = (
        pl.when(pl.col("reason") == RETURNED).then("returned_code").when(pl.col("reason") == LOOKED).then("looked_code")
        .when(pl.col("reason") == DUE).then("due_code").when(pl.col("reason") == ONCE).then("top_category_code")
    )  # fmt: skip
    rows = rows.with_columns(reason.alias("reason")).drop_nulls("reason").with_columns(code.alias("category_code"))
    detail = pl.when(pl.col("reason") == NEAR).then(pl.concat_str(pl.col("lacking").cast(pl.String), pl.lit(" "), "tier"))
    shown = _shown(view, rows.with_columns(detail.alias("detail")))
    spend = pl.coalesce("spend_before", pl.col("amount_91d").cast(pl.Float64)).alias("spend_before")
    return shown.with_columns(spend).select(pl.col(name).cast(kind) for name, kind in REASONS.items()).sort("member_code")


def _birthday(view: View, day: date) -> list[pl.Expr]:
    """Whether a member's birthday lies in the week from `day` on; of one on 29 February it is the 28th."""
    column = next((name for name in view.population.columns if name.lower() in BIRTHDAY_COLUMNS), None)
    if column is None:
        return [pl.lit(False).alias("has_birthday")]
    days = [day + timedelta(days=number) for number in range(BIRTHDAY_DAYS)]
    wanted = {f"{one.month:02d}-{one.day:02d}" for one in days}
    wanted |= {"02-29"} if "02-28" in wanted and not any((one.month, one.day) == (2, 29) for one in days) else set()
    text = pl.col(column).cast(pl.String).str.strip_chars()
    parts = (
        text.str.extract_groups(r"(?:^|\D)(?<month>\d{1,2})[-/月](?<day>\d{1,2})日?(?:$|[ T])"),
        text.str.extract_groups(r"^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?:\d{4})?$"),
        text.str.extract_groups(r"^(?:\d{4})(?<month>\d{2})(?<day>\d{2})$"),
    )
    read = [pl.concat_str(part.struct.field("month").str.zfill(2), pl.lit("-"), part.struct.field("day").str.zfill(2)) for part in parts]
    return [pl.coalesce(read).is_in(sorted(wanted)).fill_null(False).alias("has_birthday")]


def _returned(view: View) -> pl.DataFrame:
    """The category of most money brought back lately, of members who have not ordered since."""
    first = view.as_of - timedelta(days=RETURN_DAYS - 1)
    sums = window_sums(view.workspace, view.mart, first, view.as_of, by=("member", "category", "day")).drop_nulls("member_code")
    back = sums.filter(pl.col("returned_amount") > 0)
    most = back.sort("member_code", "returned_amount", "category_code", descending=[False, True, False])
    last = back.group_by("member_code").agg(pl.col("day").max().alias("last_back"))
    since = sums.filter(pl.col("orders") > 0).join(last, on="member_code").filter(pl.col("day") > pl.col("last_back"))
    most = most.join(since.select("member_code").unique(), on="member_code", how="anti")
    one = most.unique("member_code", keep="first", maintain_order=True)
    return one.select("member_code", pl.col("category_code").cast(pl.Int64).fill_null(-1).alias("returned_code"))


def _looked(view: View) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"member_code": pl.UInt32, "looked_code": pl.Int64})
    if not has_events(view):
        return empty
    wanting = looks(view).filter("is_wanting").sort("member_code", "last_looked_on", "category_code", descending=[False, True, False])
    one = wanting.unique("member_code", keep="first", maintain_order=True)
    return one.select("member_code", pl.col("category_code").cast(pl.Int64).alias("looked_code"))


def _near(view: View) -> pl.DataFrame:
    rules = tier_rules(view)
    if isinstance(rules, str):
        return pl.DataFrame(schema={"member_code": pl.UInt32, "lacking": pl.Int64, "tier": pl.String})
    people, _ = standing(view.chain, rules)
    lacking = (pl.col("need") - pl.col("counted")).cast(pl.Int64)
    return people.filter("near").select("member_code", lacking.alias("lacking"), pl.col("next").cast(pl.String).alias("tier"))


def _due(view: View) -> pl.DataFrame:
    window = pl.lit(view.as_of).is_between(pl.col("due_from"), pl.col("due_to"))
    due = due_list(view).filter(window).sort("purchase_probability", "category_code", descending=[True, False])
    one = due.unique("member_code", keep="first", maintain_order=True)
    return one.select("member_code", pl.col("category_code").cast(pl.Int64).alias("due_code"))


def stock_now(view: View) -> pl.DataFrame | None:
    """Return what stores have (`store_code`, `product_code`, on hand above 0 at the last count of 14 days); None where no stock is told."""
    return view.chain.remembered(("stock_now",), lambda: _stock_now(view.chain))


def _stock_now(view: View) -> pl.DataFrame | None:
    table = view.workspace.table("stock")
    if table is None:
        return None
    lately = pl.col("counted_on").is_between(view.as_of - timedelta(days=COUNTED_DAYS - 1), view.as_of)
    counts = table.filter(lately).sort("counted_on").group_by("store_id", "product_id").agg(pl.col("on_hand").last()).collect()
    if counts.is_empty():
        return None
    stores = view.workspace.codes("store").select(store_code="code", store_id="id")
    goods = view.workspace.codes("product").select(product_code="code", product_id="id")
    there = counts.filter(pl.col("on_hand") > 0).join(stores, on="store_id").join(goods, on="product_id")
    return there.select("store_code", "product_code")


def _shown(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Name the category of the reason, and one good to show: of that category what sells best, else the member's favourite; in stock."""
    stock = stock_now(view)
    named = view.categories.select(pl.col("category_code").cast(pl.Int64), pl.col("category").alias("goods"))
    rows = rows.join(named, on="category_code", how="left", maintain_order="left")
    sold = view.mart.products.select(
        pl.col("category_code").cast(pl.Int64), pl.col("product_code").cast(pl.UInt32), "member_order_count"
    ).sort("category_code", "member_order_count", "product_code", descending=[False, True, False])  # fmt: skip
    favourite = favourite_goods(view).select("member_code", pl.col("product_code").cast(pl.UInt32).alias("favourite"))
    rows = rows.join(favourite, on="member_code", how="left", maintain_order="left")
    if stock is None:
        best = sold.unique("category_code", keep="first").select("category_code", best="product_code")
        rows = rows.join(best, on="category_code", how="left", maintain_order="left")
    else:
        stock = stock.with_columns(pl.col("store_code").cast(pl.UInt32), pl.col("product_code").cast(pl.UInt32))
        best = stock.join(sold, on="product_code").sort("member_order_count", "product_code", descending=[True, False])
        best = best.unique(["store_code", "category_code"], keep="first", maintain_order=True)
        best = best.select("category_code", home_store_code="store_code", best="product_code")
        rows = rows.join(best, on=["home_store_code", "category_code"], how="left", maintain_order="left")
        there = stock.select(home_store_code="store_code", favourite="product_code", is_there=pl.lit(True))
        rows = rows.join(there, on=["home_store_code", "favourite"], how="left", maintain_order="left")
        rows = rows.with_columns(pl.when("is_there").then("favourite"))
    code = pl.when(pl.col("category_code").is_null() | (pl.col("category_code") < 0)).then("favourite").otherwise("best")
    rows = rows.with_columns(code.cast(pl.Int64).alias("product_code"))
    labels = labels_of(view, "product", rows["product_code"].drop_nulls().unique().to_list())
    label = pl.col("product_code").replace_strict(labels, default=None, return_dtype=pl.String).alias("product")
    return rows.with_columns(label)
