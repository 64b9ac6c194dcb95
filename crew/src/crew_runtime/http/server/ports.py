"""Serves different applications on different ports of one process."""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crew_runtime.http.server.answer_headers import ON_EVERY_ANSWER

_HEADERS: Final = [(name.encode(), value.encode()) for name, value in ON_EVERY_ANSWER]


CLOSING: Final = "crew_runtime.closing"
"""In a request's scope: an event that is set when the server stops."""


def by_port(app: ASGIApp, others: Mapping[int | None, ASGIApp], closing: asyncio.Event | None = None) -> ASGIApp:
    """Return an application: `others` on their ports, `app` on any other; only `app` is started and stopped.

    Requests are told of `closing`, which is set when the server stops.
    """
    is_closing = closing or asyncio.Event()

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        port = scope["server"][1] if scope["type"] == "http" and scope.get("server") else None

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await (app if port is None else others.get(port, app))({**scope, CLOSING: is_closing}, receive, sent)

    return served
