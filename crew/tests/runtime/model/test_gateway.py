"""What a job gets from the gateway by any client, what it is refused, and what it is charged."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

import httpx
import openai
import pytest

from crew_runtime.job.model_access import ModelAccess
from crew_runtime.model import relay
from crew_runtime.model.session import Budget, Session
from support.jobs import ModelBehind, gateway_to
from support.model import StubModel
from support.runtime import PATIENCE_SECONDS, SENTINEL_KEY
from support.server import Server
from support.waiting import wait_for

MESSAGES: Final[Any] = [{"role": "user", "content": "MARKER-own"}]
TOOLS: Final[Any] = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


def asked(words: str) -> Any:  # noqa: ANN401 - as the client's types want it
    return [{"role": "user", "content": words}]


@pytest.fixture
def gateway(model: StubModel) -> Iterator[ModelBehind]:
    with gateway_to(ModelAccess(api=model.url, key=SENTINEL_KEY, name="stub-model")) as started:
        yield started


def client_of(session: Session, **options: Any) -> openai.OpenAI:  # noqa: ANN401 - any of the client's
    access = session.access
    return openai.OpenAI(base_url=access.api, api_key=access.key, timeout=PATIENCE_SECONDS, **options)


def raw(session: Session, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - any of httpx's
    headers = {"Authorization": f"Bearer {session.access.key}"} | options.pop("headers", {})
    url = session.access.api.removesuffix("/v1") + path
    return httpx.request(method, url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False, **options)


def test_openais_client_takes_the_gateway_for_the_model(gateway: ModelBehind, model: StubModel) -> None:
    session = gateway.open({}, Budget(calls=5))
    with client_of(session) as client:
        answer = client.chat.completions.create(model="stub-model", messages=MESSAGES)
        assert answer.choices[0].message.content == "Stub result MARKER-own"
        calls = client.chat.completions.create(
            model="stub-model", messages=asked('call the tool add with {"a": 1}'), tools=TOOLS
        )
        assert calls.choices[0].finish_reason == "tool_calls"
        vectors = client.embeddings.create(model="any", input=["tea"], encoding_format="float")
        assert len(vectors.data) == 1
    assert session.usage == {"model_calls": 2, "tokens": 12 + 12 + 5}, "embeddings cost tokens alone"
    assert {request["key"] for request in model.requests} == {f"Bearer {SENTINEL_KEY}"}


@pytest.mark.parametrize(
    ("options", "shown"), [({}, 0), ({"stream_options": {"include_usage": True}}, 1),
                           ({"stream_options": {"include_usage": False}}, 0)],
)  # fmt: skip
def test_a_stream_is_charged_by_its_usage_which_is_shown_to_whoever_asked(
    gateway: ModelBehind, options: dict[str, Any], shown: int
) -> None:
    session = gateway.open({}, Budget())
    with client_of(session) as client:
        chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, **options))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "Stub result MARKER-own"
    assert sum(chunk.usage is not None for chunk in chunks) == shown
    assert session.tokens == 12


@pytest.mark.parametrize("stream", [False, True])
def test_what_reports_no_usage_is_charged_by_its_length(gateway: ModelBehind, stream: bool) -> None:
    session = gateway.open({}, Budget())
    with client_of(session) as client:
        answer = client.chat.completions.create(
            model="m", messages=asked("report no usage " + "x" * 3000), stream=stream
        )
        if isinstance(answer, openai.Stream):
            list(answer)
    assert 1000 < session.tokens < 2000


REFUSED = [
    ("GET", "/v1/files", None, 404, "not_found"),
    ("POST", "/v1/files", b"{}", 404, "not_found"),
    ("GET", "/v1/chat/completions", None, 404, "not_found"),
    ("DELETE", "/v1/models/m", None, 404, "not_found"),
    ("GET", "/v1/models/..%2Ffiles", None, 404, "not_found"),
    ("GET", "/v1/models/%2e%2e/files", None, 404, "not_found"),
    ("GET", "/models", None, 404, "not_found"),
    ("GET", "/v1/responses/resp_1", None, 404, "not_found"),
    ("POST", "/v1/chat/completions", b"nonsense", 400, "invalid_json"),
    ("POST", "/v1/chat/completions", b"[]", 400, "invalid_json"),
    ("POST", "/v1/chat/completions", b'{"n": NaN}', 400, "invalid_json"),
    ("POST", "/v1/chat/completions", b"[" * 100_000, 400, "invalid_json"),
    ("POST", "/v1/responses", b'{"input": "x", "background": true}', 400, "unsupported_value"),
    ("POST", "/v1/chat/completions", b"x" * (16 * 1024 * 1024 + 1), 413, "too_large"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    REFUSED,
    ids=[f"{row[0]} {row[1]} {(row[2] or b'')[:20]!r}" for row in REFUSED],
)
def test_what_no_job_needs_is_refused_and_never_reaches_the_model(
    gateway: ModelBehind, model: StubModel, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    session = gateway.open({}, Budget())
    answer = raw(session, method, path, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert model.requests == []
    assert session.usage == {"model_calls": 0, "tokens": 0}


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {SENTINEL_KEY}"},
     {"Authorization": "Basic x"}, {"Authorization": "Bearer guessed"}],
    ids=str,
)  # fmt: skip
def test_who_has_no_token_is_refused(gateway: ModelBehind, model: StubModel, headers: dict[str, str]) -> None:
    session = gateway.open({}, Budget())
    answer = raw(session, "POST", "/v1/chat/completions", headers=headers, json={"messages": MESSAGES})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert model.requests == []


def test_a_token_is_worth_nothing_after_its_job_and_tokens_differ(gateway: ModelBehind, model: StubModel) -> None:
    ended, running = (gateway.open({}, Budget(calls=1)) for _ in range(2))
    gateway.close(ended.access.key)
    with client_of(ended) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    assert ended.access.key != running.access.key
    assert raw(running, "POST", "/v1/chat/completions", json={"messages": MESSAGES, "model": "m"}).status_code == 200
    assert (ended.calls, running.calls) == (0, 1)
    assert len(model.requests) == 1


def test_what_a_job_still_asks_ends_with_it(gateway: ModelBehind, model: StubModel) -> None:
    session = gateway.open({}, Budget())
    with ThreadPoolExecutor(1) as pool, client_of(session, max_retries=0) as client:
        hanging = pool.submit(client.chat.completions.create, model="m", messages=asked("never answer"))
        wait_for(lambda: model.requests)
        gateway.close(session.access.key)
        with pytest.raises(openai.AuthenticationError):
            hanging.result(PATIENCE_SECONDS)


def test_who_hangs_up_ends_the_call_and_pays_for_what_was_begun(gateway: ModelBehind, model: StubModel) -> None:
    session = gateway.open({}, Budget())
    with client_of(session) as client:
        stream = client.chat.completions.create(model="m", messages=asked("never end " + "x" * 300), stream=True)
        next(iter(stream))
        stream.close()
    assert model.hung_up.wait(PATIENCE_SECONDS), "the model is not asked any further"
    wait_for(lambda: session.tokens > 100)


def test_who_hangs_up_before_the_answer_pays_for_what_it_may_have_been(gateway: ModelBehind) -> None:
    session = gateway.open({}, Budget())
    with client_of(session, max_retries=0) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="m", messages=asked("never answer"), max_tokens=700, n=2, timeout=0.5)
    wait_for(lambda: session.tokens > 1400)


def test_a_job_spends_no_more_than_its_calls_by_any_number_of_threads(gateway: ModelBehind, model: StubModel) -> None:
    session = gateway.open({}, Budget(calls=10))

    def ask(_: int) -> int:
        return raw(session, "POST", "/v1/chat/completions", json={"messages": MESSAGES, "model": "m"}).status_code

    with ThreadPoolExecutor(30) as pool:
        statuses = list(pool.map(ask, range(30)))
    assert sorted(statuses) == [200] * 10 + [402] * 20
    assert len(model.requests) == 10
    assert session.spent == "MODEL_BUDGET_SPENT"


def test_calls_side_by_side_do_not_spend_a_budget_several_times(gateway: ModelBehind) -> None:
    session = gateway.open({}, Budget(tokens=60))  # five calls of 12 tokens

    def ask(_: int) -> int:
        return raw(session, "POST", "/v1/chat/completions", json={"messages": MESSAGES, "model": "m"}).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(ask, range(20)))
    assert sorted(statuses) == [200] * 5 + [402] * 15
    assert session.tokens == 60


def test_a_spent_budget_is_said_once_and_not_asked_for_again(gateway: ModelBehind) -> None:
    session = gateway.open({}, Budget(calls=0))
    tries: list[httpx.Request] = []
    http_client = httpx.Client(event_hooks={"request": [tries.append]}, trust_env=False)
    with (
        client_of(session, http_client=http_client, max_retries=5) as client,
        pytest.raises(openai.APIStatusError) as refused,
    ):
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert (refused.value.status_code, refused.value.code) == (402, "model_budget_spent")
    assert len(tries) == 1
    assert session.explained({"failure": "CREW_FAILED", "detail": "x"})["failure"] == "MODEL_BUDGET_SPENT"
    assert session.explained({"failure": "NO_SPACE", "detail": "x"})["failure"] == "NO_SPACE"


@pytest.mark.parametrize("paid", [False, True])
def test_the_days_tokens_end_what_is_free_and_let_paid_jobs_finish(model: StubModel, paid: bool) -> None:
    with gateway_to(ModelAccess(api=model.url, key=SENTINEL_KEY, name="m"), daily=12) as gateway:
        first = gateway.open({}, Budget())
        body = {"messages": MESSAGES, "model": "m"}
        assert raw(first, "POST", "/v1/chat/completions", json=body).status_code == 200
        second = gateway.open({}, Budget(ends_with_the_day=not paid))
        answer = raw(second, "POST", "/v1/chat/completions", json=body)
        assert answer.status_code == (200 if paid else 402)
        assert second.spent == (None if paid else "DAILY_TOKENS_SPENT")


class Api:
    """A model's API that answers whatever it is told to, and remembers what it was asked."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                api.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self._server = Server(Handler)
        self.url = f"{self._server.url}/v1"

    def close(self) -> None:
        self._server.close()


