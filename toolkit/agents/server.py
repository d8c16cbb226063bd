"""The server: the tools of `tools.py`, what an agent can read, and prompts to start from, over stdio or loopback HTTP with a token.

Built on the protocol's own package (`mcp`, an extra). Nothing listens on another address than this machine's own, and over HTTP every
request carries the token.
"""

from __future__ import annotations

import hmac
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.agents.tools import Tools
from toolkit.language import tr
from toolkit.schemas import contract_markdown
from toolkit.shipped import shipped_folder
from toolkit.workspace import Workspace, opened

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

HOST = "127.0.0.1"
DEFAULT_PORT = 8867
READS = ("list_questions", "describe_question", "answer", "figure", "interpret", "list_entities", "check_text")
DRAFTS = ("save_audience", "draft_campaign")
WRITES = ("launch_campaign", "export_audience", "export_contacts")
INSTRUCTIONS = """You speak with the receipts of a shop about its members. Ask `interpret` with the person's words, or `list_questions`,
then `answer`. Say only figures that stand in an answer, with the notes that forbid a claim (NOT RANDOMISED, REVIEW, NOT MEASURED); before
you show a text with figures, `check_text` it. Where the outcome is clarify, ask the person; where it is nearest or refuse, say so and do
not guess. "Not known" is a good answer."""


def agent_server(workspace: Workspace | str | Path, *, allow_writes: bool = False, members: bool = False) -> MCPServer:
    """Return the server of a workspace, to be run or to be connected to in one process.

    Parameters
    ----------
    workspace
        The shop.
    allow_writes
        Whether an agent may launch campaigns and write exports. Audiences and drafts can be kept without it: they reach nobody.
    members
        Whether rows of single members may leave.

    Raises
    ------
    MissingExtra
        The package `mcp` is not installed.
    WorkspaceError
        There is no workspace.
    """
    from mcp.server.mcpserver import MCPServer
    from mcp.types import ToolAnnotations

    path = opened(workspace).path
    tools = Tools(path, allow_members=members)
    server = MCPServer("retail-member-toolkit", instructions=INSTRUCTIONS, log_level="WARNING")
    for name in (*READS, *DRAFTS, *(WRITES if allow_writes else ())):
        hints = ToolAnnotations(read_only_hint=name in READS, destructive_hint=name in WRITES, open_world_hint=False)
        server.add_tool(getattr(tools, name), name=name, annotations=hints, structured_output=False)
    server.resource("toolkit://contract", mime_type="text/markdown", description="The tables and columns that receipts are mapped to.")(
        contract_markdown
    )
    server.resource("toolkit://definitions", mime_type="text/markdown", description="What each figure means, and the bar it must reach.")(
        _definitions
    )
    for prompt in (weekly_member_meeting, plan_a_campaign, why_is_repurchase_low):
        server.prompt()(prompt)
    return server


def serve_stdio(server: MCPServer) -> None:
    """Serve one agent that started this process; ends when it closes its side."""
    server.run("stdio")


def serve_http(server: MCPServer, *, port: int = DEFAULT_PORT, token: str = "") -> None:
    """Serve agents on this machine's own address until interrupted; every request must carry the token, which is drawn where none is
    given."""
    import uvicorn

    token = token or secrets.token_urlsafe(24)
    print(
        tr("Agents connect to http://{host}:{port}/mcp with the header Authorization: Bearer {token}", host=HOST, port=port, token=token),
        file=sys.stderr,
    )
    uvicorn.run(WithToken(server.streamable_http_app(host=HOST), token), host=HOST, port=port, log_level="warning")


class WithToken:
    """Lets only requests with the token through to an ASGI application; the others get 401."""

    def __init__(self, app: Any, token: str) -> None:
        self.app, self._wanted = app, f"Bearer {token}".encode()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._wanted):
                await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Bearer")]})
                await send({"type": "http.response.body", "body": b"The token is missing or wrong."})
                return
        await self.app(scope, receive, send)


def _definitions() -> str:
    return (shipped_folder("docs") / "DEFINITIONS.md").read_text("utf-8")


def weekly_member_meeting(store_id: str = "") -> str:
    """The weekly member meeting: what changed, why, and at most three things to do."""
    place = f" for store {store_id}" if store_id else ""
    return (
        f"Prepare the weekly member meeting{place}. Ask portrait.overview, portrait.movement, targeting.gain_loss and targeting.slipping. "
        "Write five sentences that a manager reads in a minute: what changed, how sure that is, what it is worth, and at most three things "
        "to do, each with its audience. Check the text."
    )


def plan_a_campaign(goal: str, budget: str = "") -> str:
    """Plan a campaign: whom, which offer, what it costs, what it can show."""
    money = f" The budget is {budget}." if budget else ""
    return (
        f"Plan a campaign. The goal: {goal}.{money} Read review.lessons first, find the audience, and ask differentiation.offers and "
        "differentiation.holdout for it. Keep a draft with draft_campaign and say what speaks against it. Do not launch it."
    )


def why_is_repurchase_low() -> str:
    """Why is our repurchase low? What the receipts can say of it, and what they cannot."""
    return (
        "Find out why members do not come again. Ask portrait.lifecycle, targeting.cohorts, targeting.paths, targeting.entry_goods and "
        "targeting.gain_loss. Say what is measured, what is only suspected, and what would have to be known. Check the text."
    )
