"""Commands for campaigns: draft, plan, launch, list, show, contacts, global-control. Hooked into `toolkit.cli` as `toolkit campaign`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from toolkit.cli.terminal import echo
from toolkit.errors import BadValue
from toolkit.language import json_text, tr

campaign_app = typer.Typer(
    help="Campaigns: a draft with its blockers, launched once into the ledger, with contact lists.", no_args_is_help=True
)

WorkspacePath = Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")]
CampaignId = Annotated[str, typer.Argument(help="The campaign's id.", metavar="ID")]
AsOf = Annotated[str, typer.Option("--as-of", help="Day the arms are fixed; empty = the last day of the receipts.")]


@campaign_app.command("draft")
def draft(
    workspace: WorkspacePath,
    campaign_id: CampaignId,
    starts: Annotated[str, typer.Option("--starts", help="First day, YYYY-MM-DD; empty = a Monday, a week ahead at least.")] = "",
    ends: Annotated[str, typer.Option("--ends", help="Last day, YYYY-MM-DD; empty = four weeks after the first.")] = "",
    offer: Annotated[
        list[str] | None,
        typer.Option("--offer", metavar="NAME=TEXT", help="ten='full_reduction 60/10'; may be repeated. None = as the playbook proposes."),
    ] = None,
    give: Annotated[
        list[str] | None,
        typer.Option("--give", metavar="SEGMENT=NAME", help="Which segment gets which offer ('*' = everybody else; 'do nothing')."),
    ] = None,
    audience: Annotated[str, typer.Option(help="A saved audience or a WHERE expression; empty = every member in scope.")] = "",
    touchpoint: Annotated[str, typer.Option(help="By what members are addressed.")] = "",
    control_share: Annotated[float, typer.Option("--control", help="Share held out.")] = 0.2,
    goal: Annotated[list[str] | None, typer.Option("--goal", metavar="NAME=NUMBER", help="Such as lift=0.05.")] = None,
    cost_fixed: Annotated[float | None, typer.Option(help="Fixed cost, currency units.")] = None,
    cost_per_contact: Annotated[float | None, typer.Option(help="Cost of a contact, currency units.")] = None,
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    store: Annotated[str, typer.Option("--store", help="One store; empty = the chain.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same arms.")] = 0,
    as_of: AsOf = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace the draft of that id.")] = False,
) -> None:
    """Keep a draft as documents/plans/ID.toml, proposed from the playbook where you state no offer; edit it there."""
    from toolkit.differentiation.planning.launching import save_plan
    from toolkit.differentiation.planning.proposal import propose_plan

    ws = _opened(workspace)
    offers = _pairs(offer, "--offer", "ten='full_reduction 60/10'")
    gives = _pairs(give, "--give", "'*=ten'") or ({"*": next(iter(offers))} if offers else {})
    goals = {key: _number(value, "--goal", key) for key, value in _pairs(goal, "--goal", "lift=0.05").items()}
    stated = {"starts_on": starts, "ends_on": ends or _four_weeks(starts), "offers": offers, "offer_of": gives, "goals": goals}
    fields = {
        "name": name, "touchpoints": touchpoint, "control_share": control_share, "cost_fixed": cost_fixed,
        "cost_per_contact": cost_per_contact, "seed": seed, **{key: value for key, value in stated.items() if value},
    }  # fmt: skip
    plan_saved = save_plan(
        ws,
        propose_plan(ws, campaign_id, store_id=store, audience=audience, as_of=as_of, **fields),
        replace_it=replace,
    )
    echo(f"wrote {ws.path / 'documents' / 'plans' / f'{plan_saved.campaign_id}.toml'}")
    for one in plan_saved.offers:
        echo(f"offer {one.name}: {one.text}")
    for fault in plan_saved.faults:
        echo(f"to do: {fault}")
    _hint(
        tr("Next: toolkit campaign plan {workspace} {campaign_id}", workspace=workspace, campaign_id=campaign_id)
        + (f" --as-of {as_of}" if as_of else "")
    )


@campaign_app.command("plan")
def plan(
    workspace: WorkspacePath,
    campaign_id: CampaignId,
    as_of: AsOf = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Work a draft out: who gets what, cost, what it can show, what speaks against it. Exit code 1 while it cannot be launched."""
    from toolkit import rendering
    from toolkit.registry import find_question

    answer = find_question("differentiation.plan")(_opened(workspace), campaign=campaign_id, as_of=as_of or None)
    echo(answer.to_json() if as_json else rendering.text(answer))
    if answer.figures["blocker_count"]:
        _hint(
            tr("Mend it in {workspace}/documents/plans/{campaign_id}.toml, then plan again.", workspace=workspace, campaign_id=campaign_id)
        )
        raise typer.Exit(1)
    _hint(
        tr("Next: toolkit campaign launch {workspace} {campaign_id}", workspace=workspace, campaign_id=campaign_id)
        + (f" --as-of {as_of}" if as_of else "")
    )


