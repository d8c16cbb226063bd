"""What replays of all methods share once they are counted: their money, the best of them, and the words for it."""

from __future__ import annotations

from typing import Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.past import Past, break_even_note, contact_cost
from toolkit.language import later, tr
from toolkit.models.replay import best_for_budget, reckon
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import capital, money, share, some, value_of

MONEY = pl.Schema(
    {
        "response_share": pl.Float64,
        "cost_amount": pl.Float64,
        "extra_sales": pl.Float64,
        "net_amount": pl.Float64,
        "break_even_share": pl.Float64,
        "break_even_rate": pl.Float64,
        "at_stake_amount": pl.Float64,
        "is_best": pl.Boolean,
    }
)
"""Columns that the table of every replay ends with."""


def reckoned(past: Past, replayed: pl.DataFrame) -> pl.DataFrame:
    """Return replays (columns of `reckon`) with their money in minor units, `worth` (net; top-ups less cost where no margin is known) and
    `is_best`: no other row that costs as much or less is worth as much."""
    settings = past.view.settings.offers
    cells = reckon(replayed, moved_share=settings.moved_share, contact_cost=contact_cost(past.view)[0])
    worth = pl.col("extra_amount") - pl.col("cost") if past.margin.share is None else pl.col("net")
    cells = cells.with_columns(worth.alias("worth"))
    return cells.with_columns(best_for_budget(cells, "worth"))


def money_columns(view: View) -> list[pl.Expr]:
    """Return the expressions of the columns MONEY, in currency units."""
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


def best_of(view: View, cells: pl.DataFrame, budget: float | None, *ties: str) -> dict[str, Any] | None:
    """Return the row worth most within the budget (currency units), the cheaper of equals, then by `ties`; None where none fits."""
    inside = cells if budget is None else cells.filter(pl.col("cost") <= budget * view.minor_units)
    keys = ["worth", "cost", *ties]
    ranked = inside.sort(keys, descending=[True] + [False] * (len(keys) - 1), nulls_last=True)
    return ranked.row(0, named=True) if ranked.height else None


def too_dear(view: View, cells: pl.DataFrame, budget: float, what: str, called: str) -> str:
    """Return the headline for a budget that nothing fits."""
    least = float(cells["cost"].min())  # type: ignore[arg-type]
    return tr(
        "{where}, none of {what} fits a budget of {budget}: the cheapest, {called}, costs {least}.",
        where=where(view),
        what=what,
        budget=money(budget, view.currency),
        called=called,
        least=view.money(least),
    )


def outcome(view: View, row: dict[str, Any], response: str, *, what: str = later("sales")) -> str:
    """Return the end of a headline: what it costs and leaves.

    `response` says in words what is assumed to happen, `what` which sales the break-even is measured against.
    """
    said, what = tr("it costs {cost}", cost=view.money(row["cost"])), tr(what)
    if row["net"] is None:
        return tr(
            "{said} for {extra_amount} of extra sales; what that leaves is not known without a margin.",
            said=said,
            extra_amount=view.money(row["extra_amount"]),
        )
    if row["net"] > 0:
        return tr(
            "{said} and leaves {net} net, if {response_share} of {response}.",
            said=said,
            net=view.money(row["net"]),
            response_share=share(row["response_share"]),
            response=response,
        )
    rise = (
        tr("{what} must rise by {break_even_lift}", what=what, break_even_lift=share(row["break_even_lift"]))
        if row["break_even_lift"] is not None
        else tr("no rise of {what} is enough", what=what)
    )
    return tr(
        "{said} and loses {net}: to pay for itself {rise}. Doing nothing is better on these figures.",
        said=said,
        net=view.money(-row["net"]),
        rise=rise,
    )


def in_currency(what: str, view: View) -> str:
    """Return the title of an axis of money."""
    return tr("{what}, {currency}", what=what, currency=view.currency)


def amount_text(column: str, minor_units: int) -> pl.Expr:
    """Return minor units as a person writes them: 100, 1.50."""
    major = pl.col(column) / minor_units
    cents = pl.format(
        "{}.{}", pl.col(column) // minor_units, (pl.col(column) % minor_units).cast(pl.String).str.zfill(len(str(minor_units)) - 1)
    )
    return pl.when(pl.col(column) % minor_units == 0).then(major.cast(pl.Int64).cast(pl.String)).otherwise(cents)


def money_notes(past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, called: str, name: pl.Expr) -> list[str | Note]:
    """Return the notes on the best row, `called` so, and on the best for each budget; `name` is the column of what a row is called."""
    view, notes = past.view, list[str | Note]()
    if best is not None and past.margin.share is None:
        notes += break_even_note(view, best["cost"], best["base_amount"], called)
    elif best is not None:
        rate = best["break_even_rate"]
        needed = (
            tr("it would not pay even if all of them responded")
            if rate is None
            else tr("it pays once {rate} of them respond", rate=share(rate))
        )
        notes.append(
            tr(
                "Of what is within reach of {called}: {needed}. Margin at stake, that of what free riders buy anyway: {at_stake_margin}.",
                called=called,
                needed=needed,
                at_stake_margin=view.money(best["at_stake_margin"]),
            )
        )
    front = cells.filter("is_best").sort("cost").select(name, "cost")
    column = front.columns[0]
    said = [tr("{called} from {cost}", called=value_of(column, text), cost=view.money(cost)) for text, cost in front.head(6).iter_rows()]
    if cells.height > 1:
        what = tr("net") if past.margin.share is not None else tr("extra sales less cost")
        more = tr("; ...") if front.height > 6 else ""
        notes.append(tr("Best per budget, by {what}: {said}{more}.", what=what, said=tr("; ").join(said), more=more))
    return notes


def nobody(view: View, past: Past, method: str, schema: pl.Schema, *, need: str = later("basket")) -> Finding:
    """Return the finding where there is nothing to replay on."""
    n, need = some(past.members.height, "member"), tr(need)
    return Finding(
        headline=tr(
            "{where}, nobody of {n} has a {need} in {period}: there is nothing to replay a {method} on.",
            where=where(view),
            n=n,
            need=need,
            period=view.period,
            method=method,
        ),
        table=schema.to_frame(),
        notes=[
            Note(
                tr(
                    "{method}: no {need} in the window. Choose a longer period or more members.",
                    method=capital(method),
                    need=need,
                ),
                "NOT MEASURED",
            )
        ],
    )
