"""Keeping a draft, launching it into the ledger, and giving out its contact lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.atomic import written_together
from toolkit.audience import Audience, Export
from toolkit.audience.export import FORMATS, Format, record_export, write_export
from toolkit.audit import record
from toolkit.differentiation.plan import definition_of
from toolkit.differentiation.planning.blockers import blockers
from toolkit.differentiation.planning.draft import Draft, work_out
from toolkit.differentiation.planning.enrolment import campaign_view
from toolkit.disk import told_in_words
from toolkit.edits import edit_notes
from toolkit.errors import BadValue, DataError
from toolkit.language import LANGUAGES, in_every_language, tr, value
from toolkit.ledger import global_control
from toolkit.ledger.campaigns import Campaign, known_campaigns, open_campaign
from toolkit.ledger.definition import FOLDER as DRAFTS
from toolkit.ledger.definition import Definition, plan_names, write_plan
from toolkit.ledger.launch import check_free, freeze
from toolkit.roles import require_role
from toolkit.scope.view import checked_as_of, open_view
from toolkit.wording import some
from toolkit.workspace import Workspace, opened

AnyCampaign = str | dict[str, Any] | Definition


def save_plan(workspace: Workspace | str | Path, campaign: dict[str, Any] | Definition, *, replace_it: bool = False) -> Definition:
    """Keep a draft as documents/plans/<id>.toml and return it; it may be unfinished, and a person may edit the file.

    Raises
    ------
    BadValue
        It is no campaign; a draft of that id is there and `replace_it` is not given; or a campaign of that id was launched already.

    Example
    -------
    >>> tk.save_plan(ws, {"campaign_id": "spring", "starts_on": "2024-07-08", "ends_on": "2024-08-04",
    ...                   "offers": {"save ten": "full_reduction 60/10"}, "offer_of": "save ten"})
    """
    ws = opened(workspace)
    require_role(ws, "marketer", tr("keeping a draft"))
    draft = definition_of(ws, campaign)
    check_free(ws, draft.campaign_id)
    if draft.campaign_id in plan_names(ws) and not replace_it:
        raise BadValue(tr("A plan '{campaign_id}' is kept already. Choose another id, or say replace.", campaign_id=draft.campaign_id))
    write_plan(ws, draft)
    record(ws.path, "drafted", campaign=draft.campaign_id)
    return draft


def launch(workspace: Workspace | str | Path, campaign: AnyCampaign, *, as_of: date | str | None = None) -> Campaign:
    """Freeze a campaign in the ledger (workspace/campaigns/<id>/) and return it as it is read back. It never changes afterwards.

    The arms are drawn now, as of `as_of` (default: the last day of the receipts): same draft, data and day, same arms as `plan` shows.

    Raises
    ------
    BadValue
        Something speaks against it (the FAIL notes of `plan`), a sentence each; or its id is taken.
    UnknownName
        There is no such draft.

    Example
    -------
    >>> tk.launch(ws, tk.propose_plan(ws, "spring", audience="order_count_91d >= 3"))
    Campaign('spring': ...ledger)
    """
    ws = opened(workspace)
    definition = definition_of(ws, campaign)
    check_free(ws, definition.campaign_id)
    draft = work_out(campaign_view(ws, definition, as_of=str(checked_as_of(ws, as_of))), definition)
    notes = blockers(draft)
    stops = [note.text for note in notes if note.verdict == "FAIL"]
    if stops:
        begin = tr("Campaign '{campaign_id}' cannot be launched:", campaign_id=definition.campaign_id)
        raise BadValue("\n".join([begin, *(f"- {text}" for text in stops)]))
    return freeze(
        ws,
        definition,
        draft.members,
        as_of=draft.view.as_of,
        left_out=draft.enrolment.left_out,
        cost=_cost(draft),
        settings=draft.view.settings.model_dump(mode="json"),
        drawn=_drawn(draft),
        notes=dict(zip(LANGUAGES, in_every_language(_warned, draft), strict=True)),
    )


def _warned(draft: Draft) -> list[str]:
    folder, texts = draft.view.workspace.path, [f"{DRAFTS}/{draft.definition.campaign_id}.toml"]
    warned = [str(note) for note in blockers(draft) if note.verdict in ("REVIEW", "NOT MEASURED")]
    return [*warned, *edit_notes(folder), *edit_notes(folder, texts)]


def campaign(workspace: Workspace | str | Path, campaign_id: str) -> Campaign:
    """Return a campaign as it was launched (hashes checked), or as the shop's tables tell of it.

    Raises
    ------
    UnknownName
        There is no such campaign.
    WorkspaceError
        A file of it was changed after launch.
    """
    return open_campaign(opened(workspace), campaign_id)


def campaigns(workspace: Workspace | str | Path) -> pl.DataFrame:
    """Return every campaign, launched here or told by the shop's tables: one row each (see `toolkit.ledger.campaigns.known_campaigns`)."""
    return known_campaigns(opened(workspace))


def set_global_control(
    workspace: Workspace | str | Path, share: float, *, since: date | str | None = None, seed: int = 0, replace_it: bool = False
) -> global_control.GlobalControl:
    """Set the chain's global control: from now on no plan or launch addresses its members.

    Raises
    ------
    BadValue
        The share is not between 0 and 0.5, or another is in force and `replace_it` is not given.
    """
    ws = opened(workspace)
    return global_control.set_global_control(ws, share, since=checked_as_of(ws, since), seed=seed, replace_it=replace_it)


