"""Makes a span of each request that begins a job, by whichever protocol."""

import time
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crew_runtime.http.served import traces_of
from crew_runtime.traces.parent import HEADER, Parent
from crew_runtime.traces.span import noting_jobs

_FAULT: Final = 500


class TracedRequests:
    """Innermost of all, so that the agent is found already. Requests that only ask how a job is doing are no span's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        traces = traces_of(scope)
        if traces is None or scope.get("method") != "POST":
            await self._app(scope, receive, send)
            return
        begun = time.time_ns()
        status = _FAULT

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with noting_jobs(Parent.of(Headers(scope=scope).getlist(HEADER))) as noted:
            try:
                await self._app(scope, receive, watched)
            finally:
                path = str(getattr(scope.get("route"), "path", ""))
                if noted.jobs or status >= _FAULT:
                    traces.request(path, begun=begun, noted=noted, status=status)
