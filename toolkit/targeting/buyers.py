"""Buyers: the members who bought some goods and not others."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.sales import member_sales
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import Good, find_good, scoped_parts, window_of
from toolkit.targeting.measures.member_list import listed, member_table
from toolkit.wording import listing

_NAME = "targeting.buyers"
BUYERS = member_table(
    c.count("day_count", "Shopping days", "days with a purchase of the goods"),
    c.day("last_bought_on", "Last bought on"),
    c.money("sales", "Sales", "spent on the goods in the window, returns subtracted"),
)


@question(
    "targeting",
    "Who bought it, and who did not?",
    words=(
        "buyers of a category or product, list of members who bought",
        "members who bought this but not that",
        "who bought it at least three times, on how many days",
        "who did not buy it, who has not tried it yet",
        "an audience by goods",
        "购买过 未购买 买了什么的会员",
    ),
    tables=BUYERS,
    figures=(c.count("members_in_all", "Members in all"),),
)
def buyers(view: View, *, goods: str | list[str] | None = None, without: str | list[str] | None = None, least_days: int = 1) -> Finding:
    """Return the members who bought some goods and none of some others: one row per member, largest sales first.

    The window is the past year (goods.window_days), unless a period is given: `period="30d"` for the last 30 days. In a store, what was
    bought there. Combine lists with audiences: `audience=` narrows to one, and audiences are joined by `|`, `&` and `-`.

    Parameters
    ----------
    goods
        A category, product_id or product name, or a list of them: who bought any of them. Empty = anything.
    without
        Who bought any of these in the window is left out.
    least_days
        Bought `goods` on so many different days, at least.

    Raises
    ------
    UnknownName, BadValue
        There is no such good, several products have the name, a good is on both sides, or neither side is given.

    Example
    -------
    >>> bread = tk.targeting.buyers(ws, goods="BREAD", without="MILK", least_days=3)             # doctest: +SKIP
    >>> tk.save_audience(ws, tk.Audience.from_answer("bread, no milk", bread))                   # doctest: +SKIP
    """
    wanted, unwanted = _goods_called(view, goods), _goods_called(view, without)
    if not wanted and not unwanted:
        raise BadValue(tr("{name}: goods that were bought, or goods that were not (`without`), were needed; neither came.", name=_NAME))
    twice = [good.label for good in wanted if any((good.level, good.code) == (other.level, other.code) for other in unwanted)]
    if twice:
        raise BadValue(
            tr("{name}: {twice} stands in goods and in without; nobody bought it and did not.", name=_NAME, twice=listing(twice))
        )
    if least_days < 1:
        raise BadValue(tr("{name}: least_days is {least_days}; 1 or more days were needed.", name=_NAME, least_days=least_days))
    period = window_of(view)
    chosen = bought_by_member(view, period, wanted).filter(pl.col("day_count") >= least_days)
    if unwanted:
        chosen = chosen.join(bought_by_member(view, period, unwanted).filter(pl.col("day_count") > 0), on="member_code", how="anti")
    ordered = member_sales(view, period).filter(pl.col("orders") > 0).height
    notes: list[str | Note] = []
    if chosen.height and chosen.height == ordered:
        everybody = view.say("That is everybody who ordered in the window ({n:few} members): it chooses nobody out.", n=ordered)
        notes.append(Note(everybody, "REVIEW"))
    if not chosen.height and period.end < view.first_day:
        notes.append(view.say("The receipts start on {first_day}, after the window.", first_day=view.first_day))
    elif not chosen.height:
        notes.append(view.say("{n:member} ordered in the window: choose a longer period, fewer days or other goods.", n=ordered))
    categories = [good.label for good in wanted if good.level == "category"]
    return listed(
        view,
        BUYERS,
        chosen,
        _what_they_did(view, wanted, unwanted, least_days),
        period,
        notes=notes,
        ask_next=[*(("targeting.attach", {"goods": name}) for name in categories[:1]), ("targeting.core_goods", {})],
    )


def bought_by_member(view: View, period: Period, goods: list[Good]) -> pl.DataFrame:
    """Return what the members in scope bought of some goods (none = of all) in a window: one row per member who bought or returned any.

    Columns: `member_code`, `day_count` (different days with a purchase, returns alone not counted), `last_bought_on`, `sales` (minor
    units, returns subtracted).
    """
    codes = {level: [good.code for good in goods if good.level == level] for level in ("category", "product")}
    mine = pl.col("category_code").is_in(codes["category"]) | pl.col("product_code").is_in(codes["product"]) if goods else pl.lit(True)
    day = pl.col("ordered_at").dt.date()
    rows = []
    for part in scoped_parts(view, period):
        orders = part.orders.lazy().filter(pl.col("member_code").is_not_null()).select("order", "member_code", day.alias("day"))
        held = part.goods.lazy().filter(mine).join(orders, on="order", how="inner")
        rows.append(
            held.group_by("member_code").agg(
                pl.col("day").filter("is_bought").n_unique().cast(pl.Int64).alias("day_count"),
                pl.col("day").filter("is_bought").max().alias("last_bought_on"),
                pl.col("amount").sum().alias("sales"),
            )
        )  # a member's orders stand in one part
    schema = {"member_code": pl.UInt32, "day_count": pl.Int64, "last_bought_on": pl.Date, "sales": pl.Int64}
    return pl.concat(rows).collect() if rows else pl.DataFrame(schema=schema)


def _goods_called(view: View, names: str | list[str] | None) -> list[Good]:
    given = [names] if isinstance(names, str) else names or []
    return [find_good(view, name, _NAME) for name in dict.fromkeys(given) if name.strip()]


def _what_they_did(view: View, wanted: list[Good], unwanted: list[Good], least_days: int) -> str:
    goods, none, several = _any_of(wanted), _any_of(unwanted), least_days if least_days > 1 else None
    if wanted:
        return view.say("bought {goods}[ on {days} days or more][ and no {none}]", goods=goods, days=several, none=none)
    return view.say("bought[ on {days} days or more], but no {none}", days=several, none=none)


def _any_of(goods: list[Good]) -> str:
    names = [good.label for good in goods]
    return tr(" or ").join([tr(", ").join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
