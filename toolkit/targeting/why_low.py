"""Why members do not come again: who was lost against what is usual, shared out by cause; each is measured, or said what it would need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import later, tr, value
from toolkit.models.shapley import whole_parts
from toolkit.portrait.measures.stages import lifecycle_limits
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.leaving import LEAST_LOST, PART, TOUCHED, WhyLeft, elsewhere, why_left_of
from toolkit.targeting.measures.touched import DEALS, FEEDBACK, GOODS, PRICES, RETURNS, SERVICES, STOCK, STORE, WORDS

if TYPE_CHECKING:
    import altair as alt

LOST, USUAL, REST = value("did not come again"), value("as is usual for such members"), value("not explained")
FOUND, NONE, UNKNOWN, SUM = value("found"), value("no more than usual"), value("not measured"), value("sum of the rows below")
CAUSES = c.table(
    "one row for all who did not come again, then one for each part of them: as is usual, each cause, what is not explained",
    c.text("cause", "Why"),
    c.text("reading", "How to read it", "found: beyond chance; no more than usual: measured, its part is 0; else see what is needed"),
    c.count("part_count", "Members", "an estimate but for the first row; the parts add up to it", null="not measured"),
    c.money("at_stake_spend", "Spend at stake", "of a quarter, at the pace of their half year before", null="not measured"),
    c.share("lost_share", "Share of the lost", null="not measured"),
    c.members("member_count", "Members who did not come again", "of the scope: the same in every row"),
    c.count("touched_count", "Baskets touched", "of the scope", null="of no cause"),
    c.index("risk_index", "Risk (1 = as like baskets)", "of the chain: losses after them over those of like ones", null="none is touched"),
    c.index("risk_index_low", "Risk from", "its 95% interval"),
    c.index("risk_index_high", "Risk to", "its 95% interval"),
    c.text("todo", "To do", null="nothing was found"),
    c.text("question", "Where it goes on", null="nothing was found"),
    c.text("needs", "What it would need", null="it is measured"),
)  # fmt: skip
BEFORE, ELSEWHERE = value("same season a year before"), value("other stores")
_TODO = {
    GOODS: (later("Look at the goods: quality, promise, price. Write to who bought them last."), "targeting.losing_goods"),
    RETURNS: (later("Ask why goods come back, and write to who brought some back and was not seen since."), "targeting.lost_members"),
    FEEDBACK: (later("Answer every bad rating in person, the latest first."), "targeting.lost_members"),
    SERVICES: (later("Solve the cases that are open, and say so to the member."), "targeting.lost_members"),
    STOCK: (later("Tell them that their favourite is there again, and keep it on the shelf."), "targeting.lost_members"),
    PRICES: (later("Look at the prices that rose; write to them of goods still at their price."), "targeting.lost_members"),
    STORE: (later("Tell them of the nearest store that is open, or of the online shop."), "targeting.lost_members"),
    DEALS: (later("Plan offers that need a second visit instead of a lower price, and hold some out."), "targeting.lost_members"),
}  # fmt: skip


@dataclass(frozen=True)
class _Compared:
    """The chance of a loss that is usual for each basket, and where from; None where nothing is there to compare with."""

    usual: np.ndarray | None
    by: str


@question(
    "targeting",
    "Why do members not come again?",
    words=(
        "why is our repurchase rate low, why is the repeat rate low",
        "why do members leave, reasons for losing customers, causes of churn",
        "what makes people stay away",
        "为什么复购率低 会员为什么不回来 流失原因",
    ),
    tables=CAUSES,
    figures=(
        c.members("lost_member_count", "Members who did not come again"),
        c.money("lost_spend", "Spend of those who did not come again"),
        c.share("explained_share", "Share with a cause"),
    ),
)
def why_low(view: View) -> Finding:
    """Return why members did not come again: all who were lost, then what is usual, each cause, and what is not explained.

    Baskets of a year (leaving.window_days) are judged, up to the day from which the lapsed limit has passed: a member is lost after a
    basket that no order follows within it; who came later than that is not judged. What touches a basket (a good in it, a bad rating after
    it, ...) is compared with like baskets that nothing found touches: of the same store and season, of members who had come as often and as
    fast, worth as much with as many goods as dear. Found is what is beyond chance and at least leaving.least_ratio times as frequent. Usual
    is what such members did in other stores (of a store or region), or in the same season a year before (of the chain), without the causes
    found.

    Notes
    -----
    Lost = usual + causes + not explained, exactly. With p the chance of a loss in a like basket and q what a cause adds to it, of a loss
    p / (p + q1 + q2 ...) is due to none and q1 / (p + q1 + q2 ...) to the first: competing risks, of which each takes as many of a hundred
    whoever they are (`models.shared_out`). A good is found as in `models.why_left`. It is an association: the page says what would make it
    more.

    Example
    -------
    >>> tk.targeting.why_low(ws).table                                  # doctest: +SKIP
    """
    found = why_left_of(view)
    if found is None:
        return _unmeasured(view)
    baskets = in_scope(view, found)
    lost = baskets.filter("lost")
    few = too_few(view, CAUSES, lost.height, tr("members did not come again"))
    if few is not None:
        return few
    compared = _compared(view, found, baskets)
    table = CAUSES.of(_rows(view, found, baskets, lost, compared), view)
    causes = table.frame.filter(pl.col("reading") == FOUND)
    return Finding(
        headline=_headline(view, found, table, compared),
        table=table,
        chart=lambda: _chart(view, table.frame),
        notes=_notes(view, found, compared, baskets),
        ask_next=[*_next_steps(causes), ("portrait.lifecycle", {}), ("targeting.slipping", {})],
        figures={
            "lost_member_count": float(lost.height),
            "lost_spend": table.frame["at_stake_spend"][0],
            "explained_share": float(causes["part_count"].sum() or 0) / lost.height,
        },
    )


def in_scope(view: View, found: WhyLeft) -> pl.DataFrame:
    """Return the baskets judged that are of the scope, and of the period if one was asked for."""
    baskets = found.baskets
    if view.scope.is_place:
        baskets = baskets.join(view.orders.select("store_code").unique().collect(), on="store_code", how="semi", maintain_order="left")
    if view.scope.audience is not None:
        baskets = baskets.join(view.members.select("member_code"), on="member_code", how="semi", maintain_order="left")
    return baskets if view.period.is_default else baskets.filter(pl.col("day").is_between(view.period.start, view.period.end))


def _compared(view: View, found: WhyLeft, baskets: pl.DataFrame) -> _Compared:
    if view.scope.audience is not None:
        return _Compared(None, "")
    if view.scope.is_place:
        others = found.baskets.join(baskets.select("store_code").unique(), on="store_code", how="anti")
        return _Compared(elsewhere(others, baskets), ELSEWHERE)
    before = baskets["usual_before"]
    return _Compared(None if before.null_count() else before.to_numpy(), BEFORE)


def _rows(view: View, found: WhyLeft, baskets: pl.DataFrame, lost: pl.DataFrame, compared: _Compared) -> pl.DataFrame:
    """The rows of `CAUSES`, whole members and minor units that add up."""
    money = lost["at_stake"].to_numpy()
    parts = [lost[f"{PART}{name}"].to_numpy() for name in ("none", *found.found)]
    sums = np.array([[part.sum() for part in parts], [(part * money).sum() for part in parts]])
    if compared.usual is None:
        usual, rest = np.full(2, np.nan), sums[:, 0]
    else:
        usual = np.array([compared.usual.sum(), (compared.usual * baskets["at_stake"].to_numpy()).sum()])
        rest = sums[:, 0] - usual
    columns = np.column_stack([np.nan_to_num(usual), sums[:, 1:], rest])
    whole = whole_parts(columns, np.array([lost.height, round(money.sum())]))
    is_known = compared.usual is not None
    rows: list[dict[str, Any]] = [
        {"cause": LOST, "reading": SUM, "part_count": lost.height, "at_stake": round(money.sum())},
        {"cause": USUAL, "reading": compared.by if is_known else UNKNOWN, "needs": None if is_known else _needed(view, found)}
        | ({"part_count": whole[0, 0], "at_stake": whole[1, 0]} if is_known else {}),
    ]
    tests = {row["cause"]: row for row in found.causes.iter_rows(named=True)}
    rows += [_cause_row(name, whole[:, place], tests.get(name), found, baskets) for place, name in enumerate(found.found, start=1)]
    rows.sort(key=lambda row: -row["at_stake"] if row["reading"] == FOUND else -(10**18))
    measured = [name for name in (GOODS, *tests) if name not in found.found]
    rows += [_cause_row(name, np.zeros(2, np.int64), tests.get(name), found, baskets) for name in measured]
    rows += [{"cause": WORDS[name], "reading": UNKNOWN, "needs": why} for name, why in found.missing.items()]
    rows.append({"cause": REST, "reading": None, "part_count": whole[0, -1], "at_stake": whole[1, -1]})
    names = ("cause", "reading", "part_count", "at_stake", "touched_count", "risk_index", "risk_index_low", "risk_index_high")
    frame = pl.DataFrame(
        [{name: row.get(name) for name in (*names, "todo", "question", "needs")} for row in rows], infer_schema_length=None
    )
    share, count = pl.col("part_count") / lost.height, pl.lit(lost.height).alias("member_count")
    return frame.with_columns(view.major("at_stake").alias("at_stake_spend"), share.alias("lost_share"), count).drop("at_stake")


def _cause_row(name: str, part: np.ndarray, test: dict[str, Any] | None, found: WhyLeft, baskets: pl.DataFrame) -> dict[str, Any]:
    is_found = name in found.found
    row: dict[str, Any] = {
        "cause": WORDS[name],
        "reading": FOUND if is_found else NONE,
        "part_count": int(part[0]),
        "at_stake": int(part[1]),
    }
    row["touched_count"] = int(baskets[f"{TOUCHED}{name}"].sum())
    if test is not None:
        row |= {"risk_index": test["ratio"], "risk_index_low": test["low"], "risk_index_high": test["high"]}
    elif is_found:
        row["risk_index"] = float(found.goods["lost_count"].sum()) / float(found.goods["expected"].sum())
    return row | ({"todo": tr(_TODO[name][0]), "question": _TODO[name][1]} if is_found else {})


def _needed(view: View, found: WhyLeft) -> str:
    if view.scope.audience is not None:
        return tr("an audience is chosen by what its members did: nobody else is like them")
    if view.scope.is_place:
        return tr("{least} members lost in other stores are needed", least=LEAST_LOST)
    return tr("receipts from {day} on are needed", day=found.window.before_from)


def _headline(view: View, found: WhyLeft, table: AnswerTable, compared: _Compared) -> str:
    usual = table.find(cause=USUAL)
    causes = table.frame.filter(pl.col("reading") == FOUND)
    best = table.find(cause=causes["cause"][0]) if causes.height else None
    return view.say(
        "{where}, {lost:member} of {start} to {end} did not come again within {lost_days} days, and {at_stake:money} a quarter with them"
        "[is_known?: {usual:,} as is usual for such members [is_before?in the same season a year before|in other stores]]. "
        "[cause?The largest cause that can be told is {cause:word}: {part:member} and {part_money:money} a quarter|No cause can be told "
        "apart from chance].",
        None, lost=table.frame["part_count"][0], at_stake=table.frame["at_stake_spend"][0], start=found.window.start, end=found.window.end,
        lost_days=found.window.lost_days, usual=usual["part_count"] if usual else None, is_known=compared.usual is not None,
        is_before=compared.by == BEFORE, cause=best["cause"] if best else None, part=best["part_count"] if best else None,
        part_money=best["at_stake_spend"] if best else None,
    )  # fmt: skip


def _next_steps(causes: pl.DataFrame) -> list[tuple[str, dict[str, str]]]:
    """What goes on, cause by cause, the largest first."""
    names = [next(name for name, words in WORDS.items() if words == cause) for cause in causes["cause"]]
    return [("targeting.losing_goods", {}) if name == GOODS else ("targeting.lost_members", {"cause": name}) for name in names]


def _notes(view: View, found: WhyLeft, compared: _Compared, baskets: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(
            tr(
                "Baskets that were touched go with members who stay away; that the one brings about the other is not shown. A trial would: "
                "mend it for half of the stores (or members) that chance draws, and compare."
            ),
            "REVIEW",
        ),
        view.say(
            "Judged are {baskets:,} shopping days of members. Those after {end} are not: their members may still come within {lost_days} "
            "days (the lapsed limit), and receipts end where they end.",
            baskets=baskets.height, end=found.window.end, lost_days=found.window.lost_days,
        ),
        tr(
            "Parts add up: lost = usual + causes + not explained. Of a loss each cause has the part that it has of the chance of it: it is "
            "assumed that causes add up, whoever they touch. Not explained is below 0 where fewer left than is usual."
        ),
    ]  # fmt: skip
    if compared.usual is None:
        told = view.say("What is usual for such members: {needed}. It is in what is not explained.", needed=_needed(view, found))
        notes.append(Note(told, "NOT MEASURED"))
    if found.unsure:
        notes.append(
            view.say(
                "{unsure:good} only seem[is_one?s] to lose people, among those who came for the first time: who comes a single time has "
                "goods of their own. Not called.",
                unsure=found.unsure, is_one=found.unsure == 1,
            )
        )  # fmt: skip
    notes += [
        Note(view.say("{cause:word}: needed {why}.", cause=WORDS[name], why=why), "NOT MEASURED") for name, why in found.missing.items()
    ]
    return notes


def _unmeasured(view: View) -> Finding:
    limits = lifecycle_limits(view)
    advice = view.say(
        "Why members do not come again: [days?{least} members must be lost, after baskets that lie {days} days (the lapsed limit) back|"
        "the lapsed limit is not known]. Import more receipts.",
        days=limits.lapsed_days, least=LEAST_LOST,
    )  # fmt: skip
    headline = view.say("{where}, why members do not come again cannot be told: too few were lost so far, or the receipts are too short.")
    return unmeasured(CAUSES, headline, advice, ask_next=[("portrait.lifecycle", {})])


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.filter(pl.col("part_count") != 0, pl.col("cause") != LOST),
        label="cause",
        value="at_stake_spend",
        n="part_count",
        kind="money",
        ranked=False,
        title=view.say("Why members did not come again: {place}"),
        subtitle=view.say("spend of a quarter, at the pace of their half year before"),
        value_title=view.say("At stake, {currency}"),
    )
