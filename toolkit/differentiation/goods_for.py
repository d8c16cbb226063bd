"""Goods for a purpose: which ones to offer an audience, ranked by factors that are all shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.goods_factors import FACTORS, Candidates, candidates
from toolkit.errors import BadValue
from toolkit.language import later, tr, trn, value, word
from toolkit.registry import question
from toolkit.scope.period import Period, days_in
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.core import core_goods
from toolkit.targeting.measures.goods import labels_of, window_of
from toolkit.wording import listing, share, some

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
)
def goods_for(view: View, *, purpose: Purpose = "add_one_more", level: Level = "category", top: int = 30) -> Finding:
    """Return goods for the members in scope and a purpose: one row per good, highest score first.

    The score is the weighted mean of the good's places among all goods compared, factor by factor (1 = the best, 0 = the last; equal ones
    alike); the weights of the purpose are a setting (playbook.weights) and stand in the notes. What is not measured in this shop leaves
    its weight to the other factors; a good for which a factor is not known has a place in the middle. Left out: goods that more than half
    of the audience has bought too recently (playbook.recent_most_share, recent_days, recent_wait_share), those out of stock, and those
    without the factor that the purpose turns on (price to trade up, stock to clear, novelty to launch).

    Parameters
    ----------
    purpose
        `win_back` (what they used to buy), `trade_up` (a step dearer), `add_one_more` (goes with what they buy), `clear_stock` (long stock
        that they like), `launch` (new goods).
    level
        `category` or `product`.
    top
        Rows of the table at most; 0 = all.

    Returns
    -------
    Answer
        Table columns: `goods`; `score` (0..1); `buyer_count` (members in scope who bought it in the window; null where too few to say),
        `affinity_rate` (0..1, share of the audience that buys it, shrunk to the chain's), `affinity_index` (against the chain's);
        `margin_share` (0..1 of sales); `attach_index` (at least so many times as often as by chance in one order with `goes_with`, one of
        the goods they buy most; 1 = no attach found), `attach_count` (orders with both); `on_hand_count`, `stock_days` (days of cover at
        the pace of the last 91 days); `new_sales_share` (0..1, category: sales from goods launched lately) or `launched_days` (product:
        days since launch); `price_tier_index` (product: its price against its category's usual one), `price_fit` (0..1, to what they pay,
        one step above it to trade up); `recent_share` (0..1 of the audience: bought it too recently); `is_core_good` (core members buy it
        anyway: it needs no offer). Null = not measured.

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
    if top < 0:
        raise BadValue(tr("differentiation.goods_for: top is {top}; a number of rows was needed, or 0 for all.", top=top))
    period = Period(view.first_day, view.as_of) if purpose == "win_back" else window_of(view)
    step = view.settings.playbook.trade_up_step if purpose == "trade_up" else 1.0
    found = candidates(view, period, level, price_step=step)
    open_, left_out = _open(view, found, purpose, level)
    scored, weights = _scored(view, found, open_, purpose, level)
    table = _shown(view, scored, level)
    if table.is_empty():
        return _nothing(view, period, table, left_out)
    return Finding(
        headline=_headline(view, table, purpose, left_out, _LEADING.get(purpose) if _LEADING.get(purpose) in found.missing else None),
        table=table.head(top) if top else table,
        chart=lambda: _chart(view, table, purpose),
        notes=_notes(view, found, weights, period, purpose, table, top, left_out),
        ask_next=[
            ("differentiation.goods_for", {"purpose": purpose, "level": "product" if level == "category" else "category"}),
            ("targeting.attach", {"goods": table["goods"][0]}) if level == "category" else ("targeting.core_goods", {"level": "product"}),
            ("differentiation.next_best", {}),
        ],
        figures={"goods_compared": float(scored.height), "best_score": float(table["score"][0])},
    )


def _open(view: View, found: Candidates, purpose: Purpose, level: Level) -> tuple[pl.DataFrame, dict[str, int]]:
    """The goods that may be offered, and how many were left out for which reason."""
    settings, goods = view.settings, found.table
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
    if purpose == "launch" and "novelty" not in found.missing:
        reasons[value("not new")] = ~rare & ~is_new.fill_null(False)
    leading = _LEADING.get(purpose)
    if leading in ("price", "stock") and leading not in found.missing:
        reasons[_WITHOUT[leading]] = ~rare & pl.col(_FACTS[leading]).is_null()
    counts = {reason: goods.filter(mask).height for reason, mask in reasons.items()}
    return goods.filter(~pl.any_horizontal(reasons.values())), {reason: count for reason, count in counts.items() if count}


