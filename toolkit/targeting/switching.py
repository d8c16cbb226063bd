"""Switching between the goods of a category: who came from what, who went to what, each good's change accounted for exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.models.shares import Z95 as _Z95
from toolkit.models.volume_flows import PARTS, VolumeFlows, volume_flows
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.period import Period
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.measures.category_spend import OTHERS, category_spend
from toolkit.targeting.measures.compared import season_alike, season_notes
from toolkit.targeting.measures.goods import (
    By,
    good_or_most_bought,
    no_categories,
    require_category,
)
from toolkit.targeting.measures.member_list import the_row
from toolkit.targeting.measures.period_sales import parts_merged

if TYPE_CHECKING:
    import altair as alt

_NAME = "targeting.switching"
_CHART_ROWS = 12
WINS, LOSES, AS_CHANCE = value("won from other goods"), value("lost to other goods"), value("no more than chance")
MORE, LESS, NEW, LEFT = (
    value("more of the category"),
    value("less of the category"),
    value("new to the category"),
    value("left the category"),
)
_PART = {
    "new_sales": "New to the category", "lost_sales": "Left the category", "more_sales": "More of the category",
    "less_sales": "Less of the category", "switched_in_sales": "Switched in", "switched_out_sales": "Switched out",
}  # fmt: skip
_NULL = {"null": "of too few members: in few, together"}
BY_GOOD = c.table(
    "one row per good, most won from others first; the parts of a row add up to its change",
    c.text("goods", "Goods"),
    c.members(meaning="who bought it in either period"),
    c.money("sales_before", "Sales before", "to members"),
    c.money("sales", "Sales", "to members"),
    c.money("change_sales", "Change of sales"),
    *[c.money(f"{part}_sales", _PART[f"{part}_sales"], "a part of the change", **_NULL) for part in PARTS],
    c.money("few_sales", "few, together", "parts of too few members, so that a row still adds up"),
    c.interval(c.money("net_sales", "Net switched", "in less out")),
    c.text("verdict", "Verdict", "at most 5% of those won or lost are false, all goods counted"),
    c.text("most_with", "Most with", "the good by name that most was won from or lost to", null="none, or too few members"),
)
OF_GOOD = c.table(
    "one row per part of the good's change; together they are the change",
    c.text("part", "From or to"),
    c.members(meaning="who moved volume between the two, either way; or who is of the part"),
    c.money("part_sales", "Part of the change"),
    c.money("part_sales_low", "from", null="is no switching"),
    c.money("part_sales_high", "to", null="is no switching"),
    c.text("verdict", "Verdict", null="is no switching"),
)


@question(
    "targeting",
    "Who switched from which good to which?",
    words=(
        "brand switching with volumes, gains and losses of a good by source",
        "where did the buyers of a product come from and go to",
        "which goods take sales from each other",
        "品牌转换 转换分析 从哪些商品转来",
    ),
    tables=(BY_GOOD, OF_GOOD),
    figures=(c.money("switched_sales", "Net switched"), c.share("switched_share", "Net switched, share of sales before")),
)
def switching(view: View, *, category: str = "", by: By = "product", good: str = "", against: str | None = None) -> Finding:
    """Return how the sales of the goods of a category moved between two periods, to the cent: one row per good, or the parts of one good.

    Of a member who bought the category in both periods, a good's change is switched as far as its share of what they spend there changed,
    and more or less of the category as far as that spend did. Who bought it in one period alone is new to it or has left it. Net, goods
    that lost give to goods that won, in proportion to what single members moved between them. The periods are of like seasons (52 weeks
    apart) where the receipts reach back so far, else the period is held against the one just before.

    Parameters
    ----------
    category
        The category; empty = the one in most orders.
    by
        `product`; `name` (products of one name together) or `brand`, where the products table has them. Twenty are told apart.
    good
        One of the rows: its change by where it came from and went to.
    against
        The period to compare with, 'FIRST..LAST', or 'year'; empty = as above.

    Raises
    ------
    UnknownName, BadValue
        There is no such category, or good of it; it is a product; `against` does not lie before the period.

    Notes
    -----
    Sales to members alone, returns subtracted. Source: `models.volume_flows`; DEFINITIONS.md.

    Example
    -------
    >>> tk.targeting.switching(ws, category="COFFEE", by="brand").table  # doctest: +SKIP
    """
    none = no_categories(view, category, OF_GOOD if good else BY_GOOD, tr("switching between goods"))
    if none is not None:
        return none
    chosen = require_category(good_or_most_bought(view, category, _NAME), category, _NAME)
    table = OF_GOOD if good else BY_GOOD
    if by != "product" and not view.has_column("products", by):
        headline = view.say("{where}, switching by {by:word} is not measured: the products table names none.", by=by)
        return Finding(headline, table.empty(), notes=[not_measured(view, "products", by, view.say("switching by {by:word}", by=by))])
    before = season_alike(view, against, _NAME)
    if before.start < view.first_day:
        return unmeasured(
            table,
            view.say("{where}, switching is not measured: the receipts start on {first_day}, but the period to compare with is {before}.",
                     first_day=view.first_day, before=before),
            tr("Choose a shorter period or a later as_of."),
        )  # fmt: skip
    spend = category_spend(view, view.period, before, chosen.code, by)
    few = too_few(view, table, spend["member_code"].n_unique(), view.say("members bought {label}", label=chosen.label), window=view.period)
    if few is not None:
        return few
    names = spend["goods"].unique().sort()
    numbered = spend.join(pl.DataFrame({"goods": names, "good": range(len(names))}, schema_overrides={"good": pl.Int64}), on="goods")
    flows = volume_flows(numbered.drop("goods"), false_share=view.settings.goods.false_share)
    notes = [*season_notes(view, before), *_notes(view)]
    switched = int(flows.flows["amount"].sum())
    total = int(flows.goods["before"].sum())
    figures = {"switched_sales": switched / view.minor_units, "switched_share": switched / total if total > 0 else None}
    ask_next = [
        ("targeting.decision_tree", {"category": chosen.label, "by": by}),
        ("targeting.new_product", {}),
        ("targeting.gain_loss", {"by": "category"}),
    ]
    if good:
        number = names.to_list().index(the_row(good, names.to_list(), where=_NAME))
        shown = OF_GOOD.of(_of_good(view, flows, number, names.to_list()), view)
        headline = _headline_of(view, shown, flows.goods.row(number, named=True), names[number], before)
        return Finding(
            headline,
            shown,
            chart=lambda: _chart_of(view, shown.frame, names[number], before),
            notes=notes,
            ask_next=ask_next,
            figures=figures,
        )
    frame, merged = _by_good(view, flows, names.to_list())
    shown = BY_GOOD.of(frame, view)
    return Finding(
        headline=_headline(view, shown, chosen.label, before, figures),
        table=shown,
        chart=(lambda: _chart(view, flows.flows, names.to_list(), chosen.label, before)) if flows.flows.height else None,
        notes=[*notes, *merged],
        ask_next=[("targeting.switching", {"category": chosen.label, "by": by, "good": shown.frame["goods"][0]}), *ask_next],
        figures=figures,
    )


def _by_good(view: View, flows: VolumeFlows, names: list[str]) -> tuple[pl.DataFrame, list[str]]:
    net, error = pl.col("switched_in_sales") + pl.col("switched_out_sales"), _Z95 * pl.col("net_error")
    goods = flows.goods.with_columns(
        net.alias("net"), (net - error).alias("low"), (net + error).alias("high"), (pl.col("now") - pl.col("before")).alias("change")
    )
    goods, merged = parts_merged(view, goods, PARTS)
    named = flows.flows.filter(pl.col("member_count") >= view.least, *[pl.col(end) != _others(names) for end in ("source", "target")])
    ends = [
        named.select(pl.col(one).alias("good"), pl.col(other).alias("other")) for one, other in (("source", "target"), ("target", "source"))
    ]
    most = pl.concat(ends).unique("good", keep="first", maintain_order=True)  # the largest flows come first
    label = dict(enumerate(names))
    verdict = pl.when(~pl.col("is_clear")).then(pl.lit(AS_CHANCE)).when(pl.col("net") > 0).then(pl.lit(WINS)).otherwise(pl.lit(LOSES))
    money = {"sales_before": "before", "sales": "now", "change_sales": "change", "net_sales": "net", "net_sales_low": "low",
             "net_sales_high": "high", **{name: name for name in (*[f"{part}_sales" for part in PARTS], "few_sales")}}  # fmt: skip
    frame = goods.join(most, on="good", how="left", maintain_order="left").sort("net", "good", descending=[True, False])
    return frame.select(
        pl.col("good").replace_strict(label, return_dtype=pl.String).alias("goods"),
        "member_count",
        *[view.major(column).alias(name) for name, column in money.items()],
        verdict.alias("verdict"),
        pl.col("other").replace_strict(label, return_dtype=pl.String, default=None).alias("most_with"),
    ), merged


def _of_good(view: View, flows: VolumeFlows, number: int, names: list[str]) -> pl.DataFrame:
    """The parts of one good's change; what too few members moved stands together."""
    lost, label = pl.col("source") == number, dict(enumerate(names))
    sign = pl.when(lost).then(-1).otherwise(1)
    pairs = flows.flows.filter(lost | (pl.col("target") == number)).select(
        pl.when(lost).then("target").otherwise("source").replace_strict(label, return_dtype=pl.String).alias("part"),
        "member_count",
        (sign * pl.col("amount")).alias("amount"),
        *[
            pl.when(lost).then(-pl.col(one)).otherwise(pl.col(other)).alias(end)
            for end, one, other in (("low", "high", "low"), ("high", "low", "high"))
        ],
        pl.when(~pl.col("is_clear")).then(pl.lit(AS_CHANCE)).when(lost).then(pl.lit(LOSES)).otherwise(pl.lit(WINS)).alias("verdict"),
    )
    few = pairs.filter(pl.col("member_count") < view.least)
    if few.height and few["member_count"].sum() < view.least:  # with the smallest other one: alone they could be found from the rest
        few = pairs.sort("member_count").head(few.height + 1)
    together = few.select(pl.lit(tr("others ({held})", held=few.height)).alias("part"), pl.col("member_count", "amount").sum()).head(
        few.height
    )
    row = flows.goods.row(number, named=True)
    plain = [{"part": words, "member_count": row[f"{part}_count"], "amount": row[f"{part}_sales"]}
             for part, words in (("new", NEW), ("more", MORE), ("less", LESS), ("lost", LEFT))]  # fmt: skip
    whole = pl.concat(
        [pairs.join(few, on="part", how="anti", maintain_order="left"), together, pl.DataFrame(plain)], how="diagonal_relaxed"
    )
    money = {"part_sales": "amount", "part_sales_low": "low", "part_sales_high": "high"}
    return whole.select("part", "member_count", *[view.major(column).alias(name) for name, column in money.items()], "verdict")


