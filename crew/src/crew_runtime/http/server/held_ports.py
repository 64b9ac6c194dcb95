"""How the server stops: it says so to those that wait, and keeps its ports from jobs, which may end later.

A job that listened in its place would get other customers' inputs, and the ids that open their results.
"""

import asyncio
import socket
from collections.abc import Sequence

import uvicorn


class ClosingServer(uvicorn.Server):
    """Sets an event as soon as it stops, so that requests which wait for something are answered while they can be."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as any server does, and say so first."""
        self._closing.set()
        await super().shutdown(sockets)


class HoldingServer(ClosingServer):
    """Refuses connections as soon as it stops, and keeps its ports until the process ends. Linux only.

    A port that the system has chosen is not kept.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as any server does, without the moment in which a port is free."""
        held = [listener.dup() for listener in sockets or ()]
        # Run when the server has closed its own, before anything is waited for.
        asyncio.get_running_loop().call_soon(_refuse, held)
        await super().shutdown(sockets)


def _refuse(held: Sequence[socket.socket]) -> None:
    for listener in held:
        # Sockets that both allow it may share a port of which nobody listens.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        listener.shutdown(socket.SHUT_RDWR)  # Linux ends the listening with it, and keeps the port
        listener.detach()
