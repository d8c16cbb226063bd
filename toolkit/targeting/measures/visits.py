"""Visits in app, web and elsewhere: what was done in each, and whether an order came of it; the last touch before each order."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.language import tr, word
from toolkit.mart.baskets import read_baskets
from toolkit.scope.view import View
from toolkit.targeting.measures.events import CART, LOOKS, NOT_STATED, events_in, has_events, in_window, window_key

MESSAGE = "message"
_SENT_BY = f"{MESSAGE}: "  # before the touchpoint of a contact, so that an app's messages are not its visits


def touch_name(touchpoint: str) -> str:
    """Return a touchpoint of `last_touches` as the reader sees it."""
    if not touchpoint.startswith(_SENT_BY):
        return word(touchpoint)
    return tr("message: {touchpoint}", touchpoint=word(touchpoint.removeprefix(_SENT_BY)))


def visits(view: View) -> pl.DataFrame:
    """Return the visits of the chain's members in the window: one row per member, day and touchpoint with an event, sorted.

    Columns: `member_code`, `day`, `touchpoint`, `is_view` (looked at, searched or marked goods), `is_cart` (and put some in the cart),
    `is_order` (and bought some category of the cart on that day, anywhere; of a cart
    that names none, anything), `later_order` (ordered on that day or within sequences.look_before_days after it,
    whatever came before).
    """
    return view.chainwide(f"visits-{window_key(view)}", lambda chain: _visits(chain, view), "sequences")


def _visits(view: View, asked: View) -> pl.DataFrame:
    kind = pl.col("kind")
    events = events_in(asked).with_columns(pl.col("occurred_at").dt.date().alias("day"))
    days = (
        events.group_by("member_code", "day", "touchpoint")
        .agg(kind.is_in([*LOOKS]).any().alias("looked"), (kind == CART).any().alias("carted"))
        .collect(engine="streaming")
        .sort("member_code", "day", "touchpoint")
    )
    orders = _order_days(view)
    visit = ["member_code", "day", "touchpoint"]
    carts = events.filter(kind == CART).select(*visit, "category_code").unique().collect(engine="streaming")
    # A member who comes often orders on many days on which they also leave a cart behind: an order of other goods is not that cart's.
    named = carts.drop_nulls("category_code")
    bought = named.join(_bought(view, named), on=["member_code", "day", "category_code"], how="semi").select(visit)
    unnamed = carts.join(named, on=visit, how="anti").join(orders, on=["member_code", "day"], how="semi").select(visit)
    same = pl.concat([bought, unnamed]).unique().with_columns(pl.lit(True).alias("ordered"))
    following = orders.with_columns(pl.col("day").alias("ordered_on")).sort("day")
    nearest = days.sort("day").join_asof(
        following, on="day", by="member_code", strategy="forward", tolerance=timedelta(days=asked.settings.sequences.look_before_days),
        check_sortedness=False,
    )  # fmt: skip
    return (
        nearest.join(same, on=visit, how="left")
        .with_columns(pl.col("ordered").fill_null(False), pl.col("ordered_on").is_not_null().alias("later_order"))
        .with_columns((pl.col("looked") | pl.col("carted")).alias("is_view"))
        .with_columns((pl.col("is_view") & pl.col("carted")).alias("is_cart"))
        .with_columns((pl.col("is_cart") & pl.col("ordered")).alias("is_order"))
        .select("member_code", "day", "touchpoint", "is_view", "is_cart", "is_order", "later_order")
        .sort("member_code", "day", "touchpoint")
    )


def _order_days(view: View) -> pl.DataFrame:
    ordered = view.chain.orders.filter("is_order", pl.col("member_code").is_not_null())
    return ordered.select("member_code", pl.col("ordered_at").dt.date().alias("day")).unique().collect(engine="streaming")


def _bought(view: View, wanted: pl.DataFrame) -> pl.DataFrame:
    """`member_code`, `day`, `category_code` of `wanted` that the members bought on that day, in any store."""
    keys = ["member_code", "day", "category_code"]
    found = [wanted.select(keys).clear()]
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.with_row_index("order").with_columns(pl.col("ordered_at").dt.date().alias("day"))
        orders = orders.join(wanted, on=["member_code", "day"], how="semi").select("order", "member_code", "day")
        goods = part.goods.lazy().filter("is_bought").select("order", "category_code").join(orders.lazy(), on="order")
        found.append(goods.join(wanted.lazy(), on=keys, how="semi").select(keys).unique().collect(engine="streaming"))
    return pl.concat(found)


def messages(view: View) -> pl.DataFrame:
    """Return the contacts of the window: `member_code`, `contacted_at`, `touchpoint`, `is_opened`, `is_clicked`, `later_order` (ordered
    within sequences.look_before_days after it); empty without a contacts table. What was opened or clicked after as_of is not seen."""
    return view.chainwide(f"messages-{window_key(view)}", lambda chain: _messages(chain, view), "sequences")


def _messages(chain: View, view: View) -> pl.DataFrame:
    table = view.workspace.table("contacts")
    schema = {"member_code": pl.UInt32, "contacted_at": pl.Datetime("us"), "touchpoint": pl.String, "is_opened": pl.Boolean,
              "is_clicked": pl.Boolean, "later_order": pl.Boolean}  # fmt: skip
    columns = table.collect_schema().names() if table is not None else []
    if table is None or "contacted_at" not in columns:
        return pl.DataFrame(schema=schema)
    for name, dtype in (("touchpoint", pl.String), ("opened_at", pl.Datetime("us")), ("clicked_at", pl.Datetime("us"))):
        if name not in columns:
            table = table.with_columns(pl.lit(None, dtype).alias(name))
    end = view.as_of + timedelta(days=1)
    sent = (
        table.filter((pl.col("arm") == "treated") & in_window(view, "contacted_at"))
        .join(view.population.lazy().select("member_id", "member_code"), on="member_id")
        .select(
            "member_code",
            "contacted_at",
            pl.col("touchpoint").fill_null(NOT_STATED),
            (pl.col("opened_at") < end).fill_null(False).alias("is_opened"),
            (pl.col("clicked_at") < end).fill_null(False).alias("is_clicked"),
        )
        .collect()
        .sort("contacted_at", "member_code")
    )
    orders = chain.orders.filter("is_order", pl.col("member_code").is_not_null()).select("member_code", "ordered_at").collect()
    after = orders.with_columns(pl.col("ordered_at").alias("contacted_at"), pl.lit(True).alias("later_order")).sort("contacted_at")
    followed = sent.join_asof(
        after.drop("ordered_at"), on="contacted_at", by="member_code", strategy="forward",
        tolerance=timedelta(days=view.settings.sequences.look_before_days), check_sortedness=False,
    )  # fmt: skip
    return followed.with_columns(pl.col("later_order").fill_null(False)).select(list(schema))


def last_touches(view: View) -> pl.DataFrame:
    """Return the last touch before each order of the chain's members in the window: one row per order, sorted by order_code.

    Columns: `order_code`, `member_code`, `store_code`, `touchpoint` (of the latest event, or `message: ...` of the latest contact, within
    sequences.look_before_days before the order; null where there was none), `amount` (minor units).
    """
    return view.chainwide(f"last_touches-{window_key(view)}", lambda chain: _last_touches(chain, view), "sequences")


def _last_touches(view: View, asked: View) -> pl.DataFrame:
    at = pl.col("at").alias("ordered_at")
    parts = []
    if has_events(view):
        parts.append(events_in(asked).select("member_code", pl.col("occurred_at").alias("at"), "touchpoint").collect(engine="streaming"))
    sent = messages(asked)
    parts.append(
        sent.select("member_code", pl.col("contacted_at").alias("at"), pl.format(f"{_SENT_BY}{{}}", "touchpoint").alias("touchpoint"))
    )
    # Two touches in the same moment: the name that sorts first, so that row order decides nothing.
    touches = (
        pl.concat(parts).sort("at", "member_code", "touchpoint", descending=[False, False, True]).select("member_code", at, "touchpoint")
    )
    orders = (
        view.orders.filter("is_order", pl.col("member_code").is_not_null(), in_window(asked, "ordered_at"))
        .select("order_code", "member_code", "store_code", "ordered_at", "amount")
        .collect(engine="streaming")
        .sort("ordered_at", "order_code")
    )
    touched = orders.join_asof(
        touches, on="ordered_at", by="member_code", strategy="backward",
        tolerance=timedelta(days=asked.settings.sequences.look_before_days), check_sortedness=False,
    )  # fmt: skip
    return touched.select("order_code", "member_code", "store_code", "touchpoint", "amount").sort("order_code")
