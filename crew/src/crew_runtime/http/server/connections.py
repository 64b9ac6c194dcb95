"""Connections that neither stay open for ever nor close at the wrong moment."""

import asyncio
import json
from typing import ClassVar, Final, TypeAlias

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from crew_runtime.http.server.answer_headers import ON_EVERY_ANSWER

IDLE_SECONDS: Final = 75
"""How long a connection without a request is kept: longer than any load balancer before it does.

That of AWS keeps an idle connection for 60 seconds, as infra/hosting/ecs sets it. Were it this side that closes first,
a request sent at that moment would be answered 502.
"""

_TOO_LATE: Final = json.dumps(
    {"error": "REQUEST_INCOMPLETE", "message": "The request did not arrive completely in time. Send it again."}
).encode()

_NOT_HTTP: Final = json.dumps({"error": "NOT_HTTP", "message": "The request is not HTTP. Correct it."}).encode()

_Part: TypeAlias = tuple[str, RequestResponseCycle | None]


class Connection(H11Protocol):
    """uvicorn's connection; closes when a request that has begun to arrive does not go on to its end in time.

    uvicorn itself would keep half a request for ever, and start its clock anew with each byte.
    """

    head_within: ClassVar[float] = 20
    body_within: ClassVar[float] = 40
    """Longer than the endpoints give a body: theirs is the better answer."""

    _part: _Part | None = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Wait for the first request as long as for a further one."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on to the next request, part of which may be here already."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End all waiting."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._expect(None)

    def _watch(self) -> None:
        part = self._arriving()
        if part != self._part:  # each byte of the same part leaves its deadline as it is
            self._expect(part)

    def _arriving(self) -> _Part | None:
        """Return what is being received, which head or which body; None between requests."""
        if self.transport.is_closing():
            return None
        if self.conn.their_state is h11.SEND_BODY:
            return "body", self.cycle
        if self.conn.their_state is not h11.IDLE:
            return None
        head = "head", self.cycle
        return head if self._part == head or self.conn.trailing_data[0] else None

    def _expect(self, part: _Part | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._part = part
        within = self.head_within if part and part[0] == "head" else self.body_within
        self._deadline = self.loop.call_later(within, self._close) if part else None

    def _close(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.our_state is h11.IDLE:
            self._refuse(408, b"Request Timeout", _TOO_LATE)
        self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are for its log
        """Answer what is not HTTP."""
        self._refuse(400, b"Bad Request", _NOT_HTTP)
        self.transport.close()

    def _refuse(self, status: int, reason: bytes, body: bytes) -> None:
        headers = [
            ("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close"),
            *ON_EVERY_ANSWER,
        ]  # fmt: skip
        head = h11.Response(status_code=status, headers=headers, reason=reason)
        for piece in (head, h11.Data(body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(piece) or b"")
