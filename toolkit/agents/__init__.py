"""The shop for agents: the questions as tools of the Model Context Protocol, on this machine alone."""

from toolkit.agents.server import agent_server, serve_http, serve_stdio

__all__ = ["agent_server", "serve_http", "serve_stdio"]
