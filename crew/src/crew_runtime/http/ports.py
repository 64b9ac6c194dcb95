"""Serves different applications on different ports of one process."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


def by_port(app: ASGIApp, others: Mapping[int | None, ASGIApp]) -> ASGIApp:
    """Return an application: `others` on their ports, `app` on any other; only `app` is started and stopped."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        port = scope["server"][1] if scope["type"] == "http" and scope.get("server") else None
        await (app if port is None else others.get(port, app))(scope, receive, send)

    return served
