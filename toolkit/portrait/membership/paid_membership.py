"""Paid membership: who holds a plan, who renews it, and whether what members save in it is worth its fee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import require_rows
from toolkit.language import tr
from toolkit.portrait.membership.like_others import BesideLike, beside_like
from toolkit.portrait.membership.paid_months import MONTHS, paid_months
from toolkit.portrait.membership.paid_terms import FIRST, LATER, LENGTHS, OTHER_LENGTH, SECOND, Terms, paid_terms, renewals, term_words
from toolkit.portrait.membership.tables import may_contact, needed, strangers_note
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import list_cut_short
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

TERMS = c.table(
    "one row per term (first, second, later) or per length of term",
    c.text("group"),
    c.members("member_count", "Members"),
    c.count("term_count", "Terms"),
    c.count("open_count", "Terms still open", "running, or in the days in which they may yet be renewed: in no share"),
    c.members("judged_count", "Members judged", "with a term that is over, membership.renewal_days included"),
    *c.interval(c.share("renewal_share", "Renewed", "of the terms judged", null="none is over yet", hidden_by="judged_count")),
    c.money("fees", "Fees", "of all terms"),
    c.members("seen_count", "Members seen whole", "with a term that lies in the receipts from its first day to its last"),
    c.money("fee_per_term", "Fee of a term", "of those seen whole", null="none is seen whole", hidden_by="seen_count"),
    c.money("discount_per_term", "Discounts in a term", null="none is seen whole, or discounts are not known", hidden_by="seen_count"),
    c.money(
        "benefit_per_term", "Benefits in a term", "what they cost the shop", null="none is seen whole, or no cost", hidden_by="seen_count"
    ),
    c.share("overpaid_share", "Paid more than saved", "of the terms seen whole", null="savings are not known", hidden_by="seen_count"),
)
MEMBERS = c.table(
    "one row per member who paid more than they saved in terms that are seen whole, most beyond it first, to be kept as an audience",
    c.text("member_id", "Member"),
    c.day("paid_until", "Paid until", "last day of their last term"),
    c.count("term_count", "Terms", "seen whole", hidden_by=None),
    c.money("fees", "Fees", "of these terms", hidden_by=None),
    c.money("saved", "Saved", "discounts and benefits in them", hidden_by=None),
    c.money("overpaid", "Beyond what was saved", hidden_by=None),
    c.flag("reachable", "May be contacted", null="the shop does not say who may be contacted"),
)


@question(
    "portrait",
    "Who pays for a membership, who renews it, and do they save its fee?",
    words=(
        "paid membership, renewal rate of the paid plan",
        "fee against savings, who pays more than they save",
        "paid members by month",
        "付费会员 续费率 会员费 省回会费 付费会员权益",
    ),
    tables=(TERMS, MONTHS, MEMBERS),
    figures=(
        c.members("paid_members", "Paid members"),
        *c.interval(c.share("renewal_share", "Renewed")),
        c.share("overpaid_share", "Paid more than saved"),
        c.money("paid_difference_spend", "Spend beyond like others"),
    ),
)
def paid_membership(view: View, *, show: Literal["term", "length", "month", "member"] = "term", top: int = 100) -> Finding:
    """Return paid memberships: renewal and fee against savings by term or length of term, paid members by month, or who saves too little.

    A term is renewed where the next of the same member begins within membership.renewal_days after its last day. Only terms whose such days
    are over are judged: one that still runs is not lapsed. Savings are discounts and the cost of benefits used in the term, whole terms
    alone; members without a plan get discounts too, so that savings are not what the plan brings. What paid members spend beside like
    others is accounting: who buys a plan may be about to buy more.

    Parameters
    ----------
    show
        `term` (first, second, later), `length` (a month, a year, ...), `month`, or `member`: who paid more than they saved.
    top
        Rows of the list of members at most; 0 = all.

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Source: Wilson's interval with the spread between members; like others by `models.held_or_not`.

    Example
    -------
    >>> tk.portrait.paid_membership(ws, show="month").table             # doctest: +SKIP
    """
    require_rows("portrait.paid_membership", top)
    declared = {"month": MONTHS, "member": MEMBERS}.get(show, TERMS)
    terms = paid_terms(view)
    if terms is None or terms.rows.is_empty():
        headline = view.say("{where}, what a paid membership brings is not measured: no paid membership is known.")
        advice = view.say("Needed: {table}.", table=needed("memberships"))
        return unmeasured(declared, headline, advice, ask_next=[("portrait.tiers", {})])
    rows, reads_savings = terms.rows, terms.rows["discount"].count() + terms.rows["benefit_cost"].count() > 0
    like = beside_like(view, first_days(rows), view.settings.membership.beside_days, "amount")
    beyond = _overpaid(view, rows) if reads_savings else pl.DataFrame(schema=MEMBERS.schema)
    frame = {
        "month": lambda: paid_months(view, rows),
        "member": lambda: beyond.head(top) if top else beyond,
    }.get(show, lambda: _by(view, rows, show, reads_savings))()
    table = declared.of(frame, view)
    whole = TERMS.of(_summed(view, rows, pl.lit(""), reads_savings), view).row()
    running = rows.filter(pl.col("valid_until") >= view.as_of)["member_id"].n_unique()
    return Finding(
        headline=view.say(
            "{where}, {running:member} hold[one?s] a paid membership on {as_of}[judged?; of the terms that are over {share:share} were "
            "renewed "
            "(95% interval {low:share} to {high:share}; {judged:member})][seen?; a term costs {fee:money} and saves {saved:money} on "
            "average, and "
            "in {overpaid:share} of terms members paid more than they saved].",
            running=running, one=running == 1 and view.least <= 1, judged=whole["judged_count"], share=whole["renewal_share"],
            low=whole["renewal_share_low"], high=whole["renewal_share_high"], seen=whole["overpaid_share"] is not None,
            fee=whole["fee_per_term"], saved=(whole["discount_per_term"] or 0) + (whole["benefit_per_term"] or 0),
            overpaid=whole["overpaid_share"],
        ),
        table=table,
        chart=(lambda: _chart(view, table, show)) if show != "member" else None,
        notes=[
            *_notes(view, terms, whole, like, show),
            *(list_cut_short(view, beyond.height, top) if show == "member" else []),
            *strangers_note(view, rows, "memberships"),
        ],
        ask_next=[
            ("portrait.paid_membership", {"show": "length" if show == "term" else "term"}),
            ("portrait.paid_membership", {"show": "member", "top": 0}),
            ("portrait.benefits", {}),
        ],
        figures={
            "paid_members": float(running),
            **{name: whole[name] for name in ("renewal_share", "renewal_share_low", "renewal_share_high", "overpaid_share")},
            "paid_difference_spend": None if like is None else like.difference / view.minor_units,
        },
    )  # fmt: skip


def first_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the day on which each member's first term began."""
    return rows.group_by("member_id", maintain_order=True).agg(pl.col("valid_from").min().alias("first_day"))