def _headline(view: View, shown: AnswerTable, label: str, before: Period, figures: dict) -> str:
    won, lost = (shown.frame.filter(pl.col("verdict") == verdict) for verdict in (WINS, LOSES))
    best, worst = won.sort("net_sales", descending=True).head(1), lost.sort("net_sales").head(1)
    return view.say(
        "{where}, from {period} against {before}, {switched:money} of {label} net was switched between goods ({share:share} of the sales "
        "before)[winner?: {winner} won most from the others, {won:money} net[winner_with?, most from {winner_with}]][loser?; {loser} lost "
        "most to them, {lost:money} net][none?: no good won or lost more than chance].",
        before=before, switched=figures["switched_sales"], share=figures["switched_share"], label=label,
        winner=best["goods"].first(), won=best["net_sales"].first(), winner_with=best["most_with"].first(),
        loser=worst["goods"].first(), lost=-worst["net_sales"][0] if worst.height else None, none=not won.height and not lost.height,
    )  # fmt: skip


def _headline_of(view: View, shown: AnswerTable, row: dict, label: str, before: Period) -> str:
    clear = shown.frame.filter(pl.col("verdict").is_in([WINS, LOSES])).sort(pl.col("part_sales").abs(), descending=True).head(1)
    amount = float(clear["part_sales"][0]) if clear.height else None
    return view.say(
        "{where}, {label} sold {now:minor} to members from {period}, {before_sales:minor} from {before}: [other?{amount:money} net "
        "[won?came from|went to] {other}|it was switched with no other good beyond chance], {switched:minor} net of all switching.",
        label=label, now=row["now"], before_sales=row["before"], before=before, other=clear["part"].first(),
        amount=None if amount is None else abs(amount), won=(amount or 0) > 0,
        switched=row["switched_in_sales"] + row["switched_out_sales"],
    )  # fmt: skip


