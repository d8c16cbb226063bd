"""What differs from one method of offers to another is a `Method`; the way from its replays to an answer is one for all (`answered`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable, Row, Table
from toolkit.differentiation.measures.past import Past, break_even_note, contact_cost
from toolkit.language import later, tr
from toolkit.ledger.offer import Offer
from toolkit.models.replay import REPLAY, best_for_budget, reckon
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.view import View
from toolkit.wording import capital, value_of

if TYPE_CHECKING:
    import altair as alt

MONEY = (
    c.share("response_share", "Respond, assumed", "of what is within reach"),
    c.money("cost_amount", "Cost", "reductions of free riders, of what responds and what moves, and contacts"),
    c.money("extra_sales", "Extra sales, assumed", "of what responds"),
    c.money("net_amount", "Net", "margin of the extra sales less the cost", null="no margin is known"),
    c.share("break_even_share", "Sales must rise by", "for their margin to pay the cost", null="no margin is known, or no rise is enough"),
    c.share(
        "break_even_rate", "Must respond to pay", "of what is within reach", null="no margin is known, or even all of it would not pay"
    ),
    c.money("at_stake_amount", "Margin at stake", "margin of what free riders buy anyway", null="no margin is known"),
    c.flag("is_best", "Best for some budget", "no row that costs as little brings more"),
)
"""Columns that the table of every replay ends with."""
MONEY_OF_MEMBERS = tuple(column.of(hidden_by="free_rider_count") if column.name == "at_stake_amount" else column for column in MONEY)
"""The same where free riders are counted as members: what is at stake is the sales of these."""
BEST_NET = (c.money("method_net_amount", "Best net of the method"),)
"""The headline figure of every replay."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How replayed offers are told: a table with a row for each, ending in MONEY, and messages for `View.say` over one of its rows.

    `figures` are the columns before MONEY, made from replays; `keys` the columns of a replay that tell its rows apart (of equals, the
    smaller is better); `label` is the short English name of a row, a form over its columns.
    """

    table: Table
    figures: Callable[[View], Sequence[pl.Expr]]
    keys: tuple[str, ...]
    headline: str
    too_dear: str
    called: str
    label: str

    def label_of(self, view: View, row: Mapping[str, Any]) -> str:
        """Return the short name of a row."""
        return self.label.format_map({key: _plain(view, value) if isinstance(value, float) else value for key, value in row.items()})


@dataclass(frozen=True, kw_only=True)
class Method(Ranking):
    """A kind of offer: how one is replayed on the past, and what the past proposes.

    `replay` gives an offer as `reckon` takes it, one row per group of `past` (and category); `proposed` gives the replays that one is
    chosen from for all members together, and `text` says the chosen one as a plan writes it. `needs` says what an offer cannot be replayed
    without and the shop did not hand over (a sentence; None = all is there): nothing else is asked then. `own_contacts`: its replay says
    who is told of it; else every member is.
    """

    replay: Callable[[Past, Offer], pl.DataFrame]
    proposed: Callable[[Past], pl.DataFrame]
    text: Callable[[View, Mapping[str, Any]], str]
    needs: Callable[[Past, Offer | None], str | None] = lambda past, offer: None
    own_contacts: bool = False


def of_groups(past: Past, method: Method, offer: Offer, replayed: pl.DataFrame) -> pl.DataFrame:
    """Return the replay of an offer over the sales of its groups: one row per group of `past` that has a basket, as `reckon` takes it."""
    if "category_code" in replayed.columns:
        replayed = _over_goods(past, replayed)
    contacts = past.members.group_by(past.by).agg(pl.len().cast(pl.Int64).alias("member_count"))
    sales = past.baskets.group_by(past.by).agg(pl.col("amount").sum().alias("sales"))
    replayed = replayed.select(*past.by, *REPLAY, "margin_share", "response_share").join(contacts, on=past.by).join(sales, on=past.by)
    return replayed.select(
        *past.by,
        pl.col("sales").alias("base_amount"),
        *[name for name in REPLAY if name not in ("base_amount", "contact_count")],
        pl.col("contact_count" if method.own_contacts else "member_count").alias("contact_count"),
        "margin_share",
        "response_share",
        pl.lit(offer.text).alias("offer"),
        pl.lit(offer.method).alias("method"),
    ).sort(past.by)


def _over_goods(past: Past, replayed: pl.DataFrame) -> pl.DataFrame:
    """Sum a replay by category over the categories; margin and response weighted by the extra sales they speak of."""
    weight = pl.col("within_reach_amount") + 1
    mixed = [((pl.col(name) * weight).sum() / weight.sum()).alias(name) for name in ("margin_share", "response_share")]
    known = [pl.when(pl.col("margin_share").null_count() == 0).then(mixed[0]).alias("margin_share"), mixed[1]]
    return replayed.sort(*past.by, "category_code").group_by(past.by, maintain_order=True).agg(pl.col(REPLAY.names()).sum(), *known)


def reckoned(past: Past, replayed: pl.DataFrame) -> pl.DataFrame:
    """Return replays (columns of `reckon`) with their money in minor units, `worth` (net; top-ups less cost where no margin is known) and
    `is_best`: no other row that costs as much or less is worth as much."""
    settings = past.view.settings.offers
    cells = reckon(replayed, moved_share=settings.moved_share, contact_cost=contact_cost(past.view)[0])
    worth = pl.col("extra_amount") - pl.col("cost") if past.margin.share is None else pl.col("net")
    cells = cells.with_columns(worth.alias("worth"))
    return cells.with_columns(best_for_budget(cells, "worth"))


def ranked(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return replays, the one worth most first, the cheaper of equals, then by `keys`."""
    return cells.sort("worth", "cost", *keys, descending=[True] + [False] * (1 + len(keys)), nulls_last=True)


