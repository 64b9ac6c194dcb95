"""The official MCP clients find the job as a tool and do it, by the current revision and by those before it."""

from collections.abc import Callable
from typing import Any

import pytest

from conftest import StartRuntime
from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.job_schema import job_schema
from support.asking import asks_twice, lay_code
from support.clients import in_javascript, in_python
from support.declarations import declaration
from support.paid import environment, paid
from support.runtime import Runtime
from support.sandbox import Sandbox

STATELESS, WITH_HANDSHAKE = "auto", "legacy"
TEA = {"topic": "tea MARKER-tea", "tone": "formal"}


Client = Callable[[dict[str, Any]], Any]
CLIENTS: dict[str, Client] = {
    "Python": lambda given: in_python("mcp_client.py", given),
    "JavaScript": lambda given: in_javascript("mcp-client.mjs", given),
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    return CLIENTS[request.param]


def asked_by(client: Client, runtime: Runtime, mode: str, *calls: dict[str, Any], **given: Any) -> dict[str, Any]:  # noqa: ANN401
    runtime.wait_until_ready()
    url = str(runtime.http.base_url.join("/mcp"))
    told: dict[str, Any] = client({"url": url, "mode": mode, "calls": calls, **given})
    return told


def call(tool: str, **arguments: object) -> dict[str, Any]:
    return {"name": tool, "arguments": arguments}


@pytest.mark.parametrize(("mode", "version"), [(STATELESS, "2026-07-28"), (WITH_HANDSHAKE, "2025-11-25")])
def test_the_job_is_a_tool(client: Client, runtime: Runtime, mode: str, version: str) -> None:
    told = asked_by(
        client, runtime, mode, call("researcher", **TEA), call("result", job_id="$job_id"), call("researcher", topic=7)
    )
    assert told["version"] == version
    assert (told["server"]["name"], told["server"]["title"]) == ("researcher", "Researcher")
    job, *others = told["tools"]
    assert job["inputSchema"] == job_schema(Declaration.model_validate(declaration(), strict=False).input)
    assert [tool["name"] for tool in others] == ["answer", "result"]
    done, again, wrong = told["results"]
    for result in (done, again):
        assert result["content"][0]["text"] == "Stub result MARKER-tea"
        assert (result["structuredContent"]["status"], result["isError"]) == ("completed", False)
    assert (wrong["isError"], wrong["structuredContent"]["error"]) == (True, "INPUT_INVALID")
    assert "topic: must be a text" in wrong["content"][0]["text"]


@pytest.fixture
def asking(start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    folder = tmp_path_factory.mktemp("asks")
    lay_code(folder / "agent")
    runtime = start_runtime(asks_twice(), folder=folder)
    runtime.identify()
    return runtime


def test_a_client_that_can_ask_its_user_does_so(client: Client, asking: Runtime) -> None:
    told = asked_by(client, asking, STATELESS, call("researcher", topic="tea"), answers=["blue", "xl"])
    assert [question["message"] for question in told["asked"]] == ["Which colour?", "Which size in blue?"]
    assert told["asked"][0]["requestedSchema"]["required"] == ["answer"]
    assert told["results"][0]["content"][0]["text"] == "Stub result MARKER-blue MARKER-xl"


@pytest.mark.parametrize("mode", [STATELESS, WITH_HANDSHAKE])
def test_another_is_told_what_is_asked_and_answers_by_a_tool(client: Client, asking: Runtime, mode: str) -> None:
    told = asked_by(
        client,
        asking,
        mode,
        call("researcher", topic="tea"),
        call("answer", job_id="$job_id", answer="blue"),
        call("answer", job_id="$job_id", answer="xl"),
    )
    first, second, last = told["results"]
    for result, question in ((first, "Which colour?"), (second, "Which size in blue?")):
        assert (result["isError"], result["structuredContent"]["status"]) == (False, "awaiting_input")
        assert result["structuredContent"]["question"] == question
        assert question in result["content"][0]["text"]
    assert last["content"][0]["text"] == "Stub result MARKER-blue MARKER-xl"


def test_a_paid_agent_s_tool_says_the_price_and_how_to_pay(
    client: Client, start_runtime: StartRuntime, sandbox: Sandbox
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, PUBLIC_URL="https://agent.example.com"))
    runtime.identify(sandbox.register("V1"))
    told = asked_by(client, runtime, STATELESS, call("researcher", **TEA))
    assert "5 ADA" in told["tools"][0]["description"]
    result = told["results"][0]
    assert result["isError"] is True
    assert "https://agent.example.com/start_job" in result["content"][0]["text"]
    assert result["structuredContent"]["error"] == "PAYMENT_REQUIRED"
    assert not [event for event in runtime.events if event["event"] == "job_accepted"]