QUOTING = json.dumps({"error": {"message": f"Incorrect API key provided: {SENTINEL_KEY}"}}).encode()
STREAMED = f'data: {{"choices": [], "said": "{SENTINEL_KEY}"}}\n\ndata: [DONE]\n\n'.encode()
ANSWERS = [
    (401, QUOTING, {"Content-Type": "application/json"}, 401),
    (429, QUOTING, {"Content-Type": "application/json", "Retry-After": "7"}, 429),
    (500, QUOTING, {"Content-Type": "application/json", "Set-Cookie": SENTINEL_KEY}, 500),
    (200, QUOTING, {"Content-Type": "application/json"}, 200),
    (200, STREAMED, {"Content-Type": "text/event-stream"}, 200),
    (307, b"", {"Location": "http://127.0.0.1:1/elsewhere?key=hidden"}, 421),
    (200, b"x" * 100, {"Content-Length": "200", "Connection": "close"}, 502),
]


@pytest.mark.parametrize(
    ("status", "body", "headers", "passed"), ANSWERS, ids=[f"{row[0]} {row[2]}" for row in ANSWERS]
)
def test_answers_are_passed_on_without_the_key_and_redirects_are_not_followed(
    status: int, body: bytes, headers: dict[str, str], passed: int
) -> None:
    api = Api(status, body, headers)
    with gateway_to(ModelAccess(api=api.url, key=SENTINEL_KEY, name="m")) as gateway:
        session = gateway.open({}, Budget())
        wanted = {"messages": MESSAGES, "model": "m", "stream": body == STREAMED}
        sent = {"OpenAI-Project": "other", "Cookie": "a=b", "X-Forwarded-Host": "evil"}
        answer = raw(session, "POST", "/v1/chat/completions", json=wanted, headers=sent)
        told = session.told()
    api.close()
    assert answer.status_code == passed
    assert SENTINEL_KEY not in answer.text + str(answer.headers)
    assert answer.headers.get("Retry-After") == headers.get("Retry-After")
    assert "location" not in answer.headers
    ((path, asked_with),) = api.asked
    assert path == "/v1/chat/completions"
    assert not {"openai-project", "cookie", "x-forwarded-host"} & asked_with.keys()
    if passed != 200:
        assert told
        assert told["model_url"] == f"{api.url}/chat/completions"
        assert told.get("model_status") == (None if passed == 502 else status)
        assert SENTINEL_KEY not in str(told)
        assert "hidden" not in str(told)


