"""What is not A2A, or is meant to harm: refused by name, and no way round what MIP-003's endpoints demand."""

import asyncio
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from unittest.mock import ANY

import httpx
import pytest

from conftest import StartRuntime
from crew_runtime.common.api_error import ApiError
from crew_runtime.http.agent.following import Followers
from crew_runtime.job.job import Job
from support.a2a import A2A, PATH, body, message
from support.declarations import one_task
from support.model import StubModel
from support.runtime import Runtime
from support.waiting import wait_for

TEA = {"text": "tea"}
PARTS = "message.parts"


@pytest.fixture
def agent(runtime: Runtime) -> A2A:
    runtime.wait_until_ready()
    return A2A(runtime.http)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([body("GetTask", {"id": "x"})], -32600),
        ("text", -32600),
        ({}, -32600),
        ({"method": "GetTask"}, -32600),
        (body("GetTask", {}, jsonrpc="1.0"), -32600),
        (body(7, {}), -32600),  # type: ignore[arg-type]
        (body("GetTask", {}, id={"a": 1}), -32600),
        (body("GetTask", {}, id=[1]), -32600),
        (body("GetTask", {}, id="x" * 10_000), -32600),
        (body("GetTask", {}, id=10**400), -32600),
        (body("GetTask", []), -32602),
        (body("NoSuchMethod", {}), -32601),
        (body("__class__", {}), -32601),
        (body("ListTasks", {}), -32004),
        (body("CreateTaskPushNotificationConfig", {"url": "http://169.254.169.254/"}), -32003),
        (body("tasks/pushNotificationConfig/set", {}), -32003),
        (body("GetExtendedAgentCard", {}), -32007),
        (body("GetTask", {}), -32602),
        (body("GetTask", {"id": {"$ne": ""}}), -32602),
        (body("GetTask", {"id": "x" * 100_000}), -32001),
        (body("GetTask", {"id": "a\0b"}), -32001),
        (body("GetTask", {"id": "../../etc/passwd"}), -32001),
        (body("CancelTask", {"id": "unknown"}), -32001),
        (body("SubscribeToTask", {"id": "unknown"}), -32001),
    ],
)
def test_what_is_no_request_is_refused_by_its_code(agent: A2A, content: object, code: int) -> None:
    answer = agent.post(content)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"message": "tea"},
        {"message": {}},
        {"message": {"parts": []}},
        {"message": {"parts": "tea"}},
        {"message": {"parts": [TEA] * 65}},
        message("tea"),  # type: ignore[arg-type]
        message({}),
        message({"text": 7}),
        message({"text": "tea", "url": "https://example.com/a"}),
        message({"data": ["tea"]}),
        message({"data": {"topic": "tea"}}, {"data": {"topic": "coffee"}}),
        message({"data": {"topic": {"$gt": ""}}}),
        message({"data": {"topic": "tea", "__proto__": {}}}),
        message({"raw": "!!!"}),
        message({"file": {"bytes": 7}}),
        message(TEA, taskId={"a": 1}),
        message(TEA, taskId="x" * 300),
        message(TEA, taskId="one", contextId="another"),
        message(TEA, messageId=[1]),
        message(TEA, metadata={"masumi": {"identifier_from_purchaser": {"a": 1}}}),
    ],
)
def test_what_is_no_message_begins_nothing(agent: A2A, runtime: Runtime, given: dict[str, Any]) -> None:
    before = sum(event["event"] == "job_accepted" for event in runtime.events)
    for method in ("SendMessage", "SendStreamingMessage"):
        assert agent.error(method, given)["code"] == -32602
    assert sum(event["event"] == "job_accepted" for event in runtime.events) == before


def test_a_body_that_is_too_large_is_refused_as_everywhere(agent: A2A) -> None:
    answer = agent.post(body("SendMessage", message({"text": "x" * (1 << 20)})))
    assert (answer.status_code, answer.json()["error"]) == (413, "BODY_TOO_LARGE")


