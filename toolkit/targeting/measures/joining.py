"""From the public to membership, as far as receipts and the members table show."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import tr, value
from toolkit.scope.phrases import not_measured
from toolkit.scope.sales import ratio, within
from toolkit.scope.view import View
from toolkit.targeting.measures.shares import known_share, share_text

_OF_EVERYBODY, _OF_MEMBERS = value("orders of everybody"), value("orders of members")
_JOINED, _ORDERED, _TWICE = value("members who joined"), value("joined and ordered"), value("joined and ordered twice")
JOINING = c.table(
    "one row per step from the public to membership",
    c.text("step", "Step"),
    c.members("count", "Count", "orders, or members who joined; so few orders are hidden too"),
    c.share("step_share", "Of the step before", "of the step named in `of`"),
    c.text("of", "Of"),
)


def joining(view: View) -> Finding:
    """Return what `journey(show="joining")` answers: one row per step."""
    orders = view.orders.filter("is_order", within(view.period)).select(pl.col("member_code").is_not_null().alias("by_member")).collect()
    whole, by_member = orders.height, int(orders["by_member"].sum())
    rows: list[tuple[str, int, float | None, str | None]] = [
        (_OF_EVERYBODY, whole, None, None),
        (_OF_MEMBERS, by_member, ratio(by_member, whole), _OF_EVERYBODY),
    ]
    notes: list[str | Note] = [
        tr("An order without a member is not a person: how many people of the public there are, receipts do not say.")
    ]
    if view.scope.audience is not None:
        rows = [(_OF_MEMBERS, by_member, None, None)]
        notes.append(
            Note(tr("Share of the public: an audience holds no orders of the public. Ask for the chain or a store."), "NOT MEASURED")
        )
    joined, bought = None, 0
    if "joined_on" not in view.members.columns or not view.members["joined_on"].count():
        notes.append(not_measured(view, "members", "joined_on", tr("who joined, and what they did next")))
    else:
        table = view.workspace.table("members")
        assert table is not None
        inside = pl.col("joined_on").is_between(view.period.start, view.period.end)
        joined = table.filter(inside).select("member_id").collect().height if view.scope.is_chain else None
        fresh = view.members.filter(inside)
        bought, again = (fresh.filter(pl.col("order_count") >= least).height for least in (1, 2))
        if joined is not None:
            rows.append((_JOINED, joined, None, None))
        else:
            notes.append(tr("Members who joined and never ordered belong to no store or audience: they show for the chain alone."))
        rows.append((_ORDERED, bought, ratio(bought, joined), _JOINED if joined is not None else None))
        rows.append((_TWICE, again, ratio(again, bought), _ORDERED))
        notes.append(tr("Whoever joined late in the window has had little time for a second order."))
    if view.scope.audience is not None:
        headline = view.say("{where}, {orders:order} from {period} were made by these members.", orders=by_member)
    else:
        headline = view.say(
            "{where}, {by_members:share} of {orders:order} from {period} were made by members[; {joined:member} joined[, of whom {ordered} "
            "ordered]].",
            by_members=ratio(by_member, whole), orders=whole, joined=joined,
            ordered=share_text(known_share(view, bought, joined or 0)),
        )  # fmt: skip
    table = JOINING.of(pl.DataFrame(rows, schema=JOINING.schema, orient="row"), view)
    return Finding(headline=headline, table=table, notes=notes, ask_next=[("targeting.paths", {})])