def _newness(level: Level) -> str:
    return "new_sales_share" if level == "category" else "launched_days"


def _scored(view: View, found: Candidates, goods: pl.DataFrame, purpose: Purpose, level: Level) -> tuple[pl.DataFrame, dict[str, float]]:
    """Goods with `score`, and the weights in force: those of the purpose, of what is measured in this shop, with a sum of 1."""
    given = view.settings.playbook.weights[purpose].model_dump()
    measured = {name: weight for name, weight in given.items() if weight > 0 and name not in found.missing}
    total = sum(measured.values())
    weights = {name: weight / total for name, weight in measured.items()} if total else {"affinity": 1.0}
    places = [_place(view, name, purpose, level).alias(f"{name}_place") for name in weights]
    ranked = goods.with_columns(places)
    known = pl.sum_horizontal(
        pl.when(pl.col(f"{name}_place").is_not_null()).then(weight).otherwise(0.0) for name, weight in weights.items()
    )
    counted = pl.sum_horizontal(pl.col(f"{name}_place").fill_null(0) * weight for name, weight in weights.items())
    scored = ranked.with_columns(pl.when(known > 0).then(counted / known).alias("score"))
    return scored.sort("score", "good", descending=[True, False], nulls_last=True), weights


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


def _shown(view: View, goods: pl.DataFrame, level: Level) -> pl.DataFrame:
    names = labels_of(view, level, [*goods["good"], *goods["goes_with"].drop_nulls()])
    core = view.chainwide(f"core-good-names-{level}", lambda chain: _core_names(chain, level), "goods", "scope", "value")
    sure = core["goods"].drop_nulls().to_list() if core.height else None

    def called(column: str) -> pl.Expr:
        return pl.col(column).cast(pl.Int64).replace_strict(names, default=None, return_dtype=pl.String)

    is_core = pl.lit(None, pl.Boolean) if sure is None else pl.col("goods").is_in(sure)
    return goods.with_columns(called("good").alias("goods"), called("goes_with").alias("goes_with")).select(
        "goods", "score", "buyer_count", "affinity_rate", "affinity_index", "margin_share", "attach_index", "goes_with", "attach_count",
        "on_hand_count", "stock_days", _newness(level), "price_tier_index", "price_fit", "recent_share", is_core.alias("is_core_good"),
    )  # fmt: skip


def _core_names(chain: View, level: Level) -> pl.DataFrame:
    """Names of the core goods; one row without a name where there are none, no row where they are not measured."""
    table = core_goods.function(chain, level=level).frame
    if "is_core_good" not in table.columns or table.is_empty():
        return pl.DataFrame(schema={"goods": pl.String})
    return pl.concat([pl.DataFrame({"goods": [None]}, schema={"goods": pl.String}), table.filter("is_core_good").select("goods")])


def _headline(view: View, table: pl.DataFrame, purpose: Purpose, left_out: dict[str, int], lacking: str | None) -> str:
    best = table.row(0, named=True)
    why = [tr("{affinity_rate} of them buy it", affinity_rate=share(best["affinity_rate"]))] if best["buyer_count"] is not None else []
    if best["attach_index"] is not None and best["attach_index"] > 1:
        why.append(tr("it goes with {goes_with}", goes_with=best["goes_with"]))
    if best["margin_share"] is not None:
        why.append(tr("it leaves a margin of {margin_share}", margin_share=share(best["margin_share"])))
    if best["stock_days"] is not None:
        why.append(tr("there is stock for {stock_days:,.0f} days", stock_days=best["stock_days"]))
    if best.get("launched_days") is not None and purpose == "launch":
        why.append(tr("it was launched {launched_days:,.0f} days ago", launched_days=best["launched_days"]))
    recent = left_out.get(_JUST_BOUGHT, 0)
    rest = trn(
        "; {goods} most of them bought just now is left out",
        "; {goods} most of them bought just now are left out",
        recent,
        goods=some(recent, "good"),
    )
    others = listing(table["goods"][1:3].to_list())
    return tr(
        "{where}, to {purpose} offer {members} {goods} first ({why}){others}{rest}{unmeasured}.",
        where=where(view),
        purpose=tr(_SAID[purpose]),
        members=some(view.members.height, "member"),
        goods=best["goods"],
        why=_clauses(why),
        others=tr(", then {others}", others=others) if others else "",
        rest=rest if recent else "",
        unmeasured=tr("; {lacking}, on which this turns, is not measured", lacking=word(lacking)) if lacking else "",
    )