def _by(view: View, rows: pl.DataFrame, show: str, reads_savings: bool) -> pl.DataFrame:
    order = [FIRST, SECOND, LATER] if show == "term" else [*(name for *_, name in LENGTHS), OTHER_LENGTH]
    frame = _summed(view, rows, term_words() if show == "term" else pl.col("length"), reads_savings)
    return frame.sort(pl.col("group").replace_strict(order, range(len(order)), return_dtype=pl.Int64))


def _summed(view: View, rows: pl.DataFrame, group: pl.Expr, reads_savings: bool) -> pl.DataFrame:
    seen, saved = pl.col("is_seen"), pl.col("discount").fill_null(0) + pl.col("benefit_cost").fill_null(0)
    per_term = {"fee": "fee_per_term", "discount": "discount_per_term", "benefit_cost": "benefit_per_term"}
    money = rows.group_by(group.alias("group")).agg(
        view.major(pl.col("fee").sum()).alias("fees"),
        pl.col("member_id").filter(seen).n_unique().cast(pl.Int64).alias("seen_count"),
        *[view.major(pl.col(name).filter(seen).mean()).alias(called) for name, called in per_term.items()],
        (pl.col("fee") > saved).filter(seen).mean().alias("overpaid_share"),
    )
    joined = renewals(rows, group).join(money, on="group")
    return joined if reads_savings else joined.with_columns(pl.lit(None, pl.Float64).alias("overpaid_share"))


