"""Commands for personal data: forget members, read the audit log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.errors import BadValue
from toolkit.language import tr, trn

WorkspacePath = Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")]


def forget_command(
    workspace: WorkspacePath,
    members: Annotated[list[str] | None, typer.Argument(help="Ids of the members, as the shop writes them.", metavar="MEMBER...")] = None,
    retain_for: Annotated[
        str, typer.Option("--retain", metavar="36m", help="Months (m) or years (y) for which lines keep their member; older ones lose it.")
    ] = "",
    drop: Annotated[bool, typer.Option("--drop", help="With --retain: older lines go altogether, and their sales with them.")] = False,
    inbox: Annotated[bool, typer.Option("--inbox", help="Remove files of the inbox that name them, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
) -> None:
    """Take members out for good: sales stay, as a non-member's; the same export does not bring them back. Exit code 1: a file is left."""
    from toolkit.personal.forget import forget

    if members and not yes and sys.stdin.isatty():
        asked = trn("Forget {count:,} member for good?", "Forget {count:,} members for good?", len(members), count=len(members))
        typer.confirm(asked, abort=True)
    if retain_for:
        from toolkit.personal.retention import retain

        if members:
            raise BadValue(tr("Give members or --retain, one at a time."))
        for sentence in retain(workspace, retain_for, drop=drop).sentences:
            echo(sentence)
        return
    receipt = forget(workspace, *(members or []), inbox=inbox)
    for sentence in receipt.sentences:
        echo(sentence)
    if not receipt.is_clean:
        raise typer.Exit(1)


def pseudonymise_command(
    workspace: WorkspacePath,
    out: Annotated[Path, typer.Argument(help="The new folder.", metavar="OUT")],
    key: Annotated[str, typer.Option(help="env:NAME or file:PATH of the key, outside both workspaces.")],
    keep: Annotated[str, typer.Option(help="Attributes of the members table that come along, separated by commas.")] = "",
) -> None:
    """Write a workspace for analysts: the same figures, a keyed hash for every member's and every order's id."""
    from toolkit.personal.pseudonymise import pseudonymise

    made = pseudonymise(workspace, out, key=key, keep=[name.strip() for name in keep.split(",") if name.strip()])
    echo(tr("wrote {workspace}; who has the key can still tell who is who, so keep it apart.", workspace=repr(made)))


def minimum_command(
    workspace: WorkspacePath,
    least: Annotated[int, typer.Argument(help="The fewest members that figures may speak of; 0 = show the one in force.", min=0)] = 0,
    reason: Annotated[str, typer.Option(help="Why it is lowered: it is kept in writing, with your name.")] = "",
) -> None:
    """Show, or as an owner lower, the fewest members that figures may speak of."""
    from toolkit.scope.minimum import lower_minimum, shop_settings
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    if least:
        echo(f"wrote {lower_minimum(ws, least, reason=reason)}")
    echo(tr("Figures speak of no group of fewer than {least} members.", least=shop_settings(ws).scope.minimum_members))


def audit_command(
    workspace: WorkspacePath,
    head: Annotated[str, typer.Option(help="A head that you noted earlier: the log must still reach it.")] = "",
    last: Annotated[int, typer.Option(help="Lines shown; 0 = all.", min=0)] = 20,
) -> None:
    """Say who saved, exported, launched, forgot: the audit log, its chain verified. Exit code 1: it was changed."""
    from toolkit.audit import read_audit
    from toolkit.workspace import Workspace

    audit = read_audit(Workspace(workspace).path, head=head)
    for entry in audit.entries[-last:]:
        about = ", ".join(
            f"{name} {value}" for name, value in entry.about.items() if name not in ("files", "at") and value not in (None, "")
        )
        echo(f"{entry.number:>5}  {entry.at}  {entry.who} ({entry.how})  {entry.did}: {about}")
    for fault in audit.faults:
        echo(fault)
    if audit.faults:
        raise typer.Exit(1)
    echo(
        tr("The chain of {lines:,} lines is whole. Head: {head}", lines=len(audit.entries), head=audit.head)
        if audit.entries
        else tr("Nothing is recorded yet.")
    )
