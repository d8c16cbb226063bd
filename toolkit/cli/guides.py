"""`toolkit guides`: the tasks of a day, frozen in the ledger and written for each store and guide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.language import tr


def guides_command(
    workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")],
    to: Annotated[Path, typer.Option("--to", help="Where to put the lists.", metavar="DIR")],
    day: Annotated[str, typer.Option(help="The day of the tasks, YYYY-MM-DD; empty = the day after the last receipt.")] = "",
    per_day: Annotated[int, typer.Option(help="Tasks of a guide, at most.")] = 10,
    held: Annotated[float, typer.Option(help="Share held out by chance.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Another seed holds out others.")] = 0,
    formats: Annotated[str, typer.Option(help="csv, xlsx, separated by commas.")] = "csv,xlsx",
    with_columns: Annotated[str, typer.Option("--columns", help="Columns of the members table besides, separated by commas.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace files of the same name.")] = False,
) -> None:
    """Write whom each guide should speak to, and about what. The same day gives the same lists; a tenth is held out and is on none."""
    from toolkit.targeting.giving_out import give_out_tasks

    given = give_out_tasks(
        workspace, to, day=day or None, per_day=per_day, held_share=held, seed=seed,
        formats=[one.strip() for one in formats.split(",") if one.strip()],
        columns=[one.strip() for one in with_columns.split(",") if one.strip()], replace_it=replace,
    )  # fmt: skip
    for sentence in given.sentences:
        echo(sentence)
    for path in given.files:
        echo(tr("wrote {path}", path=path))
    hint = tr(
        "Next: import the outcomes as `guide_calls`; two weeks later: toolkit answer {workspace} review.guide_calls", workspace=workspace
    )
    echo(hint, err=True)
