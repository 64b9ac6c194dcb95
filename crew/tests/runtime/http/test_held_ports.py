"""A job cannot answer customers in the place of a runtime that stops."""

import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette

from crew_runtime.hosting.serving import server_for
from support.waiting import PATIENCE_SECONDS, wait_for


@pytest.mark.skipif(sys.platform != "linux", reason="jobs have users of their own on Linux alone")
def test_a_port_is_free_only_when_the_process_has_ended() -> None:
    stopping, may_end = threading.Event(), threading.Event()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        stopping.set()
        await asyncio.to_thread(may_end.wait, PATIENCE_SECONDS)

    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    listener = socket.create_server(("127.0.0.1", port))
    server = server_for(Starlette(lifespan=lifespan), asyncio.Event())
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_for(lambda: server.started)
    server.should_exit = True
    assert stopping.wait(PATIENCE_SECONDS)

    for shares in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        with socket.socket() as taking:
            taking.setsockopt(socket.SOL_SOCKET, shares, 1)
            with pytest.raises(OSError, match="in use"):
                taking.bind(("127.0.0.1", port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    may_end.set()
    thread.join(PATIENCE_SECONDS)
