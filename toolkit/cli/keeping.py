"""The commands that keep a workspace whole: doctor, backup, restore."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.language import tr

WorkspacePath = Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")]
Backups = Annotated[
    str, typer.Argument(help="The folder of backups, best on another disk; or an object store: s3://bucket/folder.", metavar="BACKUPS")
]


def doctor_command(
    workspace: WorkspacePath,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Leave damaged files of receipts and tables out, so that they can be imported again.")
    ] = False,
    take_edits: Annotated[
        bool, typer.Option("--take-edits", help="Take documents (settings, rulers, rules) that were changed by hand as they are.")
    ] = False,
) -> None:
    """Look at every file of a workspace: mend what can be made again, say what must be imported again."""
    from toolkit.doctor.examining import examine

    examination = examine(workspace, set_aside=set_aside, take_edits=take_edits)
    echo(str(examination))
    raise typer.Exit(1 if examination.left else 0)


def backup_command(workspace: WorkspacePath, folder: Backups) -> None:
    """Write what cannot be made again into a folder of backups; what is there from before is not written twice."""
    from toolkit.doctor.backup import back_up

    made = back_up(workspace, folder, now=datetime.now())
    echo(
        tr(
            "{file}: {files:,} files of {size:,.1f} MB, of which {written:,} ({written_size:,.1f} MB) were not there from before.",
            file=made.path,
            files=made.files,
            size=made.size / 1e6,
            written=made.written,
            written_size=made.written_size / 1e6,
        )
    )


def restore_command(
    folder: Backups,
    workspace: Annotated[Path, typer.Argument(help="A new folder.", metavar="WORKSPACE")],
    backup: Annotated[str, typer.Option(help="Name of the backup; empty = the latest.")] = "",
) -> None:
    """Write a backup as a new workspace; every file is looked at on the way."""
    from toolkit.doctor.backup import restore

    made = restore(folder, workspace, backup=backup)
    said = tr("{workspace} is as it was in {backup}: {files:,} files, {size:,.1f} MB.",
              workspace=workspace, backup=made.path.name, files=made.files, size=made.size / 1e6)  # fmt: skip
    echo(said)
    echo(f"Next: toolkit info {workspace}", err=True)
