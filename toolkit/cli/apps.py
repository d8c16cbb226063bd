"""The command `toolkit app`: an app for people who do not code, in the browser, from this machine or behind a team's proxy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.terminal import echo
from toolkit.extras import require

DEFAULT_PORT = 8866
_TEAM = "For a team, behind a proxy (docs/how-to/team.md)"


def add_app_command(cli: typer.Typer, panel: str) -> None:
    """Add `app` and `wall` to the command line, in the given panel of its help."""
    cli.command("app", rich_help_panel=panel)(app_command)
    cli.command("wall", rich_help_panel=panel)(wall_command)


def app_command(
    workspace: Annotated[
        Path, typer.Argument(help="The workspace folder; an empty one opens on the page that brings receipts in.", metavar="WORKSPACE")
    ],
    name: Annotated[str, typer.Argument(help="Which app to open; none = the entry page.", metavar="[NAME]")] = "",
    port: Annotated[int, typer.Option(help="Port; the next free one is taken if it is in use.", min=1, max=65535)] = DEFAULT_PORT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    token: Annotated[bool, typer.Option("--token/--no-token", help="Let in only who has the address with its token.")] = True,
    host: Annotated[str, typer.Option(help="Address to listen on; as it is, this machine alone.", rich_help_panel=_TEAM)] = "127.0.0.1",
    base_url: Annotated[
        str,
        typer.Option(
            help="Path below which a proxy reaches the apps (/members), or the whole address that people type.", rich_help_panel=_TEAM
        ),
    ] = "",
    trust_proxy_user: Annotated[
        str,
        typer.Option(
            help="Header in which the proxy says who somebody is; then nobody comes in without a name.",
            envvar="TOOLKIT_USER_HEADER",
            show_envvar=False,
            metavar="HEADER",
            rich_help_panel=_TEAM,
        ),
    ] = "",
    proxy: Annotated[
        list[str] | None, typer.Option(help="Address or net of the proxy that may name people; none = this machine.", rich_help_panel=_TEAM)
    ] = None,
    jupyterhub: Annotated[
        bool,
        typer.Option(
            "--jupyterhub", help="Run as a service of JupyterHub, which says where to listen and who somebody is.", rich_help_panel=_TEAM
        ),
    ] = False,
) -> None:
    """Open the apps in the browser, for people who do not code: read, choose, click, save. Nothing leaves this machine."""
    require("apps", "models", "charts")
    from toolkit.apps.serving import forked
    from toolkit.apps.serving.place import place_of, place_of_hub
    from toolkit.errors import WorkspaceError, unknown_name
    from toolkit.language import tr
    from toolkit.scope.view import open_view
    from toolkit.shipped import shipped_folder
    from toolkit.workspace import Workspace

    apps = {path.stem: f"voila/render/{path.name}" for path in sorted(shipped_folder("dashboards").glob("*.ipynb"))} | {"wall": "wall"}
    if name and name not in apps:
        raise unknown_name("app", name, apps)
    if jupyterhub:
        require("hub")
        place, port = place_of_hub()
    else:
        place = place_of(base_url=base_url, host=host, user_header=trust_proxy_user, proxies=proxy or (), token=token)
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
        serve(workspace, apps.get(name, ""), port=port, place=place, browser=browser, token=token, announce=announce)
    finally:
        if is_new and workspace.is_dir() and not any(workspace.iterdir()):
            workspace.rmdir()


def wall_command(
    workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")],
    port: Annotated[int, typer.Option(help="Port; the next free one is taken if it is in use.", min=1, max=65535)] = DEFAULT_PORT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    token: Annotated[bool, typer.Option("--token/--no-token", help="Let in only who has the address with its token.")] = True,
) -> None:
    """Open the wall: today's sales against the same hours of past weeks, on one screen that follows the receipts as they come in."""
    os.environ.setdefault("TOOLKIT_APP_AHEAD", "0")  # nobody opens the other pages from a wall
    app_command(workspace, "wall", port=port, browser=browser, token=token)


def _is_new(folder: Path) -> bool:
    """Return whether a folder can become a workspace: it holds nothing, or is only named and its parent is there."""
    if folder.is_dir():
        return all(item.name in ("inbox", "uploads") for item in folder.iterdir())
    return not folder.exists() and folder.absolute().parent.is_dir()
