"""`toolkit nightly`: what a scheduler runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.errors import BadValue
from toolkit.language import tr

AHEAD = ("first", "all", "none")


def nightly_command(
    mapping: Annotated[str, typer.Argument(help="A mapping file, or a folder with a mapping.toml.", metavar="MAPPING")],
    workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")],
    reports: Annotated[Path | None, typer.Option(help="Folder of the report set; without it no reports are made.")] = None,
    stores: Annotated[str, typer.Option(help="Stores to report on: all, top:10, or ids separated by commas.")] = "top:10",
    notebooks: Annotated[str, typer.Option(help="Notebooks of the reports, separated by commas.")] = "store,portrait",
    workers: Annotated[int, typer.Option(help="Notebooks run side by side.", min=1, max=64)] = 2,
    ahead: Annotated[str, typer.Option(help="What is worked out for the pages: first (the entry page), all, or none.")] = "first",
    overlap: Annotated[int, typer.Option(help="Days before the last receipts that are looked at again.", min=0)] = 3,
    accept_defaults: Annotated[bool, typer.Option("--accept-defaults", help="Go on where the values leave a question open.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take days and files that lost more than half of what they had.")] = False,
    alerts: Annotated[Path | None, typer.Option(help="File of the alerts: FILE.jsonl, .csv or .parquet.")] = None,
) -> None:
    """Import what is new, carry the mart forward, make what pages rest on, write the reports. Exit codes: docs/how-to/nightly.md."""
    from toolkit.nightly import RUNNING, NightRunning, Plan, run_night

    if ahead not in AHEAD:
        raise BadValue(tr("--ahead takes first, all or none, but {word} came.", word=repr(ahead)))
    names = tuple(name.strip() for name in notebooks.split(",") if name.strip())
    plan = Plan(reports, stores, names, workers, ahead, overlap, accept_defaults, replace, alerts)
    try:
        night = run_night(mapping, workspace, plan, say=echo)
    except NightRunning as error:
        echo(str(error), err=True)
        raise typer.Exit(RUNNING) from None
    echo(tr("Log: {path}", path=night.log), err=True)
    raise typer.Exit(night.code)
