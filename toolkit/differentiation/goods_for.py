"""Goods for a purpose: which ones to offer an audience, ranked by factors that are all shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Column, Table
from toolkit.differentiation.measures.goods_factors import FACTORS, Candidates, candidates
from toolkit.errors import require_rows
from toolkit.language import later, tr, value, word
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.core import core_goods
from toolkit.targeting.measures.goods import labels_of, level_of_shop, window_of
from toolkit.wording import clauses, listing

if TYPE_CHECKING:
    import altair as alt

Purpose = Literal["win_back", "trade_up", "add_one_more", "clear_stock", "launch"]
Level = Literal["category", "product"]

_SAID = {
    "win_back": later("win them back"),
    "trade_up": later("trade them up"),
    "add_one_more": later("add one more to their basket"),
    "clear_stock": later("clear stock"),
    "launch": later("launch what is new"),
}
_JUST_BOUGHT = value("bought too recently by most of them")
_FACTS = {
    "affinity": "affinity_rate",
    "margin": "margin_share",
    "attach": "attach_index",
    "stock": "stock_days",
    "novelty": "",
    "price": "price_fit",
}
_LEADING = {"trade_up": "price", "clear_stock": "stock", "launch": "novelty"}
"""The factor that a purpose turns on: goods for which it is not measured are left out, where the shop has it at all."""
_WITHOUT = {"price": value("without a known price"), "stock": value("without a known stock")}
_CHART_GOODS = 15
_MIDDLE = 0.5
_DOUBTFUL = ("margin", "stock")
"""A good of which they are not known may not win."""
_BOTH = value("margin and stock")


def _table(rows: str, newness: Column) -> Table:
    return c.table(
        rows,
        c.text("goods"),
        c.number("score", "Score", "0..1", hidden_by=None),
        c.text("middling", "Counted as middling", "what counts for the purpose and is not known of it", null="nothing"),
        c.members("buyer_count", "Buyers", "members in scope who bought it in the window", null="too few to say"),
        c.share("affinity_rate", "Share who buy it", "of the audience, shrunk to the chain's", hidden_by=None),
        c.index("affinity_index", "Against all members", "against the chain's share", hidden_by=None),
        c.share("margin_share", "Margin", "of sales", null="not known", hidden_by=None),
        c.index("attach_index", "Goes along (times as by chance)", "at least so often in one order with `goes_with`; 1 = no attach found",
                null="no good goes with what they buy most", hidden_by=None),
        c.text("goes_with", "Goes with", "one of the goods they buy most"),
        c.count("attach_count", "Orders with both", hidden_by=None),
        c.count("on_hand_count", "In stock", null="not known", dtype=pl.Float64, hidden_by=None),
        c.days("stock_days", "Days of stock", "at the pace of the last 91 days", null="not known", hidden_by=None),
        newness,
        c.index("price_tier_index", "Price tier index", "of a product: its price against its category's usual one", hidden_by=None),
        c.number("price_fit", "Price fit", "0..1, to what they pay, one step above it to trade up", null="not known", hidden_by=None),
        c.share("recent_share", "Bought too recently", "of the audience"),
        c.flag("is_core_good", "Core good", "core members buy it anyway: it needs no offer", null="core goods are not measured"),
        note=False,
    )  # fmt: skip


GOODS: dict[Level, Table] = {
    "category": _table(
        "one row per category, highest score first",
        c.share("new_sales_share", "Sales from new goods", "from goods launched lately", null="not known", hidden_by=None),
    ),
    "product": _table(
        "one row per product, highest score first", c.days("launched_days", "Days since launch", null="not known", hidden_by=None)
    ),
}


@question(
    "differentiation",
    "Which goods should we offer these members, for this purpose?",
    words=(
        "goods to win back members, to trade up, to add one more to the basket",
        "which products to promote to an audience",
        "what to put into a campaign, clear stock, launch new products",
        "choose goods by affinity, margin, stock and novelty",
        "选品 给谁推什么商品",
        "which goods for win back, for trade up",
    ),
    tables=tuple(GOODS.values()),
    figures=(c.count("goods_compared", "Goods compared"), c.number("best_score", "Best score")),
)
def goods_for(view: View, *, purpose: Purpose = "add_one_more", level: Level = "category", top: int = 30) -> Finding:
    """Return goods for the members in scope and a purpose: one row per good, highest score first.

    The score is the weighted mean of the good's places among all goods compared, factor by factor (1 = the best, 0 = the last; equal ones
    alike); the weights of the purpose are a setting (playbook.weights) and stand in the notes. What is not measured in this shop leaves
    its weight to the other factors. A good for which a factor is not known has the middle place, 0.5, there; one whose margin or stock is
    not known is named so and stands behind the best good of which both are known, as far as the purpose weighs them. Left out: goods that
    more than half of the audience has bought too recently (playbook.recent_most_share, recent_days, recent_wait_share), those out of stock,
    and those without the factor that the purpose turns on (price to trade up, stock to clear, novelty to launch).

    Parameters
    ----------
    purpose
        `win_back` (what they used to buy), `trade_up` (a step dearer), `add_one_more` (goes with what they buy), `clear_stock` (long stock
        that they like), `launch` (new goods).
    level
        `category` or `product`.
    top
        Rows of the table at most; 0 = all.

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Attach: targeting.bought_together. Core goods: targeting.core_goods, of the chain. Affinity: (buyers + k p) / (members + k), with p the
    chain's share and k = playbook.affinity_prior_members.

    Example
    -------
    >>> tk.differentiation.goods_for(ws, audience="stage = 'lapsed'", purpose="win_back").table           # doctest: +SKIP
    """
    require_rows("differentiation.goods_for", top)
    level, instead = level_of_shop(view, level)
    period = Period(view.first_day, view.as_of) if purpose == "win_back" else window_of(view)
    step = view.settings.playbook.trade_up_step if purpose == "trade_up" else 1.0
    factors = candidates(view, period, level, price_step=step)
    open_, left_out = _open(view, factors, purpose, level)
    scored, weights = _scored(view, factors, open_, purpose, level)
    table = _shown(view, scored, level)
    if not table.height:
        found = _nothing(view, period, level, left_out)
        return replace(found, notes=[*instead, *found.notes])
    leading, best = _LEADING.get(purpose), table.row()
    return Finding(
        headline=_headline(view, table, purpose, left_out, leading if leading in factors.missing else None),
        table=table.cut(table.frame.head(top)) if top else table,
        chart=lambda: _chart(view, table, purpose),
        notes=[*instead, *_notes(view, factors, weights, period, purpose, table, top, left_out)],
        ask_next=[
            ("differentiation.goods_for", {"purpose": purpose, "level": "product" if level == "category" else "category"}),
            ("targeting.attach", {"goods": table.row()["goods"]})
            if level == "category"
            else ("targeting.core_goods", {"level": "product"}),
            ("differentiation.next_best", {}),
        ],
        figures={"goods_compared": float(scored.height), "best_score": best["score"]},
    )


def _open(view: View, factors: Candidates, purpose: Purpose, level: Level) -> tuple[pl.DataFrame, dict[str, int]]:
    """The goods that may be offered, and how many were left out for which reason."""
    settings, goods = view.settings, factors.table
    new = _newness(level)
    is_new = (pl.col(new) > 0) if level == "category" else (pl.col(new) <= settings.playbook.novelty_days)
    rare = pl.col("all_buyer_count") < settings.goods.minimum_baskets
    if level == "product":  # what is new has few buyers yet
        rare &= ~is_new.fill_null(False)
    reasons = {
        value("bought by too few to compare"): rare,
        _JUST_BOUGHT: ~rare & (pl.col("recent_share") > settings.playbook.recent_most_share),
        value("out of stock"): ~rare & (pl.col("on_hand_count").fill_null(1) <= 0),
    }
    if purpose == "launch" and "novelty" not in factors.missing:
        reasons[value("not new")] = ~rare & ~is_new.fill_null(False)
    leading = _LEADING.get(purpose)
    if leading in ("price", "stock") and leading not in factors.missing:
        reasons[_WITHOUT[leading]] = ~rare & pl.col(_FACTS[leading]).is_null()
    counts = {reason: goods.filter(mask).height for reason, mask in reasons.items()}
    return goods.filter(~pl.any_horizontal(reasons.values())), {reason: count for reason, count in counts.items() if count}


def _newness(level: Level) -> str:
    return "new_sales_share" if level == "category" else "launched_days"


def _scored(view: View, factors: Candidates, goods: pl.DataFrame, purpose: Purpose, level: Level) -> tuple[pl.DataFrame, dict[str, float]]:
    """Goods with `score`, and the weights in force: those of the purpose, of what is measured in this shop, with a sum of 1."""
    given = view.settings.playbook.weights[purpose].model_dump()
    measured = {name: weight for name, weight in given.items() if weight > 0 and name not in factors.missing}
    total = sum(measured.values())
    weights = {name: weight / total for name, weight in measured.items()} if total else {"affinity": 1.0}
    places = [_place(view, name, purpose, level).alias(f"{name}_place") for name in weights]
    ranked = goods.with_columns(places)
    counted = pl.sum_horizontal(pl.col(f"{name}_place").fill_null(_MIDDLE) * weight for name, weight in weights.items())
    no_margin, no_stock = (pl.col(_FACTS[name]).is_null() if name in weights else pl.lit(False) for name in _DOUBTFUL)
    doubt = pl.when(no_margin & no_stock).then(pl.lit(_BOTH)).when(no_margin).then(pl.lit("margin")).when(no_stock).then(pl.lit("stock"))
    scored = ranked.with_columns(counted.alias("score"), doubt.alias("middling"))
    # What is not known may not win: no better than the best of which it is known.
    best_known = pl.col("score").filter(pl.col("middling").is_null()).max()
    capped = pl.when(pl.col("middling").is_null()).then("score").otherwise(pl.min_horizontal("score", best_known))
    in_doubt = pl.col("middling").is_not_null()
    return scored.with_columns(capped.alias("score")).sort("score", in_doubt, "good", descending=[True, False, False]), weights


def _place(view: View, factor: str, purpose: Purpose, level: Level) -> pl.Expr:
    """The good's place among all, 0..1: (mean rank - 1/2) / n."""
    column = pl.col(_FACTS[factor] or _newness(level))
    if factor == "affinity" and purpose == "launch":  # few have bought what is new: what counts is how much more they like such goods
        column = pl.col("affinity_index")
    if factor == "novelty" and level == "product":
        column = -column.clip(None, view.settings.playbook.novelty_days)
    if factor == "stock" and purpose != "clear_stock":  # enough is enough
        column = column.clip(None, view.settings.playbook.stock_days)
    return (column.rank("average") - 0.5) / column.count()


