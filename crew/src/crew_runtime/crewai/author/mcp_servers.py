"""Makes MCP servers work, and an error of those that do not: CrewAI would let agents work without their tools."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any, Final

from crew_runtime.crewai.author.errors import AuthorCodeError

_REMEDY: Final = "check its address, and that the crew may reach it"


@cache
def demand_mcp_servers() -> None:
    """Make each server that an agent names answer with tools that can be called, in this process; once."""
    from crewai import Agent

    get = Agent.get_mcp_tools

    def get_each(self: Any, mcps: list[Any]) -> list[Any]:  # noqa: ANN401 - CrewAI's
        from crewai.tools.mcp_native_tool import MCPNativeTool  # takes half a second, which no other job has to wait

        MCPNativeTool._run = _call  # noqa: SLF001 - of a pinned version
        return [tool for server in mcps for tool in _tools_of(server, partial(get, self, [server]))]

    Agent.get_mcp_tools = get_each


def _call(self: Any, **named: Any) -> Any:  # noqa: ANN401 - CrewAI's
    """Call a tool of a server, in a thread of its own.

    CrewAI itself does it while it handles the absence of a running loop, which its transport then takes for the reason
    why the connection ends: without a loop, each call fails.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, self._run_async(**named)).result()


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


def _name_of(server: Any) -> str:  # noqa: ANN401 - CrewAI's
    """Name a server without what may be secret: its headers, arguments and query."""
    if isinstance(server, str):
        return server.partition("?")[0]
    return str(getattr(server, "url", None) or getattr(server, "command", "")).partition("?")[0]


def _cause_of(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__
