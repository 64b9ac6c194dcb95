"""The process is up before its crew is: what it says in between, and to the container's health check."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from crew_runtime.declared.declaration import Declaration
from crew_runtime.hosting.configured_agent import ConfiguredAgent
from crew_runtime.hosting.service import one_agent
from crew_runtime.http.health import unhealthy_because
from crew_runtime.machine.identity import FixedIdentity
from crew_runtime.machine.settings import Settings
from crew_runtime.store import JobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.declarations import declaration
from support.marketplace import Availability
from support.runtime import IDENTIFIER, Runtime
from support.server import Server
from support.settings import GOOD


def agent_app(folder: Path, store: JobStore, declared: dict[str, Any], environment: dict[str, str]) -> FastAPI:
    """Give an agent that knows its identifier, and whose crew nobody has begun to build."""
    settings = Settings.from_environment(
        GOOD | {"DATA_DIR": str(folder), "MODEL_NAME": "m", "AGENT_INSTANCE": "i"} | environment
    )
    app, _ = one_agent(
        settings,
        ConfiguredAgent(settings=settings, declaration=Declaration.model_validate_json(json.dumps(declared))),
        store,
        FixedIdentity(IDENTIFIER),
        on_unusable=pytest.fail,
    )
    return app


@pytest.fixture
def loading(tmp_path: Path) -> Iterator[FastAPI]:
    store = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    yield agent_app(tmp_path, store, declaration(), {})
    store.disconnect()


def ask(app: FastAPI, method: str, path: str, body: dict[str, object] | None = None) -> httpx.Response:
    async def answer() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://agent") as client:
            return await client.request(method, path, json=body)

    return asyncio.run(answer())


def test_an_agent_whose_crew_is_loading_is_up_but_takes_no_jobs_and_says_why(loading: FastAPI) -> None:
    assert ask(loading, "GET", "/healthz").json() == {
        "status": "ok",
        "agent": "researcher",
        "instance": "i",
        "crew": "loading",
    }
    available = ask(loading, "GET", "/availability")
    assert available.status_code == 200
    assert Availability.model_validate(available.json()).message == "Researcher is still loading its crew."
    assert available.json()["status"] == "unavailable"
    refused = ask(loading, "POST", "/start_job", {"input_data": {"topic": "tea"}})
    assert (refused.status_code, refused.json()["error"]) == (503, "CREW_LOADING")
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("pricing", "environment", "code"),
    [
        ({"type": "fixed"}, {}, "PAYMENTS_NOT_CONFIGURED"),
        ({"type": "fixed"}, {"PAYMENT_SERVICE_URL": "http://127.0.0.1:1/api/v1"}, "PAYMENTS_NOT_CONFIGURED"),
        (
            {"type": "dynamic"},
            {"PAYMENT_SERVICE_URL": "http://127.0.0.1:1/api/v1", "PAYMENT_KEY": "k"},
            "PRICE_RULE_MISSING",
        ),
    ],
)
def test_an_agent_that_cannot_be_paid_takes_no_jobs_and_says_why(
    tmp_path: Path, pricing: dict[str, str], environment: dict[str, str], code: str
) -> None:
    store = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    app = agent_app(tmp_path, store, declaration(pricing=pricing), environment)
    refused = ask(app, "POST", "/start_job", {"input_data": {"topic": "tea"}})
    assert (refused.status_code, refused.json()["error"]) == (503, code)
    assert ask(app, "GET", "/availability").json()["status"] == "unavailable"
    store.disconnect()


def test_the_health_check_passes_once_the_crew_is_built(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    assert unhealthy_because(runtime.http.base_url.port or 0) is None


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[int]:
    status, body = request.param

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

    server = Server(Handler)
    yield server.port
    server.close()


@pytest.mark.parametrize(
    ("answering", "reason"),
    [
        ((200, b'{"crew": "loading"}'), "the crew is loading"),
        ((503, b'{"crew": "ready"}'), "/healthz answers 503"),
        ((200, b"ready"), "/healthz does not answer as it should (JSONDecodeError)"),
        ((200, b"{}"), "/healthz does not answer as it should (KeyError)"),
        ((200, b"[]"), "/healthz does not answer as it should (TypeError)"),
    ],
    indirect=["answering"],
)
def test_the_health_check_names_what_is_wrong(answering: int, reason: str) -> None:
    assert unhealthy_because(answering) == reason


def test_the_health_check_fails_where_nothing_listens() -> None:
    assert unhealthy_because(1) == "/healthz does not answer as it should (ConnectionRefusedError)"
