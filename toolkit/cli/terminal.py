"""What a command says on the terminal: nothing that a shop's names hold moves its cursor or turns its lines round."""

from __future__ import annotations

import typer

from toolkit.language import plain


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a line of text; `err`: to standard error."""
    typer.echo(plain(text), err=err, nl=nl)