def _overpaid(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Who paid more than they saved over all of their terms that are seen whole."""
    last = rows.group_by("member_id").agg(pl.col("valid_until").max().alias("paid_until"))
    saved = pl.col("discount").fill_null(0) + pl.col("benefit_cost").fill_null(0)
    sums = rows.filter("is_seen").group_by("member_id").agg(
        pl.len().cast(pl.Int64).alias("term_count"), pl.col("fee").sum(), saved.sum().alias("saved_minor")
    )  # fmt: skip
    sums = sums.with_columns((pl.col("fee") - pl.col("saved_minor")).alias("over")).filter(pl.col("over") > 0)
    joined = (
        sums.join(last, on="member_id")
        .join(may_contact(view), on="member_id", how="left")
        .sort("over", "member_id", descending=[True, False])
    )
    return joined.select(
        "member_id", "paid_until", "term_count", view.major("fee").alias("fees"), view.major("saved_minor").alias("saved"),
        view.major("over").alias("overpaid"), "reachable",
    )  # fmt: skip


def _notes(view: View, terms: Terms, whole: c.Row, like: BesideLike | None, show: str) -> list[str | Note]:
    rows = terms.rows
    notes: list[str | Note] = []
    if whole["open_count"]:
        text = view.say(
            "{open} of {terms} terms still run, or may yet be renewed within {membership.renewal_days} days: they are in no share, neither "
            "renewed nor lapsed.",
            open=whole["open_count"], terms=whole["term_count"],
        )  # fmt: skip
        notes.append(text)
    if show != "length" and rows["length"].n_unique() > 1:
        notes.append(
            Note(tr("Terms of several lengths are mixed, and a month is renewed more often than a year: ask by length."), "REVIEW")
        )
    back = rows.filter(pl.col("next_from").is_not_null(), ~pl.col("is_renewed"))["member_id"].n_unique()
    if back:
        notes.append(view.say("{back:member} came back after a pause: their next term counts as a first one.", back=back))
    if terms.inside:
        text = view.say(
            "{inside:row} [one?lies|lie] within another term of the same member: left out, since nothing ends there.",
            inside=terms.inside,
            one=terms.inside == 1,
        )
        notes.append(Note(text, "REVIEW"))
    missing = {"lines.discount_amount": rows["discount"].count() == 0, "benefits.cost": rows["benefit_cost"].count() == 0}
    if any(missing.values()):
        text = view.say(
            "Savings lack what is not handed over: {columns}.", columns=", ".join(f"`{name}`" for name, no in missing.items() if no)
        )
        notes.append(Note(text, "NOT MEASURED"))
    else:
        notes.append(tr("Members without a plan get discounts too: what was saved in a term is not what the plan brings."))
    if like is None:
        text = view.say(
            "What paid members spend beside like others: {least} of each are needed, seen {membership.beside_days} days before and after."
        )
        return [*notes, Note(text, "NOT MEASURED")]
    text = view.say(
        "Accounting, not an effect: in the {membership.beside_days} days after their first term began {members:member} spent "
        "{after:minor} each "
        "({before:minor} before), like others {expected:minor} ({like_before:minor} before): {difference:minor} [more?more|less] (95% "
        "interval "
        "{low:minor} to {high:minor}). Who buys a plan may be about to buy more.",
        members=like.members, after=like.after, before=like.before, expected=like.expected, like_before=like.like_before,
        difference=abs(like.difference), more=like.difference > 0, low=like.low, high=like.high,
    )  # fmt: skip
    return [*notes, Note(text, "REVIEW")]


def _chart(view: View, table: AnswerTable, show: str) -> alt.Chart | alt.LayerChart:
    if show == "month":
        from toolkit.charts.lines import lines_over_time

        return lines_over_time(
            table.frame, time="month", value="member_count", value_title=tr("Members"), title=tr("Paid members by month"),
            subtitle=view.say("{place}, on the last day of each month"),
        )  # fmt: skip
    from toolkit.charts.ranges import ranges

    return ranges(
        table.frame.filter(pl.col("renewal_share").is_not_null()), label="group", value="renewal_share", low="renewal_share_low",
        high="renewal_share_high", n="judged_count", kind="share", value_title=tr("Share of terms renewed"),
        title=tr("Renewal of paid memberships"), subtitle=view.say("{place}, terms that are over, with 95% intervals"),
    )  # fmt: skip
