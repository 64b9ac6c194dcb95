"""Every answer, whichever part of the server gives it, is kept by nobody in between and is what it says it is."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from conftest import StartRuntime
from crew_runtime.http.server.ports import by_port
from support.declarations import one_task
from support.runtime import Runtime

ASKED: list[tuple[str, str, dict[str, Any]]] = [
    *[("GET", path, {}) for path in (
        "/availability", "/healthz", "/input_schema", "/demo", "/payment_information", "/status", "/status?job_id=nope",
        "/nothing", "/start_job",
    )],
    ("HEAD", "/availability", {}),
    ("POST", "/start_job", {"json": {"input_data": {"topic": "tea"}}}),
    ("POST", "/start_job", {"json": {}}),
    ("POST", "/start_job", {"content": b" " * 1_048_577}),
    ("POST", "/provide_input", {"json": {"job_id": "nope"}}),
    ("OPTIONS", "/start_job", {"headers": {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}}),
]  # fmt: skip


def is_kept_by_nobody(headers: Mapping[str, str]) -> bool:
    return (headers.get("cache-control"), headers.get("x-content-type-options")) == ("no-store", "nosniff")


@pytest.mark.parametrize(("method", "path", "sent"), ASKED)
def test_every_endpoint_says_so(runtime: Runtime, method: str, path: str, sent: dict[str, Any]) -> None:
    runtime.wait_until_ready()
    assert is_kept_by_nobody(runtime.http.request(method, path, **sent).headers)


def test_results_and_the_operators_port_too(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(one_task(), INTERNAL_PORT="0", START_RATE="1")
    runtime.identify()
    job_id = runtime.start_job("tea")
    runtime.ended(job_id)
    assert is_kept_by_nobody(runtime.http.get("/status", params={"job_id": job_id}).headers)
    refused = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}})
    assert refused.status_code == 429
    assert is_kept_by_nobody(refused.headers)
    with runtime.internal as client:
        assert all(is_kept_by_nobody(client.get(path).headers) for path in ("/metrics", "/readyz", "/nothing"))


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_not_http_too(runtime: Runtime, sent: bytes) -> None:
    runtime.wait_until_ready()
    with socket.create_connection(("127.0.0.1", runtime.http.base_url.port or 0), timeout=60) as connection:
        connection.sendall(sent)
        head, _, body = b"".join(iter(lambda: connection.recv(65_536), b"")).partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "http/1.1 400 bad request"
    assert {"cache-control: no-store", "x-content-type-options: nosniff"} <= set(lines)
    assert b'"NOT_HTTP"' in body


def test_an_internal_error_too() -> None:
    async def broken(_request: Request) -> None:
        raise ValueError

    async def asked() -> httpx.Response:
        app = by_port(Starlette(routes=[Route("/", broken)]), {})
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
            return await client.get("/")

    answer = asyncio.run(asked())
    assert answer.status_code == 500
    assert is_kept_by_nobody(answer.headers)
