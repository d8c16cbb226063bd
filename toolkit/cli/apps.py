"""The command `toolkit app`: an app for people who do not code, in the browser, from this machine only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.extras import require

DEFAULT_PORT = 8866


def add_app_command(cli: typer.Typer, panel: str) -> None:
    """Add `app` to the command line, in the given panel of its help."""
    cli.command("app", rich_help_panel=panel)(app_command)


def app_command(
    workspace: Annotated[
        Path, typer.Argument(help="The workspace folder; an empty one opens on the page that brings receipts in.", metavar="WORKSPACE")
    ],
    name: Annotated[str, typer.Argument(help="Which app to open; none = the entry page.", metavar="[NAME]")] = "",
    port: Annotated[int, typer.Option(help="Port; the next free one is taken if it is in use.", min=1, max=65535)] = DEFAULT_PORT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    token: Annotated[bool, typer.Option("--token/--no-token", help="Let in only who has the address with its token.")] = True,
) -> None:
    """Open the apps in the browser, for people who do not code: read, choose, click, save. Nothing leaves this machine."""
    require("apps", "models", "charts")
    from toolkit.apps.serving import forked
    from toolkit.errors import WorkspaceError, unknown_name
    from toolkit.language import tr
    from toolkit.scope.view import open_view
    from toolkit.shipped import shipped_folder
    from toolkit.workspace import Workspace

    apps = {path.stem: path for path in sorted(shipped_folder("dashboards").glob("*.ipynb"))}
    if name and name not in apps:
        raise unknown_name("app", name, apps)
    echo(f"Opening {workspace} ...")
    forked.warm_up()
    if not workspace.exists() and name != "receipts":  # a name that was mistyped makes no workspace
        raise WorkspaceError(tr("There is no folder {path}. For a new workspace: toolkit app {path} receipts", path=workspace))
    if is_new := _is_new(workspace):
        name = "receipts"
        workspace.mkdir(parents=True, exist_ok=True)
    else:
        opened = Workspace(workspace)
        if opened.line_count:
            open_view(opened)  # says what is wrong with a workspace here rather than on the page; builds the mart if it is missing
        else:
            name = "receipts"

    from toolkit.apps.serving.server import log_path, serve

    def announce(url: str) -> None:
        echo(tr("The apps are at {url}\nCtrl-C stops it. Should something fail, the reason is in {file}.", url=url, file=log_path()))

    try:
        serve(workspace, apps.get(name), port=port, browser=browser, token=token, announce=announce)
    finally:
        if is_new and workspace.is_dir() and not any(workspace.iterdir()):
            workspace.rmdir()


def _is_new(folder: Path) -> bool:
    """Return whether a folder can become a workspace: it holds nothing, or is only named and its parent is there."""
    if folder.is_dir():
        return all(item.name in ("inbox", "uploads") for item in folder.iterdir())
    return not folder.exists() and folder.absolute().parent.is_dir()
