"""The command `toolkit talk`: a conversation in a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo


def talk_command(workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")]) -> None:
    """Talk with the receipts: each line is read, shown as it was understood, answered, and can be gone on from. An empty line ends it."""
    from toolkit import rendering
    from toolkit.conversation import Reply, Talking
    from toolkit.language import tr

    def show(turn: Reply) -> None:
        echo(turn.said)
        for answer in turn.answers:
            echo(f"> {answer.call}\n{rendering.text(answer, heading=False)}")
        for number, call in enumerate(turn.choices, 1):
            echo(f"  {number}. {call.words}")

    talking = Talking(workspace, heard=show)
    echo(tr("Ask in your own words; a number takes a choice, an empty line ends the conversation."))
    while True:
        echo("? ", nl=False)
        line = sys.stdin.readline()
        if not line.strip():
            break
        step = talking.say(line.strip()).understood.step
        if step and step.kind == "save_audience" and typer.confirm(tr("Save “{name}”?", name=step.name)):
            echo(tr("The audience “{name}” is saved.", name=talking.confirm(step).name))
    if talking.code():
        echo(tr("The same as calls:") + "\n" + talking.code())
