"""A plan before it starts: who gets what, what it costs, what it must bring, what it can show, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.cells import by_level
from toolkit.differentiation.planning.blockers import blockers
from toolkit.differentiation.planning.draft import Draft, work_out
from toolkit.differentiation.planning.enrolment import campaign_view
from toolkit.errors import BadValue
from toolkit.language import tr, value, word
from toolkit.ledger.definition import DO_NOTHING, Definition, read_plan
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.wording import listing, share, some
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt

NOBODY = value("none")
"""The arm of members who get no offer."""


@question(
    "differentiation",
    "Is this campaign ready: who gets what, what does it cost, what can it show?",
    words=(
        "plan a campaign, check a draft, blockers before launch",
        "campaign budget, cost, goals and holdout",
        "which members get which offer, and who is held out",
        "活动方案 营销计划 上线前检查",
    ),
    minimum=False,
)
def plan(view: View, *, campaign: str | dict[str, Any] | Definition) -> Finding:
    """Return a campaign worked out as it would be launched: one row per segment x offer x arm, sorted.

    Parameters
    ----------
    campaign
        The id of a saved draft (documents/plans/<id>.toml; `tk.save_plan`), or the draft itself: a `tk.Definition` or its fields. The
        audience is the draft's; a store or region given in the call narrows it where the draft names none.

    Returns
    -------
    Answer
        Table columns: `segment` (sensitivity x power), `offer`, `method`, `arm` (treated, control; none = left alone), `member_count`,
        `contact_cost`, `offer_cost` (currency units; offer_cost null where no replay can say), `smallest_lift_share` (the smallest lift the
        segment shows by itself; null = not measured). Notes: FAIL = it cannot be launched; REVIEW = it can, but look at it first.

    Raises
    ------
    UnknownName
        There is no such draft.
    BadValue
        The draft is no campaign, or an audience is given besides the draft's.

    Notes
    -----
    The arms are drawn as launch would draw them today: same members, seed and id, same arms. Holdout and break-even as in `holdout`.

    Example
    -------
    >>> tk.differentiation.plan(ws, campaign={"campaign_id": "spring", "starts_on": "2024-07-08", "ends_on": "2024-08-04",
    ...     "offers": {"save ten": "full_reduction 60/10"}, "offer_of": {"*": "save ten"}})                   # doctest: +SKIP
    """
    definition = narrowed(definition_of(view.workspace, campaign), view)
    draft = work_out(campaign_view(view.workspace, definition, as_of=str(view.as_of), settings=view.settings), definition)
    notes, total = blockers(draft), draft.costs["total"] or 0
    stops = sum(note.verdict == "FAIL" for note in notes)
    return Finding(
        headline=_headline(draft, stops),
        table=_table(draft),
        chart=(lambda: _chart(draft)) if draft.members.height else None,
        notes=notes,
        ask_next=[("differentiation.holdout", {"control_share": definition.control_share})] * bool(0 < definition.control_share < 1),
        figures={
            "member_count": draft.members.height,
            "planned_cost": total / view.minor_units,
            "blocker_count": stops,
            **({"smallest_lift_share": draft.smallest_lift} if draft.smallest_lift is not None else {}),
            **({"break_even_lift_share": draft.break_even_lift} if draft.break_even_lift is not None else {}),
        },
    )


def definition_of(ws: Workspace, campaign: str | dict[str, Any] | Definition) -> Definition:
    """Return the campaign that is meant: a saved draft by its id, or the draft itself.

    Raises
    ------
    UnknownName, BadValue
        There is no such draft, or it is no campaign.
    """
    if isinstance(campaign, Definition):
        return campaign
    return read_plan(ws, campaign) if isinstance(campaign, str) else Definition.model_validate(campaign)


def narrowed(definition: Definition, view: View) -> Definition:
    """Return the campaign within the place of a view; the draft's own place and audience stay.

    Raises
    ------
    BadValue
        The view is of an audience, or of another place than the draft's.
    """
    scope = view.scope
    if scope.audience is not None:
        raise BadValue(
            tr(
                "Campaign '{campaign_id}' has its own audience: leave `audience` out, or change it in the draft.",
                campaign_id=definition.campaign_id,
            )
        )
    if not scope.is_place:
        return definition
    own = (definition.store_id, definition.region)
    if own != (None, None) and own != (scope.store_id, scope.region):
        raise BadValue(
            tr(
                "Campaign '{campaign_id}' is for {own}, but {place} was asked for. Leave one of them out.",
                campaign_id=definition.campaign_id,
                own=own[0] or own[1],
                place=view.place,
            )
        )
    return definition.model_copy(update={"store_id": scope.store_id, "region": scope.region})


def _table(draft: Draft) -> pl.DataFrame:
    view, definition = draft.view, draft.definition
    costs = draft.offer_cost
    known = {} if costs is None else {(row["segment"], row["offer"]): row["cost"] for row in costs.iter_rows(named=True)}
    rows = []
    for cell in draft.cells.iter_rows(named=True):
        key = (cell["segment"], cell["offer"])
        for arm in ("treated", "control"):
            treated = arm == "treated"
            rows.append(
                {
                    "segment": cell["segment"],
                    "offer": cell["offer"],
                    "method": definition.offer(cell["offer"]).method if cell["offer"] in definition.offer_names else None,
                    "arm": arm,
                    "member_count": cell[f"{arm}_count"],
                    "contact_cost": cell["treated_count"] * draft.cost_per_contact[0] / view.minor_units if treated else 0.0,
                    "offer_cost": (known[key] / view.minor_units if treated else 0.0) if key in known else None,
                    "smallest_lift_share": draft.smallest_lift_of(cell["segment"]) if treated else None,
                }
            )
    alone = by_level(draft.enrolment.left_out.filter(pl.col("reason") == DO_NOTHING).group_by("segment").len())
    rows += [
        {"segment": row["segment"], "offer": DO_NOTHING, "arm": NOBODY, "member_count": row["len"], "contact_cost": 0.0, "offer_cost": 0.0}
        for row in alone.iter_rows(named=True)
    ]
    schema = pl.Schema(
        {
            "segment": pl.String,
            "offer": pl.String,
            "method": pl.String,
            "arm": pl.String,
            "member_count": pl.Int64,
            "contact_cost": pl.Float64,
            "offer_cost": pl.Float64,
            "smallest_lift_share": pl.Float64,
        }
    )
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def _headline(draft: Draft, stops: int) -> str:
    definition, view = draft.definition, draft.view
    called = tr(
        "'{campaign_id}', {starts_on} to {ends_on}",
        campaign_id=definition.campaign_id,
        starts_on=definition.starts_on,
        ends_on=definition.ends_on,
    )
    ready = tr("can be launched") if not stops else tr("cannot be launched yet: {blockers}", blockers=some(stops, "blocker"))
    if not draft.members.height:
        return tr(
            "Campaign {called} {ready}; of {members} in its audience nobody is in an arm.",
            called=called,
            ready=ready,
            members=some(draft.enrolment.everybody.height, "member"),
        )
    offers = listing([tr("'{name}'", name=word(name)) for name in sorted(set(draft.cells["offer"]))])
    sees = tr(", shows a lift of {lift} or more", lift=share(draft.smallest_lift)) if draft.smallest_lift is not None else ""
    pays = tr(" and pays from {lift}", lift=share(draft.break_even_lift)) if draft.break_even_lift is not None else ""
    unknown = [tr("what the offers give away")] * (draft.costs["offers"] is None)
    unknown += [tr("contacts, whose cost is not known")] * isinstance(draft.cost_per_contact[1], Note)
    without = tr(" besides {unknown}", unknown=listing(unknown)) if unknown else ""
    return tr(
        "Campaign {called} {ready}: {members} get {offers}, {held_out:,} are held out; it costs {cost}{without}{sees}{pays}.",
        called=called,
        ready=ready,
        members=some(draft.count("treated"), "member"),
        offers=offers,
        held_out=draft.count("control"),
        cost=view.money(draft.costs["total"]),
        without=without,
        sees=sees,
        pays=pays,
    )


def _chart(draft: Draft) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import stacked_bars

    arms = by_level(draft.members.group_by("segment", "arm").agg(pl.len().cast(pl.Int64).alias("member_count")), "arm")
    return stacked_bars(
        arms, label="segment", part="arm", value="member_count", kind="count", value_title=tr("Members"),
        title=tr("Who gets an offer and who is held out: {campaign_id}", campaign_id=draft.definition.campaign_id),
        subtitle=tr("members by segment, {place} as of {as_of}", place=draft.view.place, as_of=draft.view.as_of),
    )  # fmt: skip