@campaign_app.command("launch")
def launch(workspace: WorkspacePath, campaign_id: CampaignId, as_of: AsOf = "") -> None:
    """Freeze a draft in the ledger: members, arms, offers, costs, goals. It never changes afterwards."""
    from toolkit.differentiation.planning.launching import launch as launch_

    launched = launch_(_opened(workspace), campaign_id, as_of=as_of or None)
    echo(_sentence(launched))
    echo(f"wrote {launched.folder}")
    for note in launched.notes:
        echo(note)
    _hint(tr("Next: toolkit campaign contacts {workspace} {campaign_id} FOLDER", workspace=workspace, campaign_id=campaign_id))


@campaign_app.command("list")
def list_(workspace: WorkspacePath) -> None:
    """List the campaigns, launched here (ledger) or told by the shop's tables, and the drafts."""
    from toolkit.ledger.campaigns import known_campaigns
    from toolkit.ledger.definition import plan_names

    ws = _opened(workspace)
    known = known_campaigns(ws)
    for row in known.iter_rows(named=True):
        drawn = {True: tr("drawn at random"), False: tr("not drawn at random"), None: tr("not known how drawn")}[row["randomised"]]
        damaged = tr("   CHANGED AFTER LAUNCH") if row["intact"] is False else ""
        echo(
            f"{row['campaign_id']:20} {row['starts_on'] or '?'!s:10} - {row['ends_on'] or '?'!s:10} {row['source']:7} "
            + tr("{treated:>9,} treated {control:>8,} control", treated=row["treated_count"] or 0, control=row["control_count"] or 0)
            + f"   {row['method'] or '-'}, {drawn}{damaged}"
        )
    drafts = [name for name in plan_names(ws) if name not in set(known["campaign_id"])]
    for name in drafts:
        echo(tr("{name:20} draft: documents/plans/{name}.toml", name=name))
    if known.is_empty() and not drafts:
        _hint(tr("No campaign yet. Draft one: toolkit campaign draft {workspace} spring", workspace=workspace))


@campaign_app.command("show")
def show(
    workspace: WorkspacePath,
    campaign_id: CampaignId,
    as_json: Annotated[bool, typer.Option("--json", help="The definition as JSON.")] = False,
) -> None:
    """Show a campaign as it was launched: its files are checked against their hashes first."""
    from toolkit.ledger.campaigns import open_campaign

    campaign = open_campaign(_opened(workspace), campaign_id)
    if as_json:
        fields = (
            campaign.definition.model_dump(mode="json")
            if campaign.definition
            else {"campaign_id": campaign.campaign_id, "source": campaign.source}
        )
        echo(json_text(fields, indent=1))
        return
    echo(_sentence(campaign))
    cells = campaign.members.group_by("segment", "offer", "arm").len().sort("segment", "offer", "arm", nulls_last=True)
    for row in cells.iter_rows(named=True):
        echo(f"  {row['len']:>8,}  {row['arm']:8} {row['offer'] or '-':24} {row['segment'] or '-'}")
    if campaign.definition is not None and campaign.definition.purpose:
        echo(f"purpose: {campaign.definition.purpose.replace('_', ' ')}")
    for offer in campaign.offers:
        echo(f"offer {offer.name}: {offer.text}")
    for reason, count in campaign.left_out.group_by("reason").len().sort("reason").iter_rows():
        echo(f"left out: {count:,} {reason}")
    for note in campaign.notes:
        echo(note)
    if campaign.folder is not None:
        echo(tr("{folder}: as it was launched on {as_of}", folder=campaign.folder, as_of=campaign.as_of))


