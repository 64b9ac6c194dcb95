"""Which agent a request is for: the only one, or the one that the path begins with."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from crew_runtime.common.current_agent import work_for
from crew_runtime.http.admission.doorman import Doorman
from crew_runtime.http.agent.agent import Agent
from crew_runtime.http.server.ports import CLOSING
from crew_runtime.traces.span import AgentTraces

_SERVED: Final = "crew_runtime.served"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An agent as it is served; `facts` are what its /healthz answers beside the state of the crew.

    `url` is where customers reach it, without a slash at the end; None if that is not known.
    """

    agent: Agent
    doorman: Doorman
    max_body: int
    url: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    traces: AgentTraces | None = None

    def health(self) -> dict[str, str]:
        """Return what /healthz answers."""
        return {"status": "ok", **self.facts, "crew": self.agent.crew_state}


def served(request: Request) -> Served:
    """Return the agent that a request is for."""
    found: Served = request.scope[_SERVED]
    return found


def traces_of(scope: Scope) -> AgentTraces | None:
    """Return where the spans of a request's agent go; None if nowhere, or if it is for no agent."""
    found: Served | None = scope.get(_SERVED)
    return found.traces if found else None


def closing(request: Request) -> asyncio.Event:
    """Return the event that is set when the server stops."""
    found: asyncio.Event = request.scope[CLOSING]
    return found


def only(agent: Served) -> Callable[[ASGIApp], ASGIApp]:
    """Serve one agent, at every path."""

    def among(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, _SERVED: agent}, receive, send)

        return answer

    return among


def by_path(
    find: Callable[[str], Served | ASGIApp | None], health: Callable[[], Mapping[str, object]]
) -> Callable[[ASGIApp], ASGIApp]:
    """Serve each agent below its id, and the service's own /healthz.

    What `find` returns for an id is an agent, or an application that answers in the place of one.
    """

    def among(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            first, slash, rest = scope["path"].removeprefix("/").partition("/")
            found = find(first) if slash else None
            if found is None:
                await _own(scope["path"], health)(scope, receive, send)
                return
            inner = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
            with work_for(first):
                if isinstance(found, Served):
                    await app({**inner, _SERVED: found}, receive, send)
                else:
                    await found(inner, receive, send)

        return answer

    return among


def _own(path: str, health: Callable[[], Mapping[str, object]]) -> JSONResponse:
    if path == "/healthz":
        return JSONResponse(dict(health()))
    message = "There is no such agent here. The path is that of an agent, then an endpoint of MIP-003."
    return JSONResponse({"error": "AGENT_UNKNOWN", "message": message}, 404)