def _shown(view: View, goods: pl.DataFrame, level: Level) -> AnswerTable:
    names = labels_of(view, level, [*goods["good"], *goods["goes_with"].drop_nulls()])
    core = view.chainwide(f"core-good-names-{level}", lambda chain: _core_names(chain, level), "goods", "scope", "value")
    sure = core["goods"].drop_nulls().to_list() if core.height else None

    def called(column: str) -> pl.Expr:
        return pl.col(column).cast(pl.Int64).replace_strict(names, default=None, return_dtype=pl.String)

    is_core = pl.lit(None, pl.Boolean) if sure is None else pl.col("goods").is_in(sure)
    named = goods.with_columns(called("good").alias("goods"), called("goes_with").alias("goes_with")).with_columns(
        is_core.alias("is_core_good")
    )
    return GOODS[level].of(named.select(GOODS[level].schema.names()), view)


def _core_names(chain: View, level: Level) -> pl.DataFrame:
    """Names of the core goods; one row without a name where there are none, no row where they are not measured."""
    table = core_goods.function(chain, level=level).frame
    if table.is_empty():
        return pl.DataFrame(schema={"goods": pl.String})
    return pl.concat([pl.DataFrame({"goods": [None]}, schema={"goods": pl.String}), table.filter("is_core_good").select("goods")])