def _notes(view: View) -> list[str | Note]:
    return [
        tr(
            "The parts of a good add up exactly to its change; returns are subtracted. Receipts of non-members are not in it: nobody knows "
            "what they bought before."
        ),
        tr(
            "Switched means: a larger share of what the same member spends on the category. What members buy at random is in what came in "
            "and went out, and cancels in the net. Why they switched (price, offer, taste) it does not say."
        ),
    ]  # fmt: skip


def _chart(view: View, flows: pl.DataFrame, names: list[str], label: str, before: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    label_of = dict(enumerate(names))
    ends = [pl.col(end).replace_strict(label_of, return_dtype=pl.String) for end in ("source", "target")]
    drawn = flows.filter(pl.col("member_count") >= view.least).head(_CHART_ROWS)
    return ranges(
        drawn.select(pl.concat_str(ends[0], pl.lit(" → "), ends[1]).alias("flow"), "member_count",
                     *[view.major(name).alias(name) for name in ("amount", "low", "high")]),
        label="flow", value="amount", low="low", high="high", n="member_count", kind="money", reference=0.0,
        title=view.say("Switched between goods of {label}", label=label),
        subtitle=view.say("{place}, {period} against {before}; net, with 95% intervals; n = members", before=before),
        value_title=view.say("Net switched, {currency}"),
    )  # fmt: skip


def _others(names: list[str]) -> int:
    return names.index(OTHERS) if OTHERS in names else -1


def _chart_of(view: View, table: pl.DataFrame, label: str, before: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.filter(pl.col("part_sales") != 0), label="part", value="part_sales", n="member_count", kind="money",
        title=view.say("What changed the sales of {label}", label=label),
        subtitle=view.say("{place}, {period} against {before}", before=before),
        value_title=view.say("Part of the change, {currency}"),
    )  # fmt: skip
