"""The official A2A clients, for Python and for JavaScript, make a client from the card and do a job with it."""

import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from support.clients import in_javascript, in_python
from support.declarations import declaration
from support.model import StubModel
from support.paid import environment, paid
from support.runtime import IDENTIFIER, Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

Client = Callable[[dict[str, Any]], Any]
PARTS = [{"text": "tea MARKER-tea"}, {"data": {"tone": "formal"}}]


CLIENTS: dict[str, Client] = {
    "Python": lambda given: in_python("a2a_client.py", given),
    "Python, A2A 0.3": lambda given: in_python("a2a_client.py", {**given, "version": "0.3"}),
    "JavaScript": lambda given: in_javascript("a2a-client.mjs", given),
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    return CLIENTS[request.param]


def at_home(**settings: str) -> dict[str, str]:
    """What an agent is told that is reached where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {**settings, "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}


@pytest.fixture(scope="module")
def free_agent(shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    started = Runtime(tmp_path_factory.mktemp("free"), declaration(), shared_model.url, **at_home())
    started.identify()
    started.wait_until_ready()
    yield started
    started.stop()


def test_a_free_job_streamed_and_polled(client: Client, free_agent: Runtime) -> None:
    told = client({"url": str(free_agent.http.base_url), "parts": PARTS})
    extension = told["card"]["capabilities"]["extensions"][0]
    assert (told["card"]["name"], extension["params"]["agentIdentifier"]) == ("Researcher", IDENTIFIER)
    assert told["streamed"][-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    artifacts = [event["artifactUpdate"]["artifact"] for event in told["streamed"] if "artifactUpdate" in event]
    assert told["first"] in ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING")
    for artifact in (*artifacts, *told["polled"]["artifacts"]):
        assert artifact["parts"][0]["text"] == "Stub result MARKER-tea"
    assert len(artifacts) == 1


def test_a_paid_agent_says_its_price(client: Client, start_runtime: StartRuntime, sandbox: Sandbox) -> None:
    runtime = start_runtime(paid(), **at_home(**environment(sandbox)))
    runtime.identify(sandbox.register("V1"))
    runtime.wait_until_ready()
    told = client({"url": str(runtime.http.base_url), "parts": PARTS})
    for task in (told["streamed"][0]["task"], told["polled"]):
        assert task["status"]["state"] == "TASK_STATE_REJECTED"
        text, data = task["status"]["message"]["parts"]
        assert "5 ADA" in text["text"]
        assert data["data"]["startJob"]["url"] == f"{runtime.http.base_url}/start_job".replace("//start", "/start")


def test_a_paid_job_is_begun_paid_and_followed_to_its_result(
    client: Client, start_runtime: StartRuntime, sandbox: Sandbox, tmp_path: Path
) -> None:
    runtime = start_runtime(paid(), **at_home(**environment(sandbox)))
    identifier = sandbox.register("V1")
    runtime.identify(identifier)
    runtime.wait_until_ready()
    url, nonce = str(runtime.http.base_url), secrets.token_hex(10)
    task = client({"url": url, "parts": PARTS, "purchaser": nonce})["task"]
    # Protobuf's numbers are floating-point, also those that are whole.
    bought = {
        name: int(value) if isinstance(value, float) else value for name, value in task["metadata"]["masumi"].items()
    }
    assert (task["status"]["state"], bought["identifierFromPurchaser"]) == ("TASK_STATE_AUTH_REQUIRED", nonce)
    mark = tmp_path / "follows"

    def pay_once_it_is_followed() -> None:
        wait_for(mark.exists)
        sandbox.buy({"id": task["id"], "agentIdentifier": identifier, **bought})

    with ThreadPoolExecutor() as threads:
        paying = threads.submit(pay_once_it_is_followed)
        told = client({"url": url, "parts": PARTS, "task": task["id"], "mark": str(mark)})
        paying.result()
    assert told["streamed"][-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert told["polled"]["artifacts"][0]["parts"][0]["text"] == "Stub result MARKER-tea"
