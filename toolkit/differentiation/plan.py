"""A plan before it starts: who gets what, what it costs, what it must bring, what it can show, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.differentiation.measures.cells import by_level
from toolkit.differentiation.planning.blockers import blockers
from toolkit.differentiation.planning.draft import Draft, work_out
from toolkit.differentiation.planning.enrolment import campaign_view
from toolkit.edits import edit_notes
from toolkit.errors import BadValue
from toolkit.language import tr, value
from toolkit.ledger.definition import DO_NOTHING, FOLDER, Definition, read_plan
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.wording import listing
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt

NOBODY = value("none")
"""The arm of members who get no offer."""
CELLS = c.table(
    "one row per segment x offer x arm",
    c.text("segment", meaning="sensitivity x power"),
    c.text("offer"),
    c.text("method"),
    c.text("arm", meaning="treated, control; none = left alone"),
    c.members(),
    c.money("contact_cost", "Cost of contacts"),
    c.money("offer_cost", "Cost of the offer", null="no replay can say"),
    c.share("smallest_lift_share", "Smallest visible lift", "that the segment shows by itself", null="not measured"),
)


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
    tables=CELLS,
    figures=(
        c.members(),
        c.members("treated_count", "Treated"),
        c.members("control_count", "Compared with"),
        c.money("planned_cost", "Planned cost"),
        c.count("blocker_count", "Blockers"),
        c.share("smallest_lift_share", "Smallest visible lift"),
        c.share("break_even_lift_share", "Lift that pays the cost"),
    ),
)
def plan(view: View, *, campaign: str | dict[str, Any] | Definition) -> Finding:
    """Return a campaign worked out as it would be launched: one row per segment x offer x arm, sorted.

    Parameters
    ----------
    campaign
        The id of a saved draft (documents/plans/<id>.toml; `tk.save_plan`), or the draft itself: a `tk.Definition` or its fields. The
        audience is the draft's; a store or region given in the call narrows it where the draft names none.

    Raises
    ------
    UnknownName
        There is no such draft.
    BadValue
        The draft is no campaign, or an audience is given besides the draft's.

    Notes
    -----
    The arms are drawn as launch would draw them today: same members, seed and id, same arms. Of the notes, FAIL means that it
    cannot be launched, REVIEW that it can, but look at it first. Holdout and break-even as in `holdout`.

    Example
    -------
    >>> tk.differentiation.plan(ws, campaign={"campaign_id": "spring", "starts_on": "2024-07-08", "ends_on": "2024-08-04",
    ...     "offers": {"save ten": "full_reduction 60/10"}, "offer_of": {"*": "save ten"}})                   # doctest: +SKIP
    """
    definition = narrowed(definition_of(view.workspace, campaign), view)
    draft = work_out(campaign_view(view.workspace, definition, as_of=str(view.as_of), settings=view.settings), definition)
    notes, total = blockers(draft), draft.costs["total"] or 0
    edited = edit_notes(view.workspace.path, [f"{FOLDER}/{campaign}.toml"]) if isinstance(campaign, str) else []
    stops = sum(note.verdict == "FAIL" for note in notes)
    table = _table(draft)
    return Finding(
        headline=_headline(draft, stops),
        table=table,
        chart=(lambda: _chart(draft, table)) if draft.members.height else None,
        notes=[*notes, *edited],
        ask_next=[("differentiation.holdout", {"control_share": definition.control_share})] * bool(0 < definition.control_share < 1),
        figures={
            "member_count": draft.members.height,
            "treated_count": draft.count("treated"),
            "control_count": draft.count("control"),
            "planned_cost": total / view.minor_units,
            "blocker_count": stops,
            "smallest_lift_share": draft.smallest_lift,
            "break_even_lift_share": draft.break_even_lift,
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
            view.say(
                "Campaign '{campaign_id}' is for {own}, but {place} was asked for. Leave one of them out.",
                campaign_id=definition.campaign_id, own=own[0] or own[1],
            )
        )  # fmt: skip
    return definition.model_copy(update={"store_id": scope.store_id, "region": scope.region})


def _table(draft: Draft) -> AnswerTable:
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
    return CELLS.of(pl.DataFrame([{name: row.get(name) for name in CELLS.schema} for row in rows], schema=CELLS.schema), view)


def _headline(draft: Draft, stops: int) -> str:
    definition, view = draft.definition, draft.view
    if not draft.members.height:
        return view.say(
            "Campaign '{campaign_id}', {starts_on} to {ends_on} [stops?cannot be launched yet: {stops:blocker}|can be launched]; of "
            "{audience:member} in its audience nobody is in an arm.",
            campaign_id=definition.campaign_id, starts_on=definition.starts_on, ends_on=definition.ends_on, stops=stops,
            audience=draft.enrolment.everybody.height,
        )  # fmt: skip
    unknown = [tr("what the offers give away")] * (draft.costs["offers"] is None)
    unknown += [tr("contacts, whose cost is not known")] * isinstance(draft.cost_per_contact[1], Note)
    return view.say(
        "Campaign '{campaign_id}', {starts_on} to {ends_on} [stops?cannot be launched yet: {stops:blocker}|can be launched]: "
        "{treated:member} get {offers}, {held_out:few} are held out; it costs {cost:minor}[unknown? besides {unknown}][sees?, shows a lift "
        "of {least:share} or more][pays? and pays from {break_even:share}].",
        campaign_id=definition.campaign_id, starts_on=definition.starts_on, ends_on=definition.ends_on, stops=stops,
        treated=draft.count("treated"), held_out=draft.count("control"), cost=draft.costs["total"], unknown=listing(unknown),
        offers=listing([view.say("'{name:word}'", name=name) for name in sorted(set(draft.cells["offer"]))]),
        sees=draft.smallest_lift is not None, least=draft.smallest_lift,
        pays=draft.break_even_lift is not None, break_even=draft.break_even_lift,
    )  # fmt: skip


def _chart(draft: Draft, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import stacked_bars

    known = table.frame.filter((pl.col("arm") != NOBODY) & (pl.col("member_count") > 0))
    arms = by_level(known.group_by("segment", "arm").agg(pl.col("member_count").sum()), "arm")
    return stacked_bars(
        arms, label="segment", part="arm", value="member_count", kind="count", value_title=tr("Members"),
        title=draft.view.say("Who gets an offer and who is held out: {campaign_id}", campaign_id=draft.definition.campaign_id),
        subtitle=draft.view.say("members by segment, {place} as of {as_of}"),
    )  # fmt: skip