def _headline(view: View, table: AnswerTable, purpose: Purpose, left_out: dict[str, int], lacking: str | None) -> str:
    best = table.row()
    recent = left_out.get(_JUST_BOUGHT, 0)
    reasons = {
        view.say("{affinity_rate} of them buy it", best): best["buyer_count"] is not None,
        view.say("it goes with {goes_with}", best): (best["attach_index"] or 0) > 1,
        view.say("it leaves a margin of {margin_share}", best): best["margin_share"] is not None,
        view.say("there is stock for {stock_days:,.0f} days", best): best["stock_days"] is not None,
        view.say("it was launched {launched_days:,.0f} days ago", best, launched_days=best.get("launched_days")): (
            best.get("launched_days") is not None and purpose == "launch"
        ),
        tr("its margin is not known"): best["middling"] in ("margin", _BOTH),
        tr("its stock is not known"): best["middling"] in ("stock", _BOTH),
    }
    return view.say(
        "{where}, to {purpose} offer {members:member} {goods} first ({why})[others?, then {others}][; {recent:good} most of them bought "
        "just now [is_one?is|are] left out][lacking?; {lacking:word}, on which this turns, is not measured].",
        best, purpose=tr(_SAID[purpose]), members=view.members.height, why=clauses([why for why, holds in reasons.items() if holds]),
        others=listing(table.frame["goods"][1:3].to_list()), recent=recent, is_one=recent == 1, lacking=lacking,
    )  # fmt: skip


