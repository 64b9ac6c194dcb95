"""The endpoints of MIP-003 on a running agent: answers, errors, and how the marketplace reads them."""

import pytest

from support.marketplace import Availability, FreeJob, InputSchema, Status
from support.runtime import IDENTIFIER, Runtime

REFUSED = [
    # name, method, path, what is sent, status, code, words of the answer
    ("no body", "POST", "/start_job", {"content": b""}, 400, "NOT_JSON", ""),
    ("not JSON", "POST", "/start_job", {"content": b"{topic"}, 400, "NOT_JSON", ""),
    ("not UTF-8", "POST", "/start_job", {"content": b'{"a": "\xff"}'}, 400, "NOT_JSON", ""),
    ("NaN", "POST", "/start_job", {"content": b'{"input_data": {"topic": NaN}}'}, 400, "NOT_JSON", ""),
    ("half a surrogate", "POST", "/start_job", {"content": b'{"input_data": "\\ud800"}'}, 400, "NOT_JSON", ""),
    ("nested deeply", "POST", "/start_job", {"content": b"[" * 200_000}, 400, "NOT_JSON", ""),
    ("a list", "POST", "/start_job", {"json": [1]}, 400, "NOT_AN_OBJECT", ""),
    ("too large", "POST", "/start_job", {"content": b" " * 1_048_577}, 413, "BODY_TOO_LARGE", "1048576"),
    ("no input", "POST", "/start_job", {"json": {}}, 400, "INPUT_INVALID", "topic: is required"),
    ("input as pairs", "POST", "/start_job", {"json": {"input_data": [{"key": "topic", "value": "x"}]}}, 400,
     "INPUT_INVALID", "input_data: must be an object"),
    ("null for input", "POST", "/start_job", {"json": {"input_data": None}}, 400, "INPUT_INVALID", "input_data"),
    ("unknown field", "POST", "/start_job", {"json": {"input_data": {"topic": "tea", "colour": "red"}}}, 400,
     "INPUT_INVALID", "colour: is not a field"),
    ("wrong type", "POST", "/start_job", {"json": {"input_data": {"topic": 7}}}, 400, "INPUT_INVALID",
     "topic: must be a text"),
    ("broken validation", "POST", "/start_job", {"json": {"input_data": {"topic": "x"}}}, 400, "INPUT_INVALID",
     "topic: must have at least 2 characters"),
    ("number too large for a text", "POST", "/start_job", {"json": {"input_data": {"topic": "tea", "tone": 2**60}}},
     400, "INPUT_INVALID", "tone: must be chosen"),
    ("wrong purchaser", "POST", "/start_job", {"json": {"identifier_from_purchaser": 1}}, 400, "INPUT_INVALID",
     "identifier_from_purchaser: must be a text"),
    ("status of no job", "GET", "/status", {}, 400, "JOB_ID_MISSING", ""),
    ("status of an unknown job", "GET", "/status?job_id=nope", {}, 404, "JOB_UNKNOWN", ""),
    ("input for no job", "POST", "/provide_input", {"json": {"input_data": {}}}, 400, "JOB_ID_MISSING", ""),
    ("input for an unknown job", "POST", "/provide_input", {"json": {"job_id": "nope"}}, 404, "JOB_UNKNOWN", ""),
    ("input that is not JSON", "POST", "/provide_input", {"content": b"-"}, 400, "NOT_JSON", ""),
    ("unknown path", "GET", "/nothing", {}, 404, "NOT_FOUND", ""),
    ("wrong method", "GET", "/start_job", {}, 405, "METHOD_NOT_ALLOWED", ""),
    ("no browsable documentation", "GET", "/docs", {}, 404, "NOT_FOUND", ""),
    ("no redirect by a Host of the caller's", "GET", "/availability/", {}, 404, "NOT_FOUND", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refuses_with_status_code_and_reason(
    runtime: Runtime, method: str, path: str, sent: dict[str, object], status: int, code: str, words: str
) -> None:
    runtime.wait_until_ready()
    answer = runtime.http.request(method, path, **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["message"]
    assert words in answer.text


def test_names_all_problems_of_a_request_at_once(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    body = {"identifier_from_purchaser": "", "input_data": {"topic": "x", "tone": "rude", "extra": 1}}
    problems = runtime.http.post("/start_job", json=body).json()["problems"]
    assert [problem.split(":")[0] for problem in problems] == ["identifier_from_purchaser", "extra", "topic", "tone"]


def test_healthz_names_the_agent_and_this_very_start(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    answer = runtime.http.get("/healthz")
    assert answer.json() == {"status": "ok", "agent": "researcher", "instance": "test-instance", "crew": "ready"}


def test_availability_carries_the_identifier_that_the_registry_compares(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    answer = runtime.http.get("/availability").json()
    assert Availability.model_validate(answer).status == "available"
    assert answer["agentIdentifier"] == IDENTIFIER


def test_input_schema_is_the_declared_one_as_the_marketplace_reads_it(runtime: Runtime) -> None:
    schema = InputSchema.model_validate(runtime.http.get("/input_schema").json())
    assert [field.id for field in schema.input_data] == ["topic", "tone"]


@pytest.mark.parametrize(
    "path",
    ["/availability", "/healthz", "/input_schema", "/demo", "/payment_information", "/payment-information", "/status",
     "/status?job_id=nope", "/nothing", "/start_job", "/.well-known/agent-card.json", "/openapi.json"],
)  # fmt: skip
def test_head_answers_as_get_does_but_for_the_body(runtime: Runtime, path: str) -> None:
    runtime.wait_until_ready()
    got, head = runtime.http.get(path), runtime.http.head(path)
    assert head.content == b""
    assert (head.status_code, dict(head.headers)) == (got.status_code, {**got.headers, "date": head.headers["date"]})
    assert int(head.headers["content-length"]) == len(got.content)


def test_card_and_openapi_have_the_public_url_whatever_host_is_asked(runtime: Runtime) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    card = runtime.http.get("/.well-known/agent-card.json", headers=headers)
    document = runtime.http.get("/openapi.json", headers=headers)
    assert card.json()["supportedInterfaces"][0]["url"] == "https://agent.example.com/a2a"
    assert document.json()["servers"] == [{"url": "https://agent.example.com"}]
    assert card.json()["capabilities"]["extensions"][0]["params"]["agentIdentifier"] == IDENTIFIER
    assert document.json()["info"]["x-masumi"]["agentIdentifier"] == IDENTIFIER


def test_openapi_has_the_paths_that_are_served(runtime: Runtime) -> None:
    for path, operations in runtime.http.get("/openapi.json").json()["paths"].items():
        for method in operations:
            assert runtime.http.request(method, path).json().get("error") not in ("NOT_FOUND", "METHOD_NOT_ALLOWED")


def test_demo_shows_declared_examples(runtime: Runtime) -> None:
    assert runtime.http.get("/demo").json() == {
        "input": {"tone": "plain"},
        "output": {"result": "Brief: https://example.com/brief.pdf"},
    }


def test_start_job_with_input_alone_answers_what_the_marketplace_reads(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    answer = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}}).json()
    assert FreeJob.model_validate(answer).id == answer["job_id"]
    assert answer["status"] == "running"
    assert answer["agentIdentifier"] == IDENTIFIER
    assert Status.model_validate(runtime.ended(answer["id"])).status == "completed"


def test_start_job_echoes_the_purchaser_and_hashes_the_input_by_mip_004(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    body = {"identifier_from_purchaser": "résumé-1", "input_data": {"topic": "tea", "tone": [1]}}
    answer = runtime.http.post("/start_job", json=body).json()
    assert answer["identifierFromPurchaser"] == "résumé-1"
    # printf '%s' 'résumé-1;{"tone":[1],"topic":"tea"}' | sha256sum
    assert answer["input_hash"] == "ce6fb112cfa818b2abc7af732d78af071d417a8ee81f11c0418ab71d9e6c609e"


def test_provide_input_is_refused_for_a_job_that_does_not_wait(runtime: Runtime) -> None:
    job_id = runtime.start_job("tea")
    answer = runtime.http.post("/provide_input", json={"job_id": job_id, "status_id": "s", "input_data": {}})
    assert (answer.status_code, answer.json()["error"]) == (400, "INPUT_NOT_AWAITED")


@pytest.mark.parametrize("origin", ["https://market.example", "http://127.0.0.1:3000"])
def test_browsers_may_call_from_any_origin_by_default(runtime: Runtime, origin: str) -> None:
    preflight = runtime.http.options(
        "/start_job",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, authorization, baggage, sentry-trace, x-requested-with",
        },
    )
    assert preflight.status_code == 200, preflight.text
    assert runtime.http.get("/availability", headers={"Origin": origin}).headers["access-control-allow-origin"] == "*"


def test_browsers_may_read_when_to_try_again(runtime: Runtime) -> None:
    answer = runtime.http.get("/availability", headers={"Origin": "https://market.example"})
    assert answer.headers["access-control-expose-headers"] == "Retry-After"


def test_a_body_sent_in_chunks_is_limited_too(runtime: Runtime) -> None:
    answer = runtime.http.post("/start_job", content=(b" " * 65_536 for _ in range(32)))
    assert answer.status_code == 413
