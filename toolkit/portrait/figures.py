"""The figures that people ask for by name: how each is called in both languages, worked out, and from which sums.

One declaration a figure, for `portrait.figure` and `portrait.why`, for the menus, and for whoever reads plain words. What the sums are is
in `toolkit.portrait.measures.figure_sums`. A figure that another question shows too is the same there, under the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import polars as pl

from toolkit import columns as c
from toolkit.columns import Column
from toolkit.errors import unknown_name
from toolkit.language import later

Metric = Literal[
    "sales", "member_sales", "member_sales_share", "orders", "order_value", "units_per_order", "units", "sales_per_member",
    "orders_per_member", "visits_per_member", "margin", "margin_share", "returns", "return_share", "discount_share", "members",
    "first_time_members", "buyers", "repeat_rate", "active_members", "active_share", "lapsing_members", "lapsed_members", "goods_sold",
    "goods_sold_share",
]  # fmt: skip
Source = Literal["orders", "days", "stages", "lines", "goods"]


@dataclass(frozen=True)
class Figure:
    """A figure: its column, its words and formula, the sums it is made of, and where it can be told.

    Attributes
    ----------
    column
        Name, kind and heading.
    words, formula
        In English, for `language.tr`: as it stands in a sentence, and what it is.
    of
        The figure from the sums of a window; money in minor units.
    source
        What the sums are made from: orders, the members' days (what is so at the end of a window), their stages, lines, or goods.
    n
        Counts that stand beside it; the first counts the members behind it.
    adds
        Whether the figures of parts add up to the figure of all.
    is_open
        Whether it is the shop's as much as its members': then few members do not hide it, as long as it is not of an audience.
    by_category
        Whether it can be told by category of goods.
    words_en, words_zh
        What people call it.
    """

    column: Column
    words: str
    formula: str
    of: pl.Expr
    words_en: tuple[str, ...]
    words_zh: tuple[str, ...]
    source: Source = "orders"
    n: tuple[str, ...] = ("buyer_count",)
    adds: bool = False
    is_open: bool = False
    by_category: bool = False

    @property
    def name(self) -> str:
        """The name of its column."""
        return self.column.name

    @property
    def is_of_a_day(self) -> bool:
        """Whether it is what is so at the end of a window, not what happened in it."""
        return self.source in ("days", "stages")

    @property
    def is_share(self) -> bool:
        """Whether its change is told in points."""
        return self.column.kind == "share"


def _over(part: pl.Expr | str, whole: pl.Expr | str) -> pl.Expr:
    part, whole = (pl.col(one) if isinstance(one, str) else one for one in (part, whole))
    return pl.when(whole > 0).then(part / whole)


_OTHER_SALES = pl.col("sales") + pl.col("returned_amount")
_FIGURES = (
    Figure(
        c.money("sales", "Sales"), later("sales"), later("what was paid on all receipts, returns subtracted, non-members included"),
        pl.col("sales"), ("sales", "revenue", "turnover", "takings"), ("销售额", "销售", "营业额", "业绩", "营收"),
        adds=True, is_open=True, by_category=True,
    ),
    Figure(
        c.money("member_sales", "Sales to members"), later("sales to members"), later("what members paid, returns subtracted"),
        pl.col("member_sales"), ("sales to members", "member sales"), ("会员销售额", "会员销售", "会员消费"), adds=True, by_category=True,
    ),
    Figure(
        c.share("member_sales_share", "Members' share"), later("member share of sales"), later("sales to members / sales"),
        _over("member_sales", "sales"), ("member share of sales", "members' share", "share of members in sales", "member share"),
        ("会员销售占比", "会员占比", "会员贡献率"), by_category=True,
    ),
    Figure(
        c.count("orders", "Orders"), later("orders"), later("receipts on which goods were paid for; returns alone are none"),
        pl.col("orders"), ("orders", "transactions", "tickets", "receipts", "number of orders"),
        ("订单数", "订单", "客单量", "交易笔数", "单量", "单数"),
        adds=True, is_open=True, by_category=True,
    ),
    Figure(
        c.money("order_value", "Order value"), later("order value"), later("sales of orders / orders"),
        _over("order_sales", "orders"), ("order value", "average order value", "aov", "average ticket", "basket value", "ticket size"),
        ("客单价", "笔单价", "平均客单价"), n=("buyer_count", "orders"), is_open=True,
    ),
    Figure(
        c.number("units_per_order", "Units per order"), later("units per order"),
        later("counted goods in orders / orders; what is sold by weight or volume has no number"),
        _over(pl.col("units_milli") / 1000, "orders"), ("units per order", "items per order", "upt", "items per basket", "basket size"),
        ("连带率", "客单件数", "件单数", "连单率"), n=("buyer_count", "orders"), is_open=True,
    ),
    Figure(
        c.count("units", "Units", dtype=pl.Float64), later("units sold"),
        later("counted goods in orders; what is sold by weight or volume has no number"),
        pl.col("units_milli") / 1000, ("units", "units sold", "items sold", "quantity"), ("销量", "件数", "销售件数"),
        adds=True, is_open=True, by_category=True,
    ),
    Figure(
        c.money("sales_per_member", "Sales per member"), later("sales per member who ordered"),
        later("sales to members / members who ordered"),
        _over("member_sales", "buyer_count"), ("sales per member", "spend per member", "member spend"),
        ("人均消费", "会员人均消费", "会员均价", "客均"),
        by_category=True,
    ),
    Figure(
        c.number("orders_per_member", "Orders per member"), later("orders per member who ordered"),
        later("orders of members / members who ordered"), _over("member_orders", "buyer_count"),
        ("orders per member", "frequency", "purchase frequency", "orders per buyer"),
        ("购买频次", "消费频次", "频次", "人均订单数", "购频"),
        by_category=True,
    ),
    Figure(
        c.number("visits_per_member", "Visits per member"), later("visits per member who ordered"),
        later("days with an order / members who ordered"), _over("visit_count", "buyer_count"),
        ("visits per member", "visits", "shopping days per member"), ("到店次数", "人均到店次数", "到店频次", "来店次数"),
    ),
    Figure(
        c.money("margin", "Margin"), later("margin"), later("sales less the cost of goods, of the sales whose unit cost is known"),
        pl.when(pl.col("costed_amount") != 0).then((pl.col("costed_margin_milli") + 500) // 1_000),
        ("margin", "gross margin", "gross profit", "profit"), ("毛利", "毛利额", "利润"),
        source="lines", adds=True, is_open=True, by_category=True,
    ),
    Figure(
        c.share("margin_share", "Margin share"), later("margin share"), later("margin / sales, of the sales whose unit cost is known"),
        _over(pl.col("costed_margin_milli") / 1_000, "costed_amount"),
        ("margin share", "margin rate", "gross margin rate", "margin percent"),
        ("毛利率", "利润率"), source="lines", is_open=True, by_category=True,
    ),
    Figure(
        c.money("returns", "Returns"), later("returns"), later("what was given back for goods on lines of returns"),
        pl.col("returned_amount"), ("returns", "refunds", "returned goods"), ("退货", "退货额", "退款", "退货金额"),
        source="lines", adds=True, is_open=True, by_category=True,
    ),
    Figure(
        c.share("return_share", "Return share"), later("return share"), later("returns / (sales + returns)"),
        _over("returned_amount", _OTHER_SALES), ("return rate", "return share", "refund rate"), ("退货率", "退款率"),
        source="lines", is_open=True, by_category=True,
    ),
    Figure(
        c.share("discount_share", "Discount share"), later("discount share"), later("discounts / (sales + discounts)"),
        _over("discount_amount", pl.col("sales") + pl.col("discount_amount")), ("discount share", "discount rate", "markdown rate"),
        ("折扣率", "让利率", "优惠占比"), is_open=True, by_category=True,
    ),
    Figure(
        c.members("members", "Members"), later("members"), later("members with an order in the scope up to the last day"),
        pl.col("member_count"), ("members", "how many members", "number of members", "member count", "customers",
        "size of the member base"),
        ("会员数", "会员人数", "会员总数", "多少会员", "会员量"), source="days", n=(),
    ),
    Figure(
        c.members("first_time_members", "First-time members"), later("first-time members"),
        later("members whose first order in the whole chain is in the period"), pl.col("first_time_count"),
        ("first-time members", "new members", "new customers", "members gained", "sign-ups", "recruited members"),
        ("新增会员", "首单会员", "新会员", "新客", "新增会员数", "拉新", "首购会员"), n=(),
    ),
    Figure(
        c.members("buyers", "Buyers"), later("members who ordered"), later("members with an order in the period"),
        pl.col("buyer_count"), ("buyers", "buying members", "members who ordered", "members who bought"),
        ("购买会员数", "消费会员数", "购买人数", "成交会员", "有消费会员"), n=(), by_category=True,
    ),
    Figure(
        c.share("repeat_rate", "Bought again"), later("repeat rate"), later("of the members who ordered: at least twice in the period"),
        _over("repeat_count", "buyer_count"), ("repeat rate", "repurchase rate", "repeat purchase rate", "retention"),
        ("复购率", "回购率", "重复购买率"), by_category=True,
    ),
    Figure(
        c.members("active_members", "Active members"), later("active members"),
        later("members who ordered within setting scope.active_days before the end of the period"), pl.col("active_count"),
        ("active members", "active customers", "actives"), ("活跃会员", "活跃会员数", "活跃人数"), source="days", n=(),
    ),
    Figure(
        c.share("active_share", "Share active"), later("share of active members"), later("active members / members"),
        _over("active_count", "member_count"), ("share of active members", "active share", "active rate", "activity rate"),
        ("活跃率", "会员活跃率", "活跃会员占比"), source="days", n=("member_count",),
    ),
    Figure(
        c.members("lapsing_members", "Lapsing members"), later("lapsing members"),
        later("members whose stage of life is lapsing at the end of the period (portrait.lifecycle)"), pl.col("lapsing_count"),
        ("lapsing members", "slipping members", "members at risk"),
        ("沉默会员", "流失预警会员", "将流失会员", "预流失会员"), source="stages", n=(),
    ),
    Figure(
        c.members("lapsed_members", "Lapsed members"), later("lapsed members"),
        later("members whose stage of life is lapsed at the end of the period (portrait.lifecycle)"), pl.col("lapsed_count"),
        ("lapsed members", "sleeping members", "dormant members", "lost members", "churned members"),
        ("沉睡会员", "流失会员", "已流失会员", "休眠会员"), source="stages", n=(),
    ),
    Figure(
        c.count("goods_sold", "Goods that sell"), later("goods that sell"), later("different goods that were sold in orders"),
        pl.col("goods_sold"), ("goods that sell", "products sold", "selling products", "active products"),
        ("动销", "动销品数", "动销品", "动销商品"),
        source="goods", is_open=True, by_category=True,
    ),
    Figure(
        c.share("goods_sold_share", "Share of goods that sell"), later("share of goods that sell"),
        later("goods that were sold in the period / goods that were ever sold in the chain"), _over("goods_sold", "goods_known"),
        ("share of goods that sell", "sell-through of the range", "share of products sold"), ("动销率", "商品动销率"),
        source="goods", is_open=True, by_category=True,
    ),
)  # fmt: skip
FIGURES: dict[str, Figure] = {figure.name: figure for figure in _FIGURES}
"""Every figure by its name, in the order of a menu."""


def figure_named(name: Any) -> Any:
    """Return the name of the figure that people call so, in either language; what is no text is left for the question to refuse.

    Raises
    ------
    UnknownName
        Nothing is called so; the nearest name is told.

    Example
    -------
    >>> figure_named("复购率"), figure_named("Average order value")
    ('repeat_rate', 'order_value')
    """
    if not isinstance(name, str):
        return name
    asked = " ".join(name.casefold().replace("_", " ").split())
    for figure in _FIGURES:
        if asked in (figure.name.replace("_", " "), figure.column.label.casefold(), *figure.words_en, *figure.words_zh):
            return figure.name
    raise unknown_name("figure", name, get_args(Metric))