def _notes(
    view: View, factors: Candidates, weights: dict[str, float], period: Period, purpose: Purpose, table: AnswerTable, top: int,
    left_out: dict[str, int],
) -> list[str | Note]:  # fmt: skip
    given = view.settings.playbook.weights[purpose].model_dump()
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    weighed = listing([view.say("{factor:word} {weight:.0%}", factor=name, weight=weight) for name, weight in ranked])
    notes: list[str | Note] = [
        view.say(
            "Weights to {purpose} (setting playbook.weights, a judgement and not a measurement): {weights}.",
            purpose=tr(_SAID[purpose]), weights=weighed,
        ),
        view.say(
            "Affinity rests on {buyers:member} in scope who bought something {window:in}, pulled to the chain's as if "
            "{playbook.affinity_prior_members:g} members of it stood beside them.",
            buyers=factors.buyers, window=period,
        ),
    ]  # fmt: skip
    for factor in FACTORS:
        if factor in factors.missing:
            unmeasured_factor = view.say(
                "{factor}: {why}[; its weight ({weight:.0%}) goes to the others].",
                factor=word(factor).capitalize(), why=factors.missing[factor], weight=given[factor] / sum(given.values()),
            )  # fmt: skip
            notes.append(Note(unmeasured_factor, "NOT MEASURED"))
    for factor in (name for name in _DOUBTFUL if name in weights):
        unknown = table.frame.filter(pl.col("middling").is_in([factor, _BOTH])).height
        if unknown:
            doubt = view.say(
                "{factor}: not known of {unknown} of {goods:good} in the list; there they count as middling, and none of them stands "
                "before the best good of which it is known[no_known?; of no good is all known].",
                factor=word(factor).capitalize(), unknown=unknown, goods=table.height, no_known=not table.frame["middling"].null_count(),
            )  # fmt: skip
            notes.append(Note(doubt, "REVIEW" if 2 * unknown > table.height else None))
    if left_out:
        notes.append(view.say("Left out: {reasons}.", reasons=_reasons(view, left_out)))
    is_core = table.frame["is_core_good"]
    if is_core.null_count():
        notes.append(Note(tr("Core goods: too few core members, or too short a time, to tell them."), "NOT MEASURED"))
    elif core := int(is_core.sum()):
        notes.append(
            view.say("{core:core good} in the list: core members buy them anyway, so an offer mostly gives money away.", core=core)
        )
    if top and table.height > top:
        notes.append(view.say("The table lists {top} of {goods} goods; top=0 lists all.", top=top, goods=table.height))
    notes.append(tr("The order says what fits, not what an offer would bring: only a campaign with a holdout tells that."))
    return notes


def _reasons(view: View, left_out: dict[str, int]) -> str:
    return listing([view.say("{count} {reason:word}", count=count, reason=reason) for reason, count in left_out.items()])


def _nothing(view: View, period: Period, level: Level, left_out: dict[str, int]) -> Finding:
    return unmeasured(
        GOODS[level],
        view.say(
            "{where}, no goods are left to offer {members:member} ({window:in}): {why}.",
            members=view.members.height, window=period, why=_reasons(view, left_out) or tr("nothing was bought"),
        ),
        tr("Choose a longer period, another purpose or level, or change the settings playbook.recent_days."),
        ask_next=[("targeting.core_goods", {})],
    )  # fmt: skip


def _chart(view: View, table: AnswerTable, purpose: Purpose) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.frame.head(_CHART_GOODS), label="goods", value="score", n="buyer_count", kind="index", value_title=tr("Score"),
        title=view.say("Goods to {purpose}", purpose=tr(_SAID[purpose])), subtitle=view.say("{place}, as of {as_of}; n = buyers in scope"),
    )  # fmt: skip