def _notes(
    view: View, found: Candidates, weights: dict[str, float], period: Period, purpose: Purpose, table: pl.DataFrame, top: int,
    left_out: dict[str, int],
) -> list[str | Note]:  # fmt: skip
    given = view.settings.playbook.weights[purpose].model_dump()
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    said = listing([tr("{factor} {weight}", factor=word(name), weight=share(weight, 0)) for name, weight in ranked])
    notes: list[str | Note] = [
        tr(
            "Weights to {purpose} (setting playbook.weights, a judgement and not a measurement): {weights}.",
            purpose=tr(_SAID[purpose]),
            weights=said,
        ),
        tr(
            "Affinity rests on {members} in scope who bought something {days_in}, pulled to the chain's as if "
            "{affinity_prior_members:g} members of it stood beside them.",
            members=some(found.buyers, "member"),
            days_in=days_in(period),
            affinity_prior_members=view.settings.playbook.affinity_prior_members,
        ),
    ]
    for factor in FACTORS:
        if factor in found.missing:
            spread = (
                tr("; its weight ({weight}) goes to the others", weight=share(given[factor] / sum(given.values()), 0))
                if given[factor] > 0
                else ""
            )
            said = tr("{factor}: {why}{spread}.", factor=word(factor).capitalize(), why=found.missing[factor], spread=spread)
            notes.append(Note(said, "NOT MEASURED"))
    if left_out:
        notes.append(tr("Left out: {reasons}.", reasons=_reasons(left_out)))
    core = int(table["is_core_good"].sum()) if table["is_core_good"].null_count() == 0 else None
    if core:
        notes.append(
            tr(
                "{core_goods} in the list: core members buy them anyway, so an offer mostly gives money away.",
                core_goods=some(core, "core good"),
            )
        )
    elif core is None:
        notes.append(Note(tr("Core goods: too few core members, or too short a time, to tell them."), "NOT MEASURED"))
    if top and table.height > top:
        notes.append(tr("The table lists {top:,} of {goods:,} goods; top=0 lists all.", top=top, goods=table.height))
    notes.append(tr("The order says what fits, not what an offer would bring: only a campaign with a holdout tells that."))
    return notes


def _clauses(said: list[str]) -> str:
    """Return short sentences as one: a, b and c."""
    text = said[0] if said else ""
    for more in said[1:-1]:
        text = tr("{said}, {more}", said=text, more=more)
    return tr("{said} and {more}", said=text, more=said[-1]) if len(said) > 1 else text


def _reasons(left_out: dict[str, int]) -> str:
    return listing([tr("{count:,} {reason}", count=count, reason=word(reason)) for reason, count in left_out.items()])


def _nothing(view: View, period: Period, table: pl.DataFrame, left_out: dict[str, int]) -> Finding:
    why = _reasons(left_out) or tr("nothing was bought")
    return Finding(
        headline=tr(
            "{where}, no goods are left to offer {members} ({days_in}): {why}.",
            where=where(view),
            members=some(view.members.height, "member"),
            days_in=days_in(period),
            why=why,
        ),
        table=table,
        notes=[Note(tr("Choose a longer period, another purpose or level, or change the settings playbook.recent_days."), "NOT MEASURED")],
        ask_next=[("targeting.core_goods", {})],
    )


def _chart(view: View, table: pl.DataFrame, purpose: Purpose) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.head(_CHART_GOODS), label="goods", value="score", n="buyer_count", kind="index", value_title=tr("Score"),
        title=tr("Goods to {purpose}", purpose=tr(_SAID[purpose])),
        subtitle=tr("{place}, as of {as_of}; n = buyers in scope", place=view.place, as_of=view.as_of),
    )  # fmt: skip
