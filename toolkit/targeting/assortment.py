"""Assortment: which goods of a category could go without losing core members, and which they would miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.mart.margins import product_margins
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.core import CORE, LEAST_MONTHS, members_by_core
from toolkit.targeting.measures.goods import (
    By,
    Good,
    good_or_most_bought,
    no_categories,
    require_category,
    window_of,
)
from toolkit.targeting.measures.need_visits import LEAST_REPEATERS, CategoryVisits, Replaced, category_visits, replaced
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

_NAME = "targeting.assortment"
MOST_ALONE = 0.25
"""Share of buyers who take nothing else up to which a good may go, with the upper limit; above it, with the lower, it is to be kept."""
_NAMED = 3
_CHART_ROWS = 20
KEEP, ALONE, PARTLY = value("keep: core members would miss it"), value("nothing takes its place"), value("for some nothing takes its place")
MAY_GO, STAYS = value("may go: others take its place"), value("stays for one that may go")
UNKNOWN = value("not measured: too few to tell")
VERDICTS = (KEEP, ALONE, PARTLY, STAYS, MAY_GO, UNKNOWN)
_OF_CORE = {"hidden_by": "core_buyer_count"}
GOODS = c.table(
    "one row per good: those to keep first, by what their core buyers spend here; then those that may go, least at risk first",
    c.text("goods", "Goods"),
    c.text("verdict", "Verdict"),
    c.members("buyer_count", "Buyers"),
    c.money("sales", "Sales", "to members"),
    c.text("stand_ins", "What takes its place", "what the same members take in turn, hardly ever together", null="nothing known"),
    c.members("repeat_count", "Buyers seen twice or more", "with it or what takes its place; the shares rest on them"),
    c.share("other_share", "Of them, have taken another", "at least once in place of it", hidden_by="repeat_count"),
    c.interval(c.share("alone_share", "Would take nothing else", "of all buyers; seldom seen drawn to all", null="too few to tell")),
    c.money("risk_sales", "Sales at risk", "what they spend on it", null="too few to tell"),
    c.money("risk_margin", "Margin at risk", null="too few to tell, or a cost is not known"),
    c.members("core_buyer_count", "Core buyers", "heavy and steady buyers (`core_members`)", null="too few, or not measured"),
    c.share("core_alone_share", "Of them, nothing else", "core buyers who would take nothing else", **_OF_CORE),
    c.money("core_sales", "All that these spend", "on everything here: what is lost if they leave", **_OF_CORE),
)  # fmt: skip


@question(
    "targeting",
    "Which goods could go without losing core members?",
    words=(
        "assortment, range review, which goods may be delisted without losing members",
        "which goods can we drop without losing our best customers",
        "which goods must we keep for the core members",
        "品类精简 商品汰换 下架 不流失 核心会员",
    ),
    tables=GOODS,
    figures=(c.count("may_go_count", "Goods that may go"), c.count("keep_count", "Goods that core members would miss")),
)
def assortment(view: View, *, category: str = "", by: By = "product") -> Finding:
    """Return the goods of a category by whether others take their place: one row each, those that core members would miss first.

    Two goods take each other's place where the same members have them in turn and together in at most half of the visits that chance would
    make, beyond chance over all pairs. Of a good's buyers some have taken another in its place; of the others it is told how many would
    take nothing else, members seen seldom drawn to all. A good may go where that is at most a quarter of its buyers, and of its core
    buyers, with the upper limit; of two that stand in for each other one stays. The window is the past year (goods.window_days), or a
    period.

    Parameters
    ----------
    category
        The category; empty = the one in most orders.
    by
        `product`; `name` (products of one name together) or `brand`, where the products table has them. The 50 with most buyers are in.

    Raises
    ------
    UnknownName, BadValue
        There is no such category, or it is a product.

    Notes
    -----
    Sales are those to members. Source: `toolkit.models.stand_ins`; DEFINITIONS.md.

    Example
    -------
    >>> tk.targeting.assortment(ws, category="COFFEE").table            # doctest: +SKIP
    """
    none = no_categories(view, category, GOODS, tr("which goods could go"))
    if none is not None:
        return none
    good = require_category(good_or_most_bought(view, category, _NAME), category, _NAME)
    if by != "product" and not view.has_column("products", by):
        headline = view.say("{where}, goods by {by:word} are not measured: the products table names none.", by=by)
        return Finding(
            headline, GOODS.empty(), notes=[not_measured(view, "products", by, view.say("which goods could go by {by:word}", by=by))]
        )
    period = window_of(view)
    visits = category_visits(view, period, good.code, by, product_margins(view.workspace, view.mart))
    if visits.goods.height < 2:
        headline = view.say(
            "{where}, {window:in}, which goods of {label} could go is not measured: fewer than two were bought by {least} members.",
            window=period, label=good.label,
        )  # fmt: skip
        return unmeasured(GOODS, headline, tr("Choose a longer period, a larger scope, or `by='name'`."))
    found = replaced(visits, view.settings.goods.false_share)
    core = members_by_core(view, period).filter(pl.col("group") == CORE) if period.days >= LEAST_MONTHS * 28 else None
    table = GOODS.of(_rows(view, visits, found, core), view)
    counts = {verdict: table.frame.filter(pl.col("verdict") == verdict).height for verdict in VERDICTS}
    return Finding(
        headline=_headline(view, table, period, good, counts),
        table=table,
        chart=(lambda: _chart(view, table.frame, good, period)) if table.frame["alone_share"].count() else None,
        notes=_notes(view, visits, core is not None, counts),
        ask_next=[
            ("targeting.decision_tree", {"category": good.label, "by": by}),
            ("targeting.core_goods", {"level": "product"}),
            ("targeting.losing_goods", {}),
        ],
        figures={"may_go_count": float(counts[MAY_GO]), "keep_count": float(counts[KEEP])},
    )


def _rows(view: View, visits: CategoryVisits, found: list[Replaced], core: pl.DataFrame | None) -> pl.DataFrame:
    labels, margins = visits.goods["goods"].to_list(), visits.goods["margin"].to_list()
    spent = (core if core is not None else pl.DataFrame(schema={"member_code": pl.UInt32, "sales": pl.Int64})).select(
        "member_code", "sales"
    )
    rows = []
    for good, one in enumerate(found):
        sales = int(visits.goods["amount"][good])
        repeat = one.buyers.filter(pl.col("visits") > 1)
        row = {
            "good": good, "goods": labels[good], "buyer_count": int(visits.goods["buyer_count"][good]), "sales": sales / view.minor_units,
            "stand_ins": _listed([labels[other] for other in one.stand_ins]),
            "repeat_count": repeat.height, "verdict": UNKNOWN,
        }  # fmt: skip
        known = one.buyers.join(spent, on="member_code", how="inner")
        row["core_buyer_count"] = known.height if core is not None else None
        if repeat.height and one.stand_ins:
            row["other_share"] = repeat.filter(pl.col("instead") > 0).height / repeat.height
        verdict = _verdict(view, one, known)
        if one.found is not None and verdict != UNKNOWN:
            risk = float((one.buyers["amount"].clip(0) * one.buyers["chance"]).sum())
            row |= {
                "verdict": verdict, "alone_share": one.found.share, "alone_share_low": one.found.low, "alone_share_high": one.found.high,
                "risk_sales": risk / view.minor_units,
                "risk_margin": None if margins[good] is None or sales <= 0 else risk * margins[good] / sales / view.minor_units,
                "core_alone_share": known["chance"].mean(),
                "core_sales": float((known["sales"] * known["chance"]).sum()) / view.minor_units,
            }  # fmt: skip
        rows.append(row)
    frame = pl.DataFrame(rows, schema={"good": pl.Int64, **GOODS.schema})
    # Of goods that stand in for each other one has to stay: those with least at risk go first.
    going: set[int] = set()
    stays: list[int] = []
    for good in frame.filter(pl.col("verdict") == MAY_GO).sort("risk_sales", "sales", "goods")["good"]:
        (stays.append if going & set(found[good].stand_ins) else going.add)(good)
    verdict = pl.when(pl.col("good").is_in(stays)).then(pl.lit(STAYS)).otherwise("verdict")
    place = pl.col("verdict").replace_strict(list(VERDICTS), list(range(len(VERDICTS))), return_dtype=pl.Int64)
    at_stake = pl.when(place == 0).then("core_sales").when(place < 4).then("risk_sales").otherwise(-pl.col("risk_sales"))
    return (
        frame.with_columns(verdict.alias("verdict"))
        .sort(place, at_stake, "sales", "goods", descending=[False, True, True, False], nulls_last=True)
        .drop("good")
    )


def _listed(names: list[str]) -> str | None:
    return listing([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])]) or None


def _verdict(view: View, one: Replaced, core: pl.DataFrame) -> str:
    """What may be said of a good; `core` are its core buyers."""
    if one.found is None:
        return UNKNOWN
    alone = float(core["chance"].mean()) if core.height else 0.0  # type: ignore[arg-type]
    if one.found.low >= MOST_ALONE:
        return KEEP if core.height >= view.least and alone >= MOST_ALONE else ALONE
    if not one.stand_ins:
        return UNKNOWN
    return MAY_GO if one.found.high <= MOST_ALONE and alone <= MOST_ALONE else PARTLY


def _headline(view: View, table: AnswerTable, period: Period, good: Good, counts: dict[str, int]) -> str:
    keep, going = (table.frame.filter(pl.col("verdict") == verdict) for verdict in (KEEP, MAY_GO))
    first = going["goods"].first()
    return view.say(
        "{where}, {window:in}, of {all:good} of {label} core members would miss {keep}[any_kept?, most {kept}], and {going} could go: "
        "others take [one?its|their] place[any_going? (first {first}, with {risk:money} of {sales:money} at risk)]; of {unknown} too "
        "little is known.",
        window=period, all=table.height, label=good.label, keep=counts[KEEP], any_kept=bool(keep.height), kept=keep["goods"].first(),
        going=counts[MAY_GO], one=counts[MAY_GO] == 1, any_going=bool(going.height), first=first, risk=going["risk_sales"].first(),
        sales=going["sales"].first(), unknown=counts[UNKNOWN],
    )  # fmt: skip


def _notes(view: View, visits: CategoryVisits, has_core: bool, counts: dict[str, int]) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(
            tr(
                "What members took in turn shows what they may take again, not that they will. Take a good off the shelf in some stores "
                "that chance draws first, and compare."
            ),
            "REVIEW",
        ),
        tr("Goods that are for different trips, or that are taken together for a change, are not told to stand in for each other."),
    ]
    if counts[UNKNOWN]:
        notes.append(
            Note(
                view.say(
                    "Of {unknown:good} too little is known: fewer than {needed} buyers came twice for them or for what takes their place, "
                    "or other goods may take their place and their buyers had both too seldom to tell.",
                    unknown=counts[UNKNOWN], needed=LEAST_REPEATERS,
                ),
                "NOT MEASURED",
            )
        )  # fmt: skip
    if not has_core:
        notes.append(
            Note(
                view.say("Core members are not measured: the window is shorter than {months} months of 28 days.", months=LEAST_MONTHS),
                "NOT MEASURED",
            )
        )
    if visits.left_out:
        notes.append(
            view.say("{left_out:good} of fewer than {least} buyers, or beyond the 50 with most, are not in it.", left_out=visits.left_out)
        )
    return notes


def _chart(view: View, table: pl.DataFrame, good: Good, period: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table.drop_nulls("alone_share").head(_CHART_ROWS), label="goods", value="alone_share", low="alone_share_low",
        high="alone_share_high", n="repeat_count", kind="share", reference=MOST_ALONE, reference_title=tr("may go up to here"),
        title=view.say("Whose buyers would take nothing else: {label}", label=good.label),
        subtitle=view.say("{place}, {window:in}; share of buyers, with 95% intervals", window=period),
        value_title=tr("Would take nothing else"),
    )  # fmt: skip
