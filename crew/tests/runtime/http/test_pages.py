"""A page that a browser shows starts no job of an agent that is not for everybody, and reads nothing of it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from crew_runtime.http.server.pages import LOOPBACK, PageGuard
from support.declarations import declaration
from support.model import StubModel
from support.runtime import Runtime

BODY = b'{"input_data": {"topic": "a page asks"}}'
ORIGIN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def local(shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A crew as `hosting: process` starts it."""
    folder = tmp_path_factory.mktemp("local")
    started = Runtime(folder, declaration(), shared_model.url, ALLOWED_HOSTS="loopback", CORS_ORIGINS="none")
    started.identify()
    started.wait_until_ready()
    yield started
    started.stop()


def jobs(folder: Path) -> int:
    with sqlite3.connect(folder / "jobs.sqlite") as database:
        return int(database.execute("SELECT count(*) FROM jobs").fetchone()[0])


# What a page may send without asking first: a form, a text, a Blob of no type.
@pytest.mark.parametrize(
    "content_type", [None, "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data"]
)
@pytest.mark.parametrize("path", ["/start_job", "/provide_input"])
def test_a_page_starts_no_job(local: Runtime, path: str, content_type: str | None) -> None:
    before = jobs(local.data)
    headers = ORIGIN | ({"Content-Type": content_type} if content_type else {})
    answer = local.http.post(path, content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (415, "NOT_JSON_TYPE")
    assert jobs(local.data) == before


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_a_page_gets_no_leave_to_send_json_or_to_read(local: Runtime, method: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    path = "/start_job" if method == "OPTIONS" else "/availability"
    answer = local.http.request(method, path, headers=ORIGIN | asked)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.status_code == (405 if method == "OPTIONS" else 200)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "10.0.0.5", ""])
def test_a_name_that_leads_to_this_machine_starts_no_job(local: Runtime, host: str) -> None:
    before = jobs(local.data)
    headers = {"Host": host.format(port=local.http.base_url.port)}
    answer = local.http.post("/start_job", content=BODY, headers=headers | JSON)
    assert (answer.status_code, answer.json()["error"]) == (421, "HOST_NOT_ALLOWED")
    assert local.http.get("/status?job_id=any", headers=headers).status_code == 421
    assert jobs(local.data) == before


def test_a_client_of_this_machine_is_served(local: Runtime) -> None:
    assert local.ended(local.start_job("tea"))["status"] == "completed"


def asked(host: str, allowed: tuple[str, ...], content_type: str = "", origins: tuple[str, ...] = ()) -> int:
    async def answered(_request: object) -> PlainTextResponse:
        return PlainTextResponse("")

    async def status() -> int:
        routes = [Route("/", answered, methods=["POST"])]
        app = PageGuard(Starlette(routes=routes), allowed_hosts=allowed, cors_origins=origins)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://agent") as client:
            headers = {"Host": host, "Content-Type": content_type or "application/json"}
            return (await client.post("/", headers=headers)).status_code

    return asyncio.run(status())


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "app.localhost:1", "127.0.0.1", "127.9.8.7:80", "[::1]", "[::1]:8000"]
)
def test_loopback_is_all_of_it(host: str) -> None:
    assert asked(host, (LOOPBACK,)) == 200


@pytest.mark.parametrize("host", ["notlocalhost", "localhost.evil.example", "128.0.0.1", "[::2]:80", "0.0.0.1", "[::1"])
def test_loopback_is_nothing_else(host: str) -> None:
    assert asked(host, (LOOPBACK,)) == 421


def test_hosts_may_be_named_beside_it_or_be_any() -> None:
    assert asked("Agent.lan:8000", ("agent.lan", LOOPBACK)) == 200
    assert asked("agent.lan", ("other.lan",)) == 421
    assert asked("anything.example", ()) == 200


@pytest.mark.parametrize(
    ("content_type", "origins", "status"),
    [
        ("application/json; charset=utf-8", (), 200),
        ("Application/Problem+JSON", (), 200),
        ("text/plain", ("https://app.example",), 415),
        ("text/plain; application/json", (), 415),
        ("text/plain", ("*",), 200),
    ],
)
def test_a_body_is_declared_as_json_unless_any_page_may_call(
    content_type: str, origins: tuple[str, ...], status: int
) -> None:
    assert asked("agent", (), content_type, origins) == status