def answered(
    ranking: Ranking,
    past: Past,
    cells: pl.DataFrame,
    budget: float | None,
    *,
    notes: Sequence[str | Note],
    more_notes: Sequence[str | Note] = (),
    chart: Callable[[AnswerTable, Row | None], alt.Chart | alt.LayerChart],
    ask_next: Sequence[tuple[str, Mapping[str, Any]]],
    among: pl.Expr | None = None,
    top: int = 0,
    more: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda cell: {},
    money_notes: bool = True,
    figure: str = BEST_NET[0].name,
    **words: Any,
) -> Finding:
    """Return the answer from the replays `cells` (`reckoned`): the best within the budget (currency units) leads.

    The best is looked for `among` some rows, `top` rows are shown (0 = all). `notes` stand before what is said of the money,
    `more_notes` behind it. The net of the best is told as `figure`. Messages may name `words`, and what `more` gives from the replay of
    the row that they speak of.
    """
    view = past.view
    table = ranking.table.of(cells.select(*ranking.figures(view), *_money(view)), view)
    shown = cells.with_row_index("place").filter(table.frame["cost_amount"].is_not_null())
    if shown.is_empty():
        few = int(cells["contact_count"].max() or 0)  # type: ignore[arg-type]
        return too_few(view, ranking.table, few, tr("members may be contacted")) or nothing_to_replay(past, ranking.table, tr("offer"))
    rows = shown if among is None else shown.filter(among)
    fitting = ranked(rows if budget is None else rows.filter(pl.col("cost") <= budget * view.minor_units), ranking.keys)
    best, row = (fitting.row(0, named=True), table.row(fitting["place"][0])) if fitting.height else (None, None)
    words |= {"budget": budget, "n": rows.height, "baskets": past.baskets.height, "member_count": past.members.height}
    if best is None or row is None:
        row_of_cheapest = table.row(rows.sort("cost", *ranking.keys)["place"][0])
        headline = view.say(ranking.too_dear, row_of_cheapest, **words)
    else:
        headline = view.say(ranking.headline, row, **words, **_outcome(row), **more(best))
    of_money = _money_notes(ranking, past, table, best, row, words) if money_notes else []
    return Finding(
        headline=headline,
        table=table.cut(table.frame.head(top)) if top > 0 else table,
        chart=lambda: chart(table, row),
        notes=[*notes, *of_money, *more_notes],
        ask_next=ask_next,
        figures={figure: best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def _money(view: View) -> list[pl.Expr]:
    return [
        pl.col("response_share"),
        view.major("cost").alias("cost_amount"),
        view.major("extra_amount").alias("extra_sales"),
        view.major("net").alias("net_amount"),
        pl.col("break_even_lift").alias("break_even_share"),
        pl.col("break_even_rate"),
        view.major("at_stake_margin").alias("at_stake_amount"),
        pl.col("is_best"),
    ]


def _outcome(row: Row) -> dict[str, Any]:
    """What a headline asks of a row: whether it `leaves` something or `loses` it, or `no_margin` is known, and whether a rise is enough."""
    net = row["net_amount"]
    return {
        "no_margin": net is None,
        "leaves": net is not None and net > 0,
        "loses": net is not None and net <= 0,
        "loss": -(net or 0.0),
        "rise_pays": row["break_even_share"] is not None,
    }


def _money_notes(
    ranking: Ranking, past: Past, table: AnswerTable, best: Mapping[str, Any] | None, row: Row | None, words: Mapping[str, Any]
) -> list[str | Note]:
    """What is to be said of the best row, and of the best for each budget."""
    view, notes, known = past.view, list[str | Note](), past.margin.share is not None
    if best is not None and row is not None:
        called = view.say(ranking.called, row, **words)
        if known:
            notes.append(
                view.say(
                    "Of what is within reach of {called}: [can_pay?it pays once {break_even_rate} of them respond|it would not pay even if "
                    "all of them responded].[is_shown? Margin at stake, that of what free riders buy anyway: {at_stake_amount}.]",
                    row, called=called, can_pay=row["break_even_rate"] is not None, is_shown=row["at_stake_amount"] is not None,
                )
            )  # fmt: skip
        else:
            notes += break_even_note(view, best["cost"], best["base_amount"], called)
    if table.height > 1:
        front = list(table.cut(table.frame.filter(pl.col("is_best") & pl.col("cost_amount").is_not_null()).sort("cost_amount")).rows())
        named = [(value_of(table.frame.columns[0], ranking.label_of(view, each)), each) for each in front[:6]]
        offers = tr("; ").join(view.say("{called} from {cost_amount}", each, called=called) for called, each in named)
        notes.append(
            view.say(
                "Best per budget, by [known?net|extra sales less cost]: {offers}[is_cut?; ...].",
                known=known, offers=offers, is_cut=len(front) > 6,
            )
        )  # fmt: skip
    return notes


def nothing_to_replay(past: Past, table: Table, method: str, need: str = later("basket")) -> Finding:
    """Return the finding where there is nothing to replay a method on; `method` and `need` in the reader's language."""
    view, need = past.view, tr(need)
    return unmeasured(
        table,
        view.say(
            "{where}, nobody of {n:member} has a {need} in {period}: there is nothing to replay a {method} on.",
            n=past.members.height, need=need, method=method,
        ),
        view.say("{method}: no {need} in the window. Choose a longer period or more members.", method=capital(method), need=need),
    )  # fmt: skip


def money_bars(
    ranking: Ranking, past: Past, table: AnswerTable, *, n: str, most: int, title: str, subtitle: str, of_net: bool = True
) -> alt.Chart | alt.LayerChart:
    """Draw the net of the first `most` rows, their cost where no margin is known; `subtitle` is a message that names `what` is drawn."""
    view, known = past.view, of_net and past.margin.share is not None
    what = tr("Expected net") if known else tr("Cost")
    rows = list(table.cut(table.frame.head(most)).rows())
    drawn = table.frame.head(most).select(
        pl.Series("label", [ranking.label_of(view, row) for row in rows], pl.String), "net_amount" if known else "cost_amount", n
    )
    return ranked_bars(
        drawn, label="label", value=drawn.columns[1], n=n, kind="money", ranked=False, value_title=in_currency(what, view), title=title,
        subtitle=view.say(subtitle, what=what, n=past.baskets.height),
    )  # fmt: skip


def in_currency(what: str, view: View) -> str:
    """Return the title of an axis of money."""
    return view.say("{what}, {currency}", what=what)


def _plain(view: View, amount: float) -> str:
    """Return an amount as a person writes it: 100, 1.50."""
    return f"{amount:.0f}" if amount == int(amount) else f"{amount:.{len(str(view.minor_units)) - 1}f}"
