"""The command `toolkit mcp`: the shop for an agent, over stdio or on a loopback port with a token."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def mcp_command(
    workspace: Annotated[Path, typer.Argument(help="The workspace folder.", metavar="WORKSPACE")],
    http: Annotated[bool, typer.Option("--http", help="Listen on this machine's own address instead of stdin and stdout.")] = False,
    port: Annotated[int, typer.Option(help="Port of --http.", min=1, max=65535)] = 8867,
    token: Annotated[
        str, typer.Option(help="Token that requests to --http must carry; empty = one is drawn and printed.", envvar="TOOLKIT_MCP_TOKEN")
    ] = "",
    allow_writes: Annotated[bool, typer.Option("--allow-writes", help="The agent may launch campaigns and write exports.")] = False,
    members: Annotated[bool, typer.Option("--members", help="Rows of single members may reach the agent.")] = False,
) -> None:
    """Let an agent ask (Model Context Protocol): it reads, names audiences and keeps drafts; what reaches members needs your leave."""
    from toolkit.extras import require

    require("agents")
    from toolkit.agents import agent_server, serve_http, serve_stdio

    server = agent_server(workspace, allow_writes=allow_writes, members=members)
    if http:
        serve_http(server, port=port, token=token)
    else:
        serve_stdio(server)
