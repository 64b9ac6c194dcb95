"""Makes MCP servers that cannot be used an error, where CrewAI would let agents work without their tools."""

from functools import cache
from typing import Any

from crew_runtime.crewai.author_errors import AuthorCodeError


@cache
def demand_mcp_servers() -> None:
    """Make each server that an agent names answer with tools, in this process; once."""
    from crewai.mcp.tool_resolver import MCPToolResolver

    resolve = MCPToolResolver.resolve

    def resolve_each(self: Any, servers: list[Any]) -> list[Any]:  # noqa: ANN401 - CrewAI's
        found: list[Any] = []
        for server in servers:
            found += _tools_of(server, lambda server=server: resolve(self, [server]))
        return found

    MCPToolResolver.resolve = resolve_each


def _tools_of(server: Any, resolve: Any) -> list[Any]:  # noqa: ANN401 - CrewAI's
    name = _name_of(server)
    if isinstance(server, str) and not server.startswith("https://"):
        raise AuthorCodeError(
            f"the MCP server {name} is one of a CrewAI account, which no job has: name it by its https:// address"
        )
    try:
        tools: list[Any] = resolve()
    except Exception as error:
        raise AuthorCodeError(f"the MCP server {name} cannot be used ({_cause_of(error)}): {_REMEDY}") from error
    if not tools:
        raise AuthorCodeError(f"the MCP server {name} does not answer, or offers no such tools: {_REMEDY}")
    return tools


_REMEDY = "check its address, and that the crew may reach it"


def _name_of(server: Any) -> str:  # noqa: ANN401 - CrewAI's
    """Name a server without what may be secret: its headers, arguments and query."""
    if isinstance(server, str):
        return server.partition("?")[0]
    return str(getattr(server, "url", None) or getattr(server, "command", "")).partition("?")[0]


def _cause_of(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__
