"""Stored value: what members have prepaid and not spent, how old it is, what lies still, and whether who prepays comes more often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import require_rows
from toolkit.language import tr, value
from toolkit.portrait.membership.like_others import BesideLike, beside_like
from toolkit.portrait.membership.prepaid import Prepaid, ages, months, prepaid
from toolkit.portrait.membership.tables import known_rows, may_contact, needed, strangers_note
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import list_cut_short
from toolkit.scope.sales import ratio, totals
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

LOADED, SPENT, OUTSTANDING = value("loaded"), value("spent"), value("outstanding")
BELOW, DORMANT = value("accounts below zero"), value("of it dormant")
PARTS = c.table(
    "one row per part of the accounts: loaded, spent, what is outstanding, what stands below zero, what of it lies still",
    c.text("part"),
    c.money("prepaid_amount", "Amount", "loaded - spent = outstanding - what stands below zero, to the cent"),
    c.money("window_amount", "In the window", "of sales figures", null="a balance"),
    c.members("member_count", "Members with any"),
    c.money("per_member", "Per member", null="nobody has any"),
    c.share(
        "share_of_sales", "Share of member sales", "what was spent in the window over sales of members then", null="a balance, or no sales"
    ),
)
AGES = c.table(
    "one row per age of the money that is outstanding, newest first; the oldest of a member is spent first",
    c.text("age"),
    c.money("prepaid_amount", "Outstanding"),
    c.share("amount_share", "Share of it", null="nothing is outstanding"),
    c.members("member_count", "Members with any"),
)
MONTHS = c.table(
    "one row per month since the first entry, oldest first",
    c.day("month", "Month", "its first day; the last may be part of a month"),
    c.members("member_count", "Members with an entry"),
    c.money("loaded", "Loaded"),
    c.money("spent", "Spent"),
    c.money("balance", "Balance at its end", "loaded less spent so far, accounts below zero counted below zero"),
)
MEMBERS = c.table(
    "one row per account, most money first: those that lie still, or those that stand below zero; to be kept as an audience",
    c.text("member_id", "Member"),
    c.money("balance", hidden_by=None),
    c.day("last_entry_on", "Last entry on"),
    c.days("still_days", "Days without an entry", hidden_by=None),
    c.flag("reachable", "May be contacted", null="the shop does not say who may be contacted"),
)


@question(
    "portrait",
    "What have members prepaid, and what of it lies still?",
    words=(
        "stored value, prepaid balance outstanding, liability",
        "top-ups and what was spent of them, dormant balance",
        "do members with a prepaid card come more often",
        "储值卡 储值余额 充值 预存 沉睡余额 储值负债",
    ),
    tables=(PARTS, AGES, MONTHS, MEMBERS),
    figures=(
        c.money("prepaid_balance", "Outstanding"),
        c.money("dormant_balance", "Dormant"),
        c.members("prepaid_members", "Members with a balance"),
        *c.interval(c.number("prepaid_difference_orders", "Orders beyond like others")),
    ),
)
def stored_value(view: View, *, show: Literal["part", "age", "month", "dormant", "below"] = "part", top: int = 100) -> Finding:
    """Return the prepaid accounts: their parts, the age of what is outstanding, months, or the accounts that lie still or stand below zero.

    What is outstanding is owed in full: nothing of it is written off here. Dormant is the balance of accounts without an entry for
    membership.dormant_days. An account that stood below zero at any time lacks entries: a broken export, said and counted. How often
    members order after their first load beside like others is an association: who loads money may have meant to come.

    Parameters
    ----------
    show
        `part`, `age`, `month`, or a list of accounts: `dormant`, `below` (zero).
    top
        Rows of a list at most; 0 = all.

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Source: ages by `models.point_lots` (first in, first out); like others by `models.held_or_not`.

    Example
    -------
    >>> tk.portrait.stored_value(ws, show="age").table                  # doctest: +SKIP
    """
    require_rows("portrait.stored_value", top)
    declared = {"age": AGES, "month": MONTHS, "dormant": MEMBERS, "below": MEMBERS}.get(show, PARTS)
    rows = known_rows(view, "stored_value")
    if rows is None or rows.is_empty():
        headline = view.say("{where}, what members have prepaid is not measured: no prepaid account is known.")
        advice = view.say("Needed: {table}.", table=needed("stored_value"))
        return unmeasured(declared, headline, advice, ask_next=[("portrait.paid_membership", {})])
    held = prepaid(rows, view.as_of - timedelta(days=view.settings.membership.dormant_days))
    began = rows.filter(pl.col("kind") == "loaded").group_by("member_id").agg(pl.col("day").min().alias("first_day")).sort("member_id")
    like = beside_like(view, began.with_columns(pl.col("member_id").cast(pl.String)), view.settings.membership.beside_days, "orders")
    accounts = {"dormant": held.dormant, "below": held.below}.get(show, held.accounts)
    frame = {
        "age": lambda: ages(held, view.as_of).with_columns(view.major("prepaid_amount").alias("prepaid_amount")),
        "month": lambda: months(held, view.as_of).with_columns(view.major(name).alias(name) for name in ("loaded", "spent", "balance")),
        "part": lambda: _parts(view, held),
    }.get(show, lambda: _accounts(view, accounts, top))()
    table = declared.of(frame, view)
    parts = PARTS.of(_parts(view, held), view)
    outstanding, dormant = parts.find(part=OUTSTANDING), parts.find(part=DORMANT)
    assert outstanding is not None
    assert dormant is not None
    return Finding(
        headline=view.say(
            "{where}, {holders:member} [one?has|have] {balance:money} prepaid and not spent: it is owed to them in full[still?; "
            "{dormant:money} of "
            "it has lain still for {membership.dormant_days} days][like?; in the {membership.beside_days} days after their first load "
            "they order "
            "{after:.1f} times, like others {expected:.1f} times: [unsure?no difference beyond chance|{difference:.1f} "
            "[more?more|fewer]]].",
            holders=outstanding["member_count"], one=outstanding["member_count"] == 1, balance=outstanding["prepaid_amount"],
            still=bool(dormant["prepaid_amount"]), dormant=dormant["prepaid_amount"], like=like is not None, after=like and like.after,
            expected=like and like.expected, unsure=like is not None and like.low <= 0 <= like.high,
            difference=like and abs(like.difference), more=like is not None and like.difference > 0,
        ),
        table=table,
        chart=(lambda: _chart(view, table, show)) if show in ("part", "age", "month") else None,
        notes=[
            *_notes(view, held, like),
            *(list_cut_short(view, accounts.height, top) if show in ("dormant", "below") else []),
            *strangers_note(view, rows, "stored_value"),
        ],
        ask_next=[
            ("portrait.stored_value", {"show": "age" if show != "age" else "month"}),
            ("portrait.stored_value", {"show": "dormant", "top": 0}),
            ("portrait.paid_membership", {}),
        ],
        figures={
            "prepaid_balance": outstanding["prepaid_amount"],
            "dormant_balance": dormant["prepaid_amount"],
            "prepaid_members": outstanding["member_count"],
            "prepaid_difference_orders": None if like is None else like.difference,
            "prepaid_difference_orders_low": None if like is None else like.low,
            "prepaid_difference_orders_high": None if like is None else like.high,
        },
    )  # fmt: skip


def _parts(view: View, held: Prepaid) -> pl.DataFrame:
    inside = pl.col("day").is_between(view.period.start, view.period.end)
    rows = []
    for part in (LOADED, SPENT):
        of_kind = held.entries.filter(pl.col("kind") == part)
        window = int(of_kind.filter(inside)["amount"].sum())
        share = ratio(window, totals(view).member_sales) if part == SPENT else None
        rows.append((part, int(of_kind["amount"].sum()), window, of_kind["member"].n_unique(), share))
    for part, accounts in ((OUTSTANDING, held.accounts.filter(pl.col("balance") > 0)), (BELOW, held.below), (DORMANT, held.dormant)):
        rows.append((part, abs(int(accounts["balance"].sum())), None, accounts.height, None))
    names = ("part", "prepaid_amount", "window_amount", "member_count", "share_of_sales")
    frame = pl.DataFrame(rows, schema=dict(zip(names, (pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Float64), strict=True)), orient="row")
    each = pl.when(pl.col("member_count") > 0).then(view.major("prepaid_amount") / pl.col("member_count")).alias("per_member")
    return frame.with_columns(
        each, view.major("prepaid_amount").alias("prepaid_amount"), view.major("window_amount").alias("window_amount")
    )


def _accounts(view: View, accounts: pl.DataFrame, top: int) -> pl.DataFrame:
    listed = accounts.sort(pl.col("balance").abs(), "member", descending=[True, False])
    listed = (listed.head(top) if top else listed).rename({"member": "member_id"})
    joined = listed.join(may_contact(view), on="member_id", how="left", maintain_order="left")
    still = (pl.lit(view.as_of) - pl.col("last_entry_on")).dt.total_days().cast(pl.Float64).alias("still_days")
    return joined.select("member_id", view.major("balance").alias("balance"), "last_entry_on", still, "reachable")


def _notes(view: View, held: Prepaid, like: BesideLike | None) -> list[str | Note]:
    notes: list[str | Note] = []
    if held.ever_below:
        text = view.say(
            "{ever:member} spent more than they had loaded by then ({below:minor} stands below zero today): entries are missing, or are "
            "wrong. "
            "The balance of all is too low by what is missing.",
            ever=held.ever_below, below=-int(held.below["balance"].sum()),
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if held.entries["kind"].n_unique() == 1:
        text = view.say(
            "All entries are [loads?loads and none is spent|spent and none is loaded]: half of the accounts is missing.",
            loads=held.entries["kind"][0] == LOADED,
        )
        notes.append(Note(text, "REVIEW"))
    notes.append(tr("Owed in full: what will never be asked for is not known, and is not taken off here."))
    if like is None:
        text = view.say(
            "How often who prepays comes, beside like others: {least} of each are needed, seen {membership.beside_days} days before and "
            "after "
            "their first load."
        )
        return [*notes, Note(text, "NOT MEASURED")]
    text = view.say(
        "An association: {members:member} ordered {before:.2f} times in the {membership.beside_days} days before their first load and "
        "{after:.2f} "
        "times after, like others {like_before:.2f} and {expected:.2f} times (difference after {difference:+.2f}, 95% interval "
        "{low:+.2f} to "
        "{high:+.2f}). Who loads money may have meant to come more often.",
        members=like.members, before=like.before, after=like.after, like_before=like.like_before, expected=like.expected,
        difference=like.difference, low=like.low, high=like.high,
    )  # fmt: skip
    return [*notes, Note(text, "REVIEW")]


def _chart(view: View, table: AnswerTable, show: str) -> alt.Chart | alt.LayerChart:
    if show == "month":
        from toolkit.charts.lines import lines_over_time

        return lines_over_time(
            table.frame, time="month", value="balance", kind="money", value_title=tr("Balance"),
            title=tr("What is prepaid and not spent"), subtitle=view.say("{place}, at the end of each month"),
        )  # fmt: skip
    from toolkit.charts.bars import ranked_bars

    title = tr("What is prepaid, by its age") if show == "age" else tr("The prepaid accounts")
    return ranked_bars(
        table.frame, label=show, value="prepaid_amount", n="member_count", kind="money", ranked=False, value_title=tr("Amount"),
        title=title, subtitle=view.say("{place}, {as_of}"),
    )  # fmt: skip