def test_what_is_not_json_is_a_parse_error(runtime: Runtime) -> None:
    for raw in (b"{", b'{"id": NaN}', b"[" * 100_000, b"\xff"):
        answer = runtime.http.post(PATH, content=raw, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"], answer.json()["id"]) == (200, -32700, None)


def test_another_version_is_refused_and_an_older_one_is_not(agent: A2A) -> None:
    assert agent.error("GetTask", {"id": "x"}, **{"A2A-Version": "2.0"})["code"] == -32009
    for version in ("1.0", "1.0.3", "0.3", ""):
        assert agent.error("GetTask", {"id": "x"}, **{"A2A-Version": version})["code"] == -32001


def test_the_limits_of_starts_hold_and_say_when_to_come_again(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(one_task(), START_RATE="2", MAX_PER_CLIENT="16")
    runtime.identify()
    runtime.wait_until_ready()
    agent = A2A(runtime.http)
    agent.send(TEA)
    assert runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}}).status_code == 200
    answer = agent.post(body("SendMessage", message(TEA)))
    assert answer.json()["error"]["data"][0]["reason"] == "TOO_MANY_STARTS"
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_client_has_its_part_of_jobs_and_of_streams(start_runtime: StartRuntime, model: StubModel) -> None:
    runtime = start_runtime(one_task(), MAX_PER_CLIENT="3", MAX_PARALLEL="1", PROXY_HOPS="1")
    runtime.identify()
    runtime.wait_until_ready()
    agent = A2A(runtime.http)
    at_once = {**message({"text": "never answer"}), "configuration": {"returnImmediately": True}}
    one, other = ({"X-Forwarded-For": address} for address in ("198.51.100.1", "198.51.100.2"))
    tasks = [agent.call("SendMessage", at_once, **one)["task"]["id"] for _ in range(3)]
    refused = agent.error("SendMessage", at_once, **one)
    assert refused["data"][0]["reason"] == "TOO_MANY_STARTS"
    subscription = body("SubscribeToTask", {"id": tasks[0]})
    with ExitStack() as stack, httpx.Client(base_url=runtime.http.base_url, trust_env=False, timeout=60) as client:
        streams = [
            stack.enter_context(client.stream("POST", PATH, json=subscription, headers=one)).iter_lines()
            for _ in range(3)
        ]
        assert all(next(lines).startswith("data: ") for lines in streams)
        assert agent.error("SubscribeToTask", {"id": tasks[0]}, **one)["data"][0]["reason"] == "TOO_MANY_WAITING"
        with client.stream("POST", PATH, json=subscription, headers=other) as answer:
            assert next(answer.iter_lines()).startswith("data: ")
        assert runtime.http.get("/availability").json()["status"] == "available"

    def has_room() -> bool:
        with httpx.stream("POST", f"{runtime.http.base_url}{PATH}", json=subscription, headers=one) as answer:
            return answer.headers["content-type"].startswith("text/event-stream")

    wait_for(has_room)  # those that were hung up do not count any more
    model.released.set()


def test_those_who_wait_are_answered_when_the_runtime_stops(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(one_task())
    runtime.identify()
    runtime.wait_until_ready()
    never = message({"text": "never answer"})
    with (
        ThreadPoolExecutor() as pool,
        httpx.Client(base_url=runtime.http.base_url, timeout=60, trust_env=False) as http,
    ):
        agent = A2A(http)
        waiting = pool.submit(agent.send, *never["message"]["parts"])
        with agent.stream("SendStreamingMessage", never) as events:
            next(events)
            wait_for(lambda: sum(event["event"] == "job_started" for event in runtime.events) == 2)
            began = time.monotonic()
            assert runtime.stop() == 0
            assert list(events) in ([], [ANY]), "the stream has an end"
        assert waiting.result()["status"]["state"] in ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"), "as last seen"
    assert time.monotonic() - began < 2, "nobody had to be cut off"


def test_a_draining_agent_begins_nothing(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(one_task())
    runtime.identify(draining=True)
    runtime.wait_until_ready()
    error = A2A(runtime.http).error("SendMessage", message(TEA))
    assert (error["code"], error["data"][0]["reason"]) == (-32000, "AGENT_DRAINING")


def test_many_followers_leave_the_others_their_answers() -> None:
    async def follow() -> Counter[str]:
        job = Job(input_data={}, agent_identifier="ab")

        async def read(_id: str) -> Job:
            return job

        followers = Followers(read, per_client=10)
        outcomes: Counter[str] = Counter()
        with ExitStack() as stack:
            for number in range(300):
                try:
                    stack.enter_context(followers.admitted(f"client {number % 20}"))
                    outcomes["admitted"] += 1
                except ApiError as error:
                    outcomes[json.dumps(error.body["error"])] += 1
        with followers.admitted("client 1"):
            outcomes["admitted again"] += 1
        return outcomes

    assert asyncio.run(follow()) == {"admitted": 128, '"TOO_MANY_WAITING"': 172, "admitted again": 1}