def test_an_api_that_takes_no_wish_for_the_usage_is_asked_without(monkeypatch: pytest.MonkeyPatch) -> None:
    model = StubModel()
    answer = model.answer

    def refusing(body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        if "stream_options" in body:
            return 400, {"error": {"message": "unknown field stream_options"}}
        return answer(body, key)

    monkeypatch.setattr(model, "answer", refusing)
    monkeypatch.setattr(model, "streams", lambda body: body.get("stream") is True and "stream_options" not in body)
    with gateway_to(ModelAccess(api=model.url, key=SENTINEL_KEY, name="m")) as gateway:
        session = gateway.open({}, Budget())
        with client_of(session) as client:
            chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))
    model.close()
    assert len(chunks) == 4
    assert session.calls == 1
    assert session.tokens > 0


def test_a_model_that_never_answers_is_given_up_and_charged_as_if_it_had(
    model: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_TIMEOUT", httpx.Timeout(0.2))
    with gateway_to(ModelAccess(api=model.url, key=SENTINEL_KEY, name="m")) as gateway:
        session = gateway.open({}, Budget())
        body = {"messages": asked("never answer"), "max_completion_tokens": 500}
        answer = raw(session, "POST", "/v1/chat/completions", json=body)
        told = session.told()
    assert answer.status_code == 504
    assert session.tokens > 500
    assert told
    assert "ReadTimeout" in str(told["model_message"])


def test_a_model_that_cannot_be_reached_costs_nothing_and_is_asked_again() -> None:
    with gateway_to(ModelAccess(api="http://user:secret@127.0.0.1:1/v1", key=SENTINEL_KEY, name="m")) as gateway:
        session = gateway.open({}, Budget())
        with client_of(session, max_retries=1) as client, pytest.raises(openai.InternalServerError) as failed:
            client.chat.completions.create(model="m", messages=MESSAGES)
        told = session.told()
    assert failed.value.status_code == 502
    assert session.usage == {"model_calls": 2, "tokens": 0}
    assert told
    assert told["model_url"] == "http://127.0.0.1:1/v1/chat/completions"
    assert "secret" not in f"{told}{session.access.origin}"


def test_sessions_of_many_threads_never_mix(gateway: ModelBehind) -> None:
    barrier = threading.Barrier(10)

    def job(number: int) -> tuple[str | None, int]:
        session = gateway.open({}, Budget(calls=3))
        barrier.wait(PATIENCE_SECONDS)
        with client_of(session) as client:
            answers = [client.chat.completions.create(model="m", messages=asked(f"MARKER-{number}")) for _ in range(3)]
        gateway.close(session.access.key)
        return answers[-1].choices[0].message.content, session.calls

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(job, range(10))) == [(f"Stub result MARKER-{number}", 3) for number in range(10)]
