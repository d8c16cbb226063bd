"""What a notebook offers beside the questions: a conversation (`tk.talk`), and a question with its controls (`tk.explore`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.extras import require
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    from toolkit.apps.pages.explore_view import Explore
    from toolkit.apps.pages.talk_view import Talk


def talk(workspace: Workspace | str | Path) -> Talk:
    """Open a conversation in a notebook: ask in plain words, see what was understood, take a part of it away, go on.

    `talk.code()` gives what was asked as the calls that a cell can run.

    Raises
    ------
    MissingExtra
        The extra `notebook` is not installed.

    Example
    -------
    >>> talk = tk.talk(ws)
    >>> shown = talk.say("which store is worst")
    >>> talk.code()
    'tk.portrait.stores(ws)'
    """
    require("notebook", "apps")
    from toolkit.apps.pages.talk_view import Talk

    return Talk(workspace)


def explore(workspace: Workspace | str | Path, question: str = "portrait.overview") -> Explore:
    """Open a question in a notebook with its scope and parameters as controls beside the answer.

    `explore.answer` is the answer that is shown, `explore.code()` its call.

    Raises
    ------
    MissingExtra
        The extra `notebook` is not installed.
    UnknownName
        There is no such question; the nearest are named.

    Example
    -------
    >>> tk.explore(ws, "portrait.stores").code()
    'tk.portrait.stores(ws)'
    """
    require("notebook", "apps")
    from toolkit.apps.pages.explore_view import Explore

    return Explore(workspace, question)