@campaign_app.command("contacts")
def contacts(
    workspace: WorkspacePath,
    campaign_id: CampaignId,
    folder: Annotated[Path, typer.Argument(help="Where to put the lists.")],
    per_store: Annotated[bool, typer.Option("--per-store", help="One list per store and touchpoint.")] = False,
    formats: Annotated[str, typer.Option(help="csv, xlsx, parquet, separated by commas.")] = "csv,xlsx,parquet",
    with_columns: Annotated[str, typer.Option("--columns", help="Columns of the members table besides, separated by commas.")] = "",
    analysis: Annotated[bool, typer.Option("--analysis", help="For analysis only: nobody may be addressed from it.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace files of the same name.")] = False,
) -> None:
    """Write whom a launched campaign addresses, a list per touchpoint; the control members are on none."""
    from toolkit.differentiation.planning.launching import contact_lists

    lists = contact_lists(
        _opened(workspace), campaign_id, folder, per_store=per_store, formats=_words(formats), columns=_words(with_columns),
        for_contact=not analysis, replace_it=replace,
    )  # fmt: skip
    echo(lists.sentence)
    for export in lists.exports:
        for path in (*export.files, export.manifest):
            echo(f"wrote {path}")
    _hint(
        tr(
            "Next, once it has ended and its receipts are imported: toolkit campaign lessons {workspace} {campaign_id}",
            workspace=workspace,
            campaign_id=campaign_id,
        )
    )


@campaign_app.command("global-control")
def global_control(
    workspace: WorkspacePath,
    share: Annotated[
        float | None, typer.Option(help="Set this share of the chain, such as 0.02; without it the one in force is shown.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other members.")] = 0,
    since: Annotated[str, typer.Option(help="The day it begins; empty = the last day of the receipts.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Give up the one in force.")] = False,
) -> None:
    """Show or set the members whom no campaign contacts, so that all campaigns together can be judged."""
    from toolkit.differentiation.planning.launching import set_global_control
    from toolkit.registry import find_question

    ws = _opened(workspace)
    if share is not None:
        set_global_control(ws, share, since=since or None, seed=seed, replace_it=replace)
        echo(f"wrote {ws.path / 'documents' / 'global_control.toml'}")
    answer = find_question("differentiation.global_control")(ws)
    echo(answer.headline)
    for note in answer.notes:
        echo(str(note))


@campaign_app.command("lessons")
def lessons(
    workspace: WorkspacePath,
    campaign_id: Annotated[str, typer.Argument(help="The campaign's id; empty = all that can be reviewed.", metavar="[ID]")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="Last day seen.")] = "",
) -> None:
    """Review a campaign that has ended, or all of them, and keep what they teach; the next plan reads it."""
    from toolkit.review.measures.learnt import write_all_lessons, write_lessons

    ws, day = _opened(workspace), as_of or None
    learnt = write_lessons(ws, campaign_id, as_of=day) if campaign_id else write_all_lessons(ws, as_of=day)
    for sentence in learnt.sentences:
        echo(sentence)
    _hint(tr("Next: toolkit ask {workspace} 'what have our campaigns taught us?'", workspace=workspace))


def _sentence(value: Any) -> str:
    drawn = {True: "drawn at random", False: "not drawn at random", None: "it is not known how they were drawn"}[value.randomised]
    called = f" ({value.name})" if value.name else ""
    where = "launched here" if value.source == "ledger" else "told by the shop's tables"
    return (
        f"Campaign '{value.campaign_id}'{called}, {value.starts_on} to {value.ends_on}, {where}: {value.count('treated'):,} treated, "
        f"{value.count('control'):,} control, {drawn}."
    )


def _pairs(words: list[str] | None, option: str, example: str) -> dict[str, str]:
    pairs = {}
    for word in words or []:
        key, sign, value = word.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise BadValue(
                tr("{option} {word}: NAME=VALUE was needed, such as {option} {example}.", option=option, word=word, example=example)
            )
        pairs[key.strip()] = value.strip()
    return pairs


def _four_weeks(starts: str) -> str:
    """The last day of four weeks; a first day that is none is left to the definition to refuse."""
    try:
        return (date.fromisoformat(starts) + timedelta(days=27)).isoformat()
    except ValueError:
        return starts


def _number(text: str, option: str, key: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadValue(tr("{option} {key}={text}: a number was needed, such as {key}=0.05.", option=option, key=key, text=text)) from None


def _opened(workspace: Path) -> Any:
    from toolkit.workspace import Workspace

    return Workspace(workspace)


def _words(text: str) -> list[Any]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _hint(text: str) -> None:
    echo(text, err=True)
