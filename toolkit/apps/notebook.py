"""What a notebook offers beside the questions: a conversation (`tk.talk`), a question with controls (`tk.explore`), a wall (`tk.wall`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.extras import require
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    from toolkit.apps.pages.explore_view import Explore
    from toolkit.apps.pages.talk_view import Talk
    from toolkit.apps.pages.wall_view import WallView


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


def wall(workspace: Workspace | str | Path, *, store_id: str = "", seconds: float = 5) -> WallView:
    """Open the wall in a notebook: today against the same hours of past weeks; it follows the receipts while the kernel is idle.

    Parameters
    ----------
    store_id
        One store; empty = the chain.
    seconds
        How often it looks for new receipts.

    Raises
    ------
    MissingExtra
        The extra `notebook` is not installed.

    Example
    -------
    >>> tk.wall(ws).answer.name
    'review.wall'
    """
    require("notebook", "apps")
    from toolkit.apps.pages.wall_view import WallView

    return WallView(workspace, store_id, seconds)