@dataclass(frozen=True)
class ContactLists:
    """The lists that were written: one per touchpoint (and store), each with its manifest."""

    exports: tuple[Export, ...]
    empty: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """All files but the manifests."""
        return tuple(file for export in self.exports for file in export.files)

    @property
    def sentence(self) -> str:
        """What was written and who was left out."""
        members = sum(export.member_count for export in self.exports)
        left = sum(export.not_contactable + export.unknown_contactable for export in self.exports)
        without = (
            tr(" {treated_members} may no longer be contacted and are on none.", treated_members=some(left, "treated member"))
            if left
            else ""
        )
        none = tr(" Nobody to contact: {lists}.", lists=tr(", ").join(self.empty)) if self.empty else ""
        return tr(
            "{treated_members} on {lists}; the control members are on none.{without}{none}",
            treated_members=some(members, "treated member"),
            lists=some(len(self.exports), "list"),
            without=without,
            none=none,
        )


@told_in_words
def contact_lists(
    workspace: Workspace | str | Path,
    campaign_id: str,
    folder: str | Path,
    *,
    per_store: bool = False,
    formats: Sequence[Format] = FORMATS,
    columns: Sequence[str] = (),
    for_contact: bool = True,
    replace_it: bool = False,
) -> ContactLists:
    """Write whom a campaign of the ledger addresses: a list per touchpoint, and per store if asked for; control members are on none.

    Each list has `member_id`, `segment`, `offer`, `offer_text`, `message`, `store_id` and `columns` of the members table, by the rules of
    `export_audience`: only members who may be contacted now, nothing that runs in a spreadsheet, a manifest beside it. All lists are
    there, or none.

    Raises
    ------
    BadValue
        The campaign was not launched here; or files of that name are there and `replace_it` is not given.
    DataError
        The shop does not say who may be contacted (then `for_contact=False` gives lists for analysis), or nobody is left.
    """
    ws = opened(workspace)
    launched, treated = treated_members(ws, campaign_id)
    view = open_view(ws, as_of=launched.as_of)
    exports, empty = list[tuple[Audience, Export]](), list[str]()
    wanted = {"formats": formats, "columns": columns, "for_contact": for_contact, "replace_it": replace_it}
    keys = ["touchpoint", *["store_id"] * per_store]
    with written_together(Path(folder)) as part:
        for key, rows in sorted(treated.partition_by(keys, as_dict=True).items(), key=lambda item: tuple(str(part) for part in item[0])):
            name = " ".join([campaign_id, *(str(part) for part in key)])
            crowd = Audience(name, member_ids=tuple(rows["member_id"]), call=tr("campaign {campaign_id}", campaign_id=campaign_id))
            try:
                exports.append((crowd, write_export(view, crowd, part, Path(folder), beside=rows.drop("touchpoint"), **wanted)))
            except DataError:
                if not for_contact or not view.has_column("members", "contactable"):
                    raise
                empty.append(name)
        if not exports:
            raise DataError(
                tr(
                    "None of the {treated_members} of campaign '{campaign_id}' may be contacted any more.",
                    treated_members=some(treated.height, "treated member"),
                    campaign_id=campaign_id,
                )
            )
    for crowd, export in exports:
        record_export(view, crowd, export, for_contact=for_contact)
    return ContactLists(tuple(export for _, export in exports), tuple(empty))


def treated_members(workspace: Workspace, campaign_id: str) -> tuple[Campaign, pl.DataFrame]:
    """Return a campaign that was launched here and whom it addresses: member_id, segment, offer, offer_text, message, store_id, touchpoint.

    Raises: `BadValue` where it was not launched here.
    """
    launched = open_campaign(workspace, campaign_id)
    if launched.source != "ledger" or launched.definition is None:
        raise BadValue(
            tr(
                "Campaign '{campaign_id}' was not launched here: its contacts are in the shop's own contacts table.",
                campaign_id=campaign_id,
            )
        )
    offers = {offer.name: offer for offer in launched.offers}
    treated = launched.members.filter(pl.col("arm") == "treated").select(
        "member_id",
        "segment",
        "offer",
        pl.col("offer").replace_strict({name: offer.text.split(" | ")[0] for name, offer in offers.items()}).alias("offer_text"),
        pl.col("offer").replace_strict({name: offer.message for name, offer in offers.items()}).alias("message"),
        "store_id",
        pl.col("touchpoint").fill_null(value("any touchpoint")),
    )
    return launched, treated


def _cost(draft: Draft) -> dict[str, float | None]:
    """Expected cost as it is frozen, in currency units."""
    minor = draft.view.minor_units
    costs = {kind: None if value is None else value / minor for kind, value in draft.costs.items()}
    base = draft.base_sales
    return {
        **costs,
        "base_sales": None if base is None else base / minor,
        "margin_share": draft.margin.share,
        "break_even_lift": draft.break_even_lift,
        "smallest_lift": draft.smallest_lift,
    }


def _drawn(draft: Draft) -> dict[str, Any]:
    """How the arms were drawn, so that the draw can be made again."""
    assignment = draft.assignment
    if assignment is None:
        return {}
    settings = draft.view.settings.campaigns
    return {
        "seed": draft.definition.seed,
        "salt": draft.definition.campaign_id,
        "strata": ["segment"],
        "draws": assignment.draws,
        "balanced": assignment.balanced,
        "tolerance": settings.balance_tolerance,
        "most_draws": settings.most_draws,
        "balance": assignment.balance.to_dicts(),
    }
