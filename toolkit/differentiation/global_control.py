"""The chain's always-on control: members whom no campaign contacts, so that all campaigns together can be judged."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.differentiation.measures.visible import measure_spread
from toolkit.errors import BadValue, DataError
from toolkit.language import tr, value
from toolkit.ledger.global_control import GlobalControl, read_global_control
from toolkit.models.power import smallest_lift
from toolkit.registry import question
from toolkit.scope.view import View

QUARTER = 91
_HELD, _OTHERS = value("in the global control"), value("may be addressed")
GROUPS = c.table(
    "one row for those in the global control, one for the others",
    c.text("group"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.money("sales_91d", "Sales, 91 days"),
    c.money("sales_per_member", "Sales per member", "in them"),
    c.number("order_count_mean", "Orders each", "orders a member in them"),
)


@question(
    "differentiation",
    "Who is never contacted, so that all campaigns together can be judged?",
    words=(
        "global control group, always-on holdout",
        "universal holdout of the chain",
        "members left alone by every campaign",
        "全局对照组",
    ),
    tables=GROUPS,
    figures=(c.members("global_control_count", "Members in the global control"), c.share("smallest_lift_share", "Smallest visible lift")),
)
def global_control(view: View, *, try_share: float | None = None, lift: float = 0.05) -> Finding:
    """Return who is in the global control: one row for those in it, one for the others.

    The global control is chain-wide and kept in the workspace (documents/global_control.toml; `tk.set_global_control`). Who belongs follows
    from the member's id and the seed alone, so that new members belong or not from their first day. Plans and launches leave it out.

    Parameters
    ----------
    try_share
        Show what another share would be and see, without setting it.
    lift
        What all campaigns together are hoped to bring, as a share of spend.

    Raises
    ------
    BadValue
        `try_share` is not between 0 and 0.5.

    Example
    -------
    >>> tk.differentiation.global_control(ws, try_share=0.02)                 # doctest: +SKIP
    """
    in_force = read_global_control(view.workspace)
    if try_share is not None and not 0 < try_share <= 0.5:
        raise BadValue(
            tr(
                "differentiation.global_control: try_share is {try_share:g}; a share above 0 and up to 0.5 was needed, such as 0.02.",
                try_share=try_share,
            )
        )
    control = GlobalControl(try_share, in_force.seed) if try_share is not None else in_force
    is_held = pl.lit(control.holds(view.members["member_id"]))
    members = view.members.with_columns(pl.when(is_held).then(pl.lit(_HELD)).otherwise(pl.lit(_OTHERS)).alias("group"))
    held = members.filter(pl.col("group") == _HELD).height
    seen = _smallest(view, members.height, control.share) if control.share else None
    return Finding(
        headline=view.say(
            "{where}: [is_tried?a global control of {share:share} would hold|the global control holds] {held:member} of {members} whom no "
            "campaign contacts[is_seen?; a quarter shows a lift of {lift:share} or more].",
            is_tried=try_share is not None, share=control.share, held=held, members=members.height, is_seen=seen is not None,
            lift=seen[0] if seen else None,
        )
        if control.share
        else view.say("{where}, no global control is set: what all campaigns together are worth cannot be measured."),
        table=_table(view, members), notes=_notes(view, control, in_force, held, lift, seen), ask_next=[("differentiation.holdout", {})],
        figures={"global_control_count": held, "smallest_lift_share": seen[0] if seen else None},
    )  # fmt: skip


def _table(view: View, members: pl.DataFrame) -> AnswerTable:
    counted = members.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        view.major(pl.col("amount_91d").sum()).alias("sales_91d"),
        pl.col("order_count_91d").mean().alias("order_count_mean"),
    )
    groups = counted.with_columns(
        (pl.col("member_count") / max(members.height, 1)).alias("member_share"),
        (pl.col("sales_91d") / pl.col("member_count")).alias("sales_per_member"),
    )
    return GROUPS.of(groups.sort("group"), view)


def _smallest(view: View, members: int, control_share: float) -> tuple[float, float] | None:
    """The smallest lift a quarter would show, and what a member spends in it (minor units); None where it is not measured."""
    try:
        spread = measure_spread(view, [QUARTER]).spread(QUARTER, control_share)
    except DataError:
        return None
    lift = smallest_lift(members, spread.unexplained, control_share, power=view.settings.campaigns.power)
    return None if lift is None else (lift, spread.mean)


def _notes(
    view: View, control: GlobalControl, in_force: GlobalControl, held: int, lift: float, seen: tuple[float, float] | None
) -> list[str | Note]:
    if not control.share:
        return [Note(tr("Set one, such as 2% of the chain: `toolkit campaign global-control WORKSPACE --share 0.02`."), "REVIEW")]
    notes = list[str | Note]()
    if control is not in_force and in_force.share:
        notes.append(
            view.say(
                "In force is {in_force:share} since {since}; this is what {tried:share} would be.",
                in_force=in_force.share, since=in_force.since, tried=control.share,
            )
        )  # fmt: skip
    if seen and not 0 < held < view.least:
        notes.append(
            view.say(
                "If all campaigns together bring {lift:share}, those held out forgo {forgone:minor} of sales a quarter.",
                lift=lift, forgone=held * seen[1] * lift,
            )
        )  # fmt: skip
    if seen and seen[0] > lift:
        not_seen = view.say("A lift of {lift:share} would not be seen within a quarter; watch it over a year, or hold out more.", lift=lift)
        notes.append(Note(not_seen, "REVIEW"))
    notes.append(
        tr("Sales of both groups up to now say nothing until the global control has been in force for a while; the review compares them.")
    )
    if view.scope.is_place or view.scope.audience is not None:
        notes.append(tr("The share is one of the chain; in a part of it the share found is a little more or less, by chance."))
    return notes
