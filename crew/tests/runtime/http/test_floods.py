"""Requests whose bodies say what they want: neither a flood of them nor a large one is read."""

import http.client
import json
from collections.abc import Mapping

import pytest

from conftest import StartRuntime
from support.declarations import one_task
from support.runtime import Runtime

RPC = ["/a2a", "/mcp", "/provide_input"]
ANSWERED_WITHIN_SECONDS = 10
"""Less than a body may take to arrive."""
Answer = tuple[int, Mapping[str, str], str]


def ask(runtime: Runtime, path: str, length: int, sent: bytes) -> Answer:
    """Announce a body of a length, send what there is of it, and return the answer: status, headers, error."""
    url = runtime.http.base_url
    connection = http.client.HTTPConnection(url.host, url.port or 80, timeout=ANSWERED_WITHIN_SECONDS)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(length))
        connection.endheaders(sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers.items()), json.loads(answer.read())["error"]
    finally:
        connection.close()


@pytest.mark.parametrize("path", [*RPC, "/start_job"])
def test_a_body_that_is_too_large_by_its_own_account_is_not_waited_for(runtime: Runtime, path: str) -> None:
    status, _, error = ask(runtime, path, 10**12, b"{")
    assert (status, error) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("path", RPC)
def test_a_body_in_pieces_is_read_no_further_than_it_may_be_long(runtime: Runtime, path: str) -> None:
    answer = runtime.http.post(
        path, content=(b" " * 65_536 for _ in range(32)), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]) == (413, "BODY_TOO_LARGE")


def test_a_flood_is_refused_before_its_bodies_are_read(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(one_task(), REQUEST_RATE="6", PROXY_HOPS="1", INTERNAL_PORT="0")
    runtime.identify()
    runtime.wait_until_ready()
    for path in RPC * 2:
        assert runtime.http.post(path, json={}).status_code != 429
    for path in RPC:
        status, headers, error = ask(runtime, path, 1000, b"{")
        assert (status, error) == (429, "TOO_MANY_REQUESTS")
        assert int(headers["retry-after"]) >= 1
    other = runtime.http.post("/mcp", json={}, headers={"X-Forwarded-For": "198.51.100.1"})
    assert other.status_code == 400, "others are not kept out"
    assert runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}}).status_code == 200
    with runtime.internal as client:
        assert "\ncrew_requests_refused_total 3\n" in client.get("/metrics").text
