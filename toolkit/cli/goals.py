"""`toolkit goals`: goals of a file taken in, those in force listed. `toolkit alerts`: what has left its band, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.language import tr


def goals_command(
    workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")],
    file: Annotated[
        Path | None, typer.Argument(help="CSV or spreadsheet: figure, month, target, and store or region. Without it: what is stated.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Give up the goals that were stated before.")] = False,
) -> None:
    """Take the goals of a file, or list those stated. Exit code 1 where rows were set aside; each is told."""
    from toolkit.portrait.measures.goal_list import goals_of_file, read_goals, save_goals
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    if file is None:
        for goal in read_goals(ws):
            place = goal.store or goal.region or tr("the chain")
            echo(f"{goal.month}  {place:16} {goal.figure:22} {goal.target:,}")
        return
    goals, faults = goals_of_file(ws, file)
    for fault in faults:
        echo(fault, err=True)
    if goals or replace:
        path = save_goals(ws, goals, replace_it=replace)
        echo(tr("{goals:,} goals taken, {faults:,} rows set aside: {path}", goals=len(goals), faults=len(faults), path=path))
        echo(tr("Next: toolkit answer {workspace} review.goals", workspace=workspace), err=True)
    else:
        echo(tr("No goal was taken; {path} is as it was.", path=ws.path / "documents" / "goals.toml"), err=True)
    if faults:
        raise typer.Exit(1)


def alerts_command(
    workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")],
    to: Annotated[Path | None, typer.Option(help="Write them to FILE.jsonl, .csv or .parquet, for a scheduler to send.")] = None,
    stores: Annotated[bool, typer.Option("--stores", help="Those of each store as well.")] = False,
) -> None:
    """Say which figures have left their own seasonal band. Exit code 1 where one has."""
    from toolkit.registry import find_question
    from toolkit.review.alerts import write_alerts
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    answer = find_question("review.alerts")(ws)
    echo(answer.headline)
    count = int(answer.figures["alert_count"])
    if to is not None:
        path, count = write_alerts(ws, to, stores=stores)
        echo(tr("{count:,} alerts written: {path}", count=count, path=path))
    if count:
        raise typer.Exit(1)
