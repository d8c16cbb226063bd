"""The chain's always-on control: members whom no campaign contacts, so that all campaigns together can be judged."""

from __future__ import annotations

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.visible import measure_spread
from toolkit.errors import BadValue, DataError
from toolkit.language import tr, value
from toolkit.ledger.global_control import GlobalControl, read_global_control
from toolkit.models.power import smallest_lift
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import share, some

QUARTER = 91


@question(
    "differentiation",
    "Who is never contacted, so that all campaigns together can be judged?",
    words=(
        "global control group, always-on holdout",
        "universal holdout of the chain",
        "members left alone by every campaign",
        "全局对照组",
    ),
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

    Returns
    -------
    Answer
        Table columns: `group`, `member_count`, `member_share` (0..1), `sales_91d` and `sales_per_member` (currency units, last 91 days),
        `order_count_mean` (orders a member in them).

    Raises
    ------
    BadValue
        `try_share` is not between 0 and 0.5.

    Example
    -------
    >>> tk.differentiation.global_control(ws, try_share=0.02)                 # doctest: +SKIP
    """
    kept = read_global_control(view.workspace)
    if try_share is not None and not 0 < try_share <= 0.5:
        raise BadValue(
            tr(
                "differentiation.global_control: try_share is {try_share:g}; a share above 0 and up to 0.5 was needed, such as 0.02.",
                try_share=try_share,
            )
        )
    control = GlobalControl(try_share, kept.seed) if try_share is not None else kept
    members = view.members.with_columns(group=_groups(control.holds(view.members["member_id"])))
    table = _table(view, members)
    held = int((members["group"] == _GROUPS[0]).sum())
    seen = _smallest(view, members.height, control.share) if control.share else None
    return Finding(
        headline=_headline(view, control, held, members.height, seen, tried=try_share is not None),
        table=table,
        notes=_notes(view, control, kept, held, members.height, lift, seen, tried=try_share is not None),
        ask_next=[("differentiation.holdout", {})],
        figures={"global_control_count": held, **({"smallest_lift_share": seen[0]} if seen else {})},
    )


_GROUPS = (value("in the global control"), value("may be addressed"))


def _groups(inside: pl.Series) -> pl.Series:
    return pl.select(pl.when(inside).then(pl.lit(_GROUPS[0])).otherwise(pl.lit(_GROUPS[1]))).to_series()


def _table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    least = view.settings.scope.minimum_members
    enough = pl.col("member_count") >= least
    counted = members.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        view.major(pl.col("amount_91d").sum()).alias("sales_91d"),
        pl.col("order_count_91d").mean().alias("order_count_mean"),
    )
    shown = counted.with_columns(
        (pl.col("member_count") / max(members.height, 1)).alias("member_share"),
        (pl.col("sales_91d") / pl.col("member_count")).alias("sales_per_member"),
    )
    money = [pl.when(enough).then(pl.col(name)).alias(name) for name in ("sales_91d", "sales_per_member", "order_count_mean")]
    return shown.select("group", "member_count", "member_share", *money).sort("group")


def _smallest(view: View, members: int, control_share: float) -> tuple[float, float] | None:
    """The smallest lift a quarter would show, and what a member spends in it (minor units); None where it is not measured."""
    try:
        spread = measure_spread(view, [QUARTER]).spread(QUARTER, control_share)
    except DataError:
        return None
    lift = smallest_lift(members, spread.unexplained, control_share, power=view.settings.campaigns.power)
    return None if lift is None else (lift, spread.mean)


def _headline(view: View, control: GlobalControl, held: int, members: int, seen: tuple[float, float] | None, *, tried: bool) -> str:
    if not control.share:
        return tr("{where}, no global control is set: what all campaigns together are worth cannot be measured.", where=where(view))
    begin = tr("a global control of {share} would hold", share=share(control.share)) if tried else tr("the global control holds")
    sees = tr("; a quarter shows a lift of {lift} or more", lift=share(seen[0])) if seen else ""
    return tr(
        "{where}: {begin} {held} of {members:,} whom no campaign contacts{sees}.",
        where=where(view),
        begin=begin,
        held=some(held, "member"),
        members=members,
        sees=sees,
    )


def _notes(
    view: View,
    control: GlobalControl,
    kept: GlobalControl,
    held: int,
    members: int,
    lift: float,
    seen: tuple[float, float] | None,
    *,
    tried: bool,
) -> list[str | Note]:
    notes = list[str | Note]()
    if not control.share:
        notes.append(Note(tr("Set one, such as 2% of the chain: `toolkit campaign global-control WORKSPACE --share 0.02`."), "REVIEW"))
        return notes
    if tried and kept.share:
        notes.append(
            tr(
                "In force is {kept} since {since}; this is what {tried} would be.",
                kept=share(kept.share),
                since=kept.since,
                tried=share(control.share),
            )
        )
    if seen:
        forgone = wording.money(held * seen[1] * lift / view.minor_units, view.currency)
        notes.append(
            tr(
                "If all campaigns together bring {lift}, those held out forgo {forgone} of sales a quarter.",
                lift=share(lift),
                forgone=forgone,
            )
        )
        if seen[0] > lift:
            notes.append(
                Note(
                    tr("A lift of {lift} would not be seen within a quarter; watch it over a year, or hold out more.", lift=share(lift)),
                    "REVIEW",
                )
            )
    notes.append(
        tr("Sales of both groups up to now say nothing until the global control has been in force for a while; the review compares them.")
    )
    if view.scope.is_place or view.scope.audience is not None:
        notes.append(tr("The share is one of the chain; in a part of it the share found is a little more or less, by chance."))
    return notes
