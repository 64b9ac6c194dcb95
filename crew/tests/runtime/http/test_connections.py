"""Connections over which a request comes slowly, in part or not at all; read and written as bytes."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from crew_runtime.hosting.serving import server_for
from crew_runtime.http.server.connections import IDLE_SECONDS, Connection
from support.waiting import PATIENCE_SECONDS, wait_for

LOAD_BALANCER_SECONDS = 60


class Hasty(Connection):
    """Gives little time, so that the tests wait little."""

    head_within = 0.5
    body_within = 0.5


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


class Patient(Connection):
    """Gives as much time as a busy machine may need."""

    head_within = PATIENCE_SECONDS
    body_within = PATIENCE_SECONDS


@contextmanager
def serving(connection: type[Connection], *, idle: int = PATIENCE_SECONDS) -> Iterator[int]:
    app = Starlette(routes=[Route("/", echo, methods=["POST"]), Route("/hello", hello)])
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=connection, ws="none", log_config=None, timeout_keep_alive=idle)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=[[listener]])
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def hasty() -> Iterator[int]:
    with serving(Hasty) as port:
        yield port


@pytest.fixture
def patient() -> Iterator[int]:
    with serving(Patient) as port:
        yield port


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def until_closed(connection: socket.socket) -> bytes:
    """What is sent until the server closes."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def until_answered(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    return received


HEAD = b"GET /hello HTTP/1.1\r\nhost: x\r\n"
POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n"


@pytest.mark.parametrize("half", [b"G", HEAD, HEAD + b"accept: "], ids=["a byte", "a line", "half a line"])
def test_half_a_head_is_answered_and_closed(hasty: int, half: bytes) -> None:
    with connected(hasty) as connection:
        connection.sendall(half)
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"REQUEST_INCOMPLETE"' in answer
    assert b"\r\ncache-control: no-store\r\n" in answer.lower()


def test_bytes_that_trickle_in_gain_no_time(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(HEAD)
        stop = threading.Event()

        def trickle() -> None:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"a: b\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        answer = until_closed(connection)
        stop.set()
        thread.join()
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_half_a_body_is_closed(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(POST + b"half")
        assert until_closed(connection) == b"", "the endpoints answer, which give it less time"


def test_a_body_that_is_never_read_is_not_waited_for(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(HEAD + b"content-length: 1000\r\n\r\nhalf")
        assert until_closed(connection).endswith(b"hello")


def test_half_a_further_request_is_closed_too(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(HEAD + b"\r\n")
        until_answered(connection, b"hello")
        connection.sendall(HEAD)
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


def test_half_a_request_that_came_with_the_one_before_is_closed_too(hasty: int) -> None:
    with connected(hasty) as connection:
        connection.sendall(HEAD + b"\r\n" + HEAD)
        assert b"HTTP/1.1 408 " in until_closed(connection)


def test_a_connection_that_never_says_anything_is_closed() -> None:
    with serving(Hasty, idle=1) as port, connected(port) as connection:
        assert until_closed(connection) == b""


def test_requests_that_arrive_in_pieces_are_answered(patient: int) -> None:
    with connected(patient) as connection:
        for number in range(3):
            text = f"number {number}..".encode()
            for piece in (POST[:20], POST[20:], text[:4], text[4:]):
                connection.sendall(piece)
            assert until_answered(connection, text).startswith(b"HTTP/1.1 200 ")


def test_two_requests_at_once_are_both_answered(patient: int) -> None:
    with connected(patient) as connection:
        connection.sendall(POST + b"number 1.." + POST + b"number 2..")
        assert until_answered(connection, b"number 2..").count(b"HTTP/1.1 200 ") == 2


def test_a_connection_between_requests_is_kept(hasty: int) -> None:
    with connected(hasty) as connection:
        for _ in range(2):
            connection.sendall(POST + b"0123456789")  # at once, so that no part of it is late
            assert until_answered(connection, b"0123456789").startswith(b"HTTP/1.1 200 ")
            time.sleep(Hasty.head_within + Hasty.body_within)


def test_an_idle_connection_outlives_that_of_a_load_balancer() -> None:
    config = server_for(Starlette(), asyncio.Event()).config
    assert (config.http, config.timeout_keep_alive) == (Connection, IDLE_SECONDS)
    assert IDLE_SECONDS > LOAD_BALANCER_SECONDS
    assert Connection.body_within > 30, "an endpoint's own answer comes first"
