"""Keeps web pages out of an agent that is not for everybody, such as a crew on a developer's own machine.

A page can send requests to any address that its browser reaches: without asking first if their bodies are not declared
as JSON, and under a host name of its own that it lets lead to loopback.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK: Final = "loopback"
"""As an allowed host: every name and address of this machine alone."""


class PageGuard:
    """Answers requests that a page of a foreign origin may have sent with 421 or 415, and passes the others on.

    Without allowed hosts, any is. Where pages of any origin may call (`*`), there is nothing to guard.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str], cors_origins: Sequence[str]) -> None:
        self._app = app
        self._allowed = {host.lower() for host in allowed_hosts}
        self._needs_json = "*" not in cors_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        refusal = self._refusal(Headers(scope=scope), scope["method"]) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, headers: Headers, method: str) -> JSONResponse | None:
        if not self._is_allowed(headers.get("host", "")):
            message = "The agent is not known by the request's Host. Ask it by one of ALLOWED_HOSTS, such as 127.0.0.1."
            return JSONResponse({"error": "HOST_NOT_ALLOWED", "message": message}, 421)
        if method == "POST" and self._needs_json and not _is_json(headers.get("content-type", "")):
            message = "The request's body is not declared as JSON. Send it with Content-Type: application/json."
            return JSONResponse({"error": "NOT_JSON_TYPE", "message": message}, 415)
        return None

    def _is_allowed(self, host: str) -> bool:
        name = _without_port(host.lower())
        return not self._allowed or name in self._allowed or (LOOPBACK in self._allowed and _is_loopback(name))


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and not name.endswith(":") else host


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name[1:-1] if name[:1] + name[-1:] == "[]" else name).is_loopback
    except ValueError:
        return False


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
