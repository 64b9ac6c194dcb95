"""What the endpoint takes and refuses, request by request."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import StartRuntime
from support.asking import asks_twice, lay_code
from support.declarations import one_task
from support.model import StubModel
from support.runtime import Runtime
from support.service import Service
from support.waiting import wait_for

PATH = "/mcp"
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
}


def body(method: str, params: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META, **(params or {})}, **changes}


def headers(method: str, **changes: str) -> dict[str, str]:
    return {"MCP-Protocol-Version": VERSION, "Mcp-Method": method, **changes}


def asked(http: httpx.Client, method: str, params: dict[str, Any] | None = None, path: str = PATH) -> dict[str, Any]:
    own = {"Mcp-Name": str(params["name"])} if params and "name" in params else {}
    answer: dict[str, Any] = http.post(path, json=body(method, params), headers=headers(method, **own)).json()
    return answer


def called(http: httpx.Client, tool: str, path: str = PATH, **arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = asked(http, "tools/call", {"name": tool, "arguments": arguments}, path)["result"]
    return result


@pytest.fixture
def http(runtime: Runtime) -> httpx.Client:
    runtime.wait_until_ready()
    return runtime.http


def test_a_server_is_discovered_without_a_handshake(http: httpx.Client) -> None:
    found = asked(http, "server/discover")["result"]
    assert found["supportedVersions"][0] == VERSION
    assert found["capabilities"] == {"tools": {}}
    assert found["instructions"] == "Researches a topic."


@pytest.mark.parametrize(
    ("content", "sent", "status", "code"),
    [
        (body("tools/list", jsonrpc="1"), headers("tools/list"), 400, -32600),
        ([body("tools/list")], headers("tools/list"), 400, -32600),
        (body("tools/list", id=[1]), headers("tools/list"), 400, -32600),
        (body("tools/list", id="x" * 10_000), headers("tools/list"), 400, -32600),
        (body("tools/list", {"_meta": {}}), headers("tools/list"), 400, -32602),
        (body("tools/list", {"_meta": 7}), headers("tools/list"), 400, -32602),
        (body("tools/list"), {"MCP-Protocol-Version": VERSION}, 400, -32020),
        (body("tools/list"), headers("tools/call"), 400, -32020),
        (body("tools/list"), {"Mcp-Method": "tools/list"}, 400, -32020),
        (body("tools/call", {"name": "researcher"}), headers("tools/call"), 400, -32020),
        (body("tools/call", {"name": "researcher"}), headers("tools/call", **{"Mcp-Name": "answer"}), 400, -32020),
        (
            body("tools/call", {"name": "researcher"}),
            headers("tools/call", **{"Mcp-Name": "=?base64?!?="}),
            400,
            -32020,
        ),
        (body("tools/list"), headers("tools/list", **{"MCP-Protocol-Version": "2027-01-01"}), 400, -32022),
        (body("no/such/method"), headers("no/such/method"), 404, -32601),
        (body("initialize"), headers("initialize"), 404, -32601),
        (body("tools/call", {"name": 7}), headers("tools/call"), 400, -32602),
        (body("tools/call", {"name": "x"}), headers("tools/call", **{"Mcp-Name": "x"}), 400, -32602),
        (
            body("tools/call", {"name": "researcher", "arguments": ["tea"]}),
            headers("tools/call", **{"Mcp-Name": "=?base64?cmVzZWFyY2hlcg==?="}),
            400,
            -32602,
        ),
        ({"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}, {}, 200, -32601),
    ],
)
def test_what_is_no_request_is_refused(
    http: httpx.Client, content: object, sent: dict[str, str], status: int, code: int
) -> None:
    answer = http.post(PATH, json=content, headers=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


def test_a_notification_gets_no_answer_and_other_methods_of_http_are_not_allowed(http: httpx.Client) -> None:
    notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    answer = http.post(PATH, json=notification)
    assert (answer.status_code, answer.content) == (202, b"")
    for method in ("GET", "DELETE"):
        answer = http.request(method, PATH)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_bodies_that_are_too_large_or_no_json_are_refused(http: httpx.Client) -> None:
    large = http.post(PATH, json=body("tools/list", {"x": "x" * (1 << 20)}), headers=headers("tools/list"))
    assert (large.status_code, large.json()["error"]) == (413, "BODY_TOO_LARGE")
    broken = http.post(PATH, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, -32700)


def test_wrong_arguments_are_told_to_the_model_that_made_them(http: httpx.Client) -> None:
    for arguments in ({}, {"topic": ["tea"]}, {"topic": "tea", "more": 1}):
        result = called(http, "researcher", **arguments)
        assert (result["isError"], result["structuredContent"]["error"]) == (True, "INPUT_INVALID")
    for tool in ("result", "answer"):
        for job_id in ("unknown", "a\0b", {"a": 1}, "x" * 100_000, ""):
            result = called(http, tool, job_id=job_id)
            assert result["structuredContent"]["error"] in ("JOB_UNKNOWN", "JOB_ID_MISSING")


@pytest.mark.parametrize("state", ["", ".", "unknown.unknown", 7, {"a": 1}])
def test_a_made_up_state_leads_to_no_job(http: httpx.Client, state: object) -> None:
    said = {"answer": {"action": "accept", "content": {"answer": "blue"}}}
    result = asked(
        http, "tools/call", {"name": "researcher", "arguments": {}, "requestState": state, "inputResponses": said}
    )["result"]
    assert result["structuredContent"]["error"] in ("JOB_UNKNOWN", "JOB_ID_MISSING")


def test_an_answer_is_for_the_question_that_was_put(
    start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("asks")
    lay_code(folder / "agent")
    runtime = start_runtime(asks_twice(), folder=folder)
    runtime.identify()
    runtime.wait_until_ready()

    def answered(state: str, answer: str) -> dict[str, Any]:
        said = {"answer": {"action": "accept", "content": {"answer": answer}}}
        call = {"name": "researcher", "arguments": {"topic": "tea"}, "requestState": state, "inputResponses": said}
        result: dict[str, Any] = asked(runtime.http, "tools/call", call)["result"]
        return result

    first = called(runtime.http, "researcher", topic="tea")
    assert first["resultType"] == "input_required"
    second = answered(first["requestState"], "blue")
    assert second["inputRequests"]["answer"]["params"]["message"] == "Which size in blue?"
    outdated = answered(first["requestState"], "red")
    assert outdated["structuredContent"]["error"] == "STATUS_OUTDATED"
    assert answered(second["requestState"], "xl")["content"][0]["text"] == "Stub result MARKER-blue MARKER-xl"


def test_pages_of_other_origins_do_not_get_in(start_runtime: StartRuntime) -> None:
    settings = {"ALLOWED_HOSTS": "loopback", "CORS_ORIGINS": "https://app.example.com"}
    runtime = start_runtime(one_task(), **settings)

    def status(**sent: str) -> int:
        return runtime.http.post(PATH, json=body("tools/list"), headers={**headers("tools/list"), **sent}).status_code

    assert status() == 200
    assert status(Origin="https://app.example.com") == 200
    assert status(Origin="https://evil.example") == 403
    assert status(Origin="null") == 403
    assert status(Host="evil.example") == 421
    assert status(**{"Content-Type": "text/plain"}) == 415


def test_the_limits_of_starts_hold(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(one_task(), START_RATE="1")
    runtime.identify()
    runtime.wait_until_ready()
    assert called(runtime.http, "researcher", topic="tea")["isError"] is False
    refused = called(runtime.http, "researcher", topic="tea")
    assert refused["structuredContent"]["error"] == "TOO_MANY_STARTS"
    assert int(refused["structuredContent"]["Retry-After"]) >= 1


def test_a_job_that_takes_longer_is_asked_for_later(start_runtime: StartRuntime, model: StubModel) -> None:
    runtime = start_runtime(one_task(), MAX_PER_CLIENT="1")
    runtime.identify()
    runtime.wait_until_ready()
    job_id = runtime.start_job("never answer")
    follow = {"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": job_id}}
    with runtime.http.stream("POST", "/a2a", json=follow) as stream:
        lines = stream.iter_lines()
        next(lines)
        result = called(runtime.http, "result", job_id=job_id)  # has its part of those who wait already
        assert (result["structuredContent"]["status"], result["isError"]) == ("running", False)
        assert job_id in result["content"][0]["text"]
    model.released.set()
    wait_for(lambda: called(runtime.http, "result", job_id=job_id)["structuredContent"]["status"] == "completed")


def test_agents_of_one_service_have_tools_of_their_own(tmp_path: Path, model: StubModel) -> None:
    service = Service(tmp_path, model.url)
    try:
        for name in ("one", "result"):
            service.agents.declare(name, one_task())
        service.wait_for_state("ready", "one", "result")
        tools = {
            name: [tool["name"] for tool in asked(service.http, "tools/list", path=f"/{name}/mcp")["result"]["tools"]]
            for name in ("one", "result")
        }
        assert tools == {"one": ["one", "answer", "result"], "result": ["start_job", "answer", "result"]}
        done = called(service.http, "one", "/one/mcp", topic="MARKER-tea")
        assert done["content"][0]["text"] == "Stub result MARKER-tea"
        job_id = done["structuredContent"]["job_id"]
        other = called(service.http, "result", "/result/mcp", job_id=job_id)
        assert other["structuredContent"]["error"] == "JOB_UNKNOWN"
    finally:
        service.stop()
