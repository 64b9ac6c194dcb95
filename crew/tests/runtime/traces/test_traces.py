"""A job as one trace: what a collector gets, and that it gets no word of a customer's."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.machine.service_settings import ServiceSettings
from crew_runtime.runner.messages import read_message
from crew_runtime.runner.worker_process import DiedError
from crew_runtime.traces.job_trace import JobTrace, ModelCall
from crew_runtime.traces.otlp import OtlpTraces
from crew_runtime.traces.parent import Parent
from crew_runtime.traces.span import Attributes, Span
from support.a2a import body as a2a_body
from support.a2a import message
from support.collector import Collector, Seen
from support.declarations import declaration, in_python, one_task
from support.model import StubModel
from support.runtime import SENTINEL_KEY, Runtime
from support.waiting import wait_for

CLIENT, SERVER, INTERNAL = 3, 2, 1
CALL = ModelCall(
    path="chat/completions",
    model="a-model",
    begun=1,
    ended=2,
    input_tokens=1,
    output_tokens=1,
    api="https://models.example.com/v1",
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.close()


def traced(
    folder: Path, model: StubModel, collector: Collector, declared: dict[str, Any], **environment: str
) -> Runtime:
    runtime = Runtime(
        folder,
        declared,
        model.url,
        TRACES_ENDPOINT=collector.url,
        TRACES_HEADERS="authorization=Bearer of-a-secret",
        **environment,
    )
    runtime.identify()
    return runtime


def with_a_tool() -> dict[str, Any]:
    """The agent's two tasks, the first with a tool."""
    declared = declaration()
    declared["crew"]["agents"]["researcher"]["tools"] = ["calculate"]
    declared["crew"]["tasks"][0]["description"] += ' call the tool calculate with {"expression": "6*7"}'
    return declared


def only(spans: list[Seen]) -> Seen:
    assert len(spans) == 1, spans
    return spans[0]


def test_a_job_is_one_trace_with_every_parent_right(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    runtime = traced(tmp_path, shared_model, collector, with_a_tool())
    job = runtime.start_job("MARKER-of-a-customer")
    assert runtime.ended(job)["status"] == "completed"
    tasks = [task["name"] for task in with_a_tool()["crew"]["tasks"]]
    done = only(collector.named("job"))
    assert runtime.stop() == 0
    assert len({span.trace for span in collector.spans}) == 1, "one trace"
    by_id = {span.id: span for span in collector.spans}

    def path(span: Seen) -> list[str]:
        return [*(path(by_id[span.parent]) if span.parent else []), span.name]

    request = only(collector.named("POST /start_job"))
    assert not request.parent
    assert (request.kind, done.kind) == (SERVER, INTERNAL)
    assert path(done) == ["POST /start_job", "job"]
    crew = only([span for span in collector.spans if span.name == "invoke_workflow"])
    assert path(crew) == ["POST /start_job", "job", "invoke_workflow"]
    for name in tasks:
        assert path(only(collector.named(f"task {name}"))) == [*path(crew), f"task {name}"]
    first = [*path(crew), f"task {tasks[0]}", "invoke_agent researcher"]
    tool = only([span for span in collector.spans if span.name.startswith("execute_tool")])
    assert path(tool) == [*first, "execute_tool calculate"]
    assert tool.attributes["gen_ai.tool.name"] == "calculate"
    chats = [span for span in collector.spans if span.name == "chat stub-model"]
    assert [path(chat) for chat in sorted(chats, key=lambda chat: chat.begun)] == [
        [*first, "chat stub-model"],
        [*first, "chat stub-model"],
        [*path(crew), f"task {tasks[1]}", "invoke_agent writer", "chat stub-model"],
    ]
    agents = [span for span in collector.spans if span.attributes.get("gen_ai.operation.name") == "invoke_agent"]
    assert {agent.attributes["gen_ai.agent.name"] for agent in agents} == {"researcher", "writer"}
    for chat in chats:
        assert chat.kind == CLIENT
        assert chat.attributes["gen_ai.operation.name"] == "chat"
        assert chat.attributes["gen_ai.request.model"] == "stub-model"
        assert chat.attributes["gen_ai.usage.input_tokens"] == 5
        assert chat.attributes["gen_ai.usage.output_tokens"] == 7
    for span in collector.spans:
        assert span.begun <= span.ended
        assert not span.failed
        if span.parent and span.parent != request.id:
            assert by_id[span.parent].begun <= span.begun, span
    assert done.attributes["masumi.tokens"] == 36
    assert collector.services == {with_a_tool()["id"]}


def test_no_word_of_a_customer_or_of_the_model_is_in_a_trace_and_the_headers_are_for_the_collector_alone(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    declared = one_task("Research {topic}.")
    declared["crew"]["agents"]["researcher"]["role"] = "Researcher of {topic}"
    runtime = traced(tmp_path, shared_model, collector, declared)
    job = runtime.start_job("MARKER-secret")
    runtime.ended(job)
    collector.named("job")
    runtime.stop()
    sent = b"".join(collector.bodies)
    for word in (b"MARKER", b"Researcher of", b"Stub result", job.encode()):
        assert word not in sent
    assert {headers["authorization"] for headers in collector.headers} == {"Bearer of-a-secret"}
    assert "of-a-secret" not in runtime.output


CALLER = Parent(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)


def started_by_mcp(**meta: str) -> dict[str, Any]:
    params = {"name": "researcher", "arguments": {"topic": "tea"}, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@pytest.mark.parametrize(
    ("path", "body", "header"),
    [
        ("/start_job", {"input_data": {"topic": "tea"}}, str(CALLER)),
        ("/a2a", a2a_body("SendMessage", message({"text": "tea"})), str(CALLER)),
        ("/mcp", started_by_mcp(), str(CALLER)),
        ("/mcp", started_by_mcp(traceparent=str(CALLER)), None),
        ("/mcp", started_by_mcp(traceparent=str(Parent(1, 2))), str(CALLER)),
    ],
)
def test_a_caller_s_trace_goes_on_in_the_job_s(
    tmp_path: Path, shared_model: StubModel, collector: Collector, path: str, body: dict[str, Any], header: str | None
) -> None:
    runtime = traced(tmp_path, shared_model, collector, one_task("{topic}"))
    runtime.wait_until_ready()
    headers = {"traceparent": header} if header else {}
    assert runtime.http.post(path, json=body, headers=headers).status_code == 200
    only(collector.named("job"))
    request = only(collector.named(f"POST {path}"))
    runtime.stop()
    assert {int.from_bytes(span.trace) for span in collector.spans} == {CALLER.trace_id}
    assert int.from_bytes(request.parent) == CALLER.span_id


def test_a_job_that_runs_again_after_a_restart_is_in_its_caller_s_trace(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    declared = one_task("{topic}")
    first = traced(tmp_path, shared_model, collector, declared)
    first.wait_until_ready()
    body = {"input_data": {"topic": "answer slowly"}}
    job = first.http.post("/start_job", json=body, headers={"traceparent": str(CALLER)}).json()["id"]
    wait_for(lambda: first.logged("job_started", job))
    first.kill()
    again = traced(tmp_path, shared_model, collector, declared)
    assert again.ended(job)["status"] == "completed"
    assert int.from_bytes(collector.named("job")[-1].trace) == CALLER.trace_id
    again.stop()


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ([str(CALLER)], CALLER),
        ([str(CALLER)[:-2] + "00"], CALLER),
        (["cc" + str(CALLER)[2:] + "-what-comes-later"], CALLER),
        ([], None),
        ([str(CALLER), str(CALLER)], None),
        ([str(CALLER) + "-more"], None),
        (["ff" + str(CALLER)[2:]], None),
        ([str(CALLER).upper()], None),
        (["00-" + "0" * 32 + "-00f067aa0ba902b7-01"], None),
        (["00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01"], None),
        (["00-4bf92f3577b34da6a3ce929d0e0e4736"], None),
        (["\n" + str(CALLER)], None),
        ([str(CALLER) + "\n"], None),
    ],
)
def test_a_caller_s_place_is_read_as_its_specification_has_it(headers: list[str], read: Parent | None) -> None:
    assert Parent.of(headers) == read


def test_what_a_job_embeds_is_in_its_trace(tmp_path: Path, shared_model: StubModel, collector: Collector) -> None:
    content = b"# Kettles\nMARKER-handbook: a kettle boils.\n"
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / f"{sha256}.md").write_bytes(content)
    document = {"name": "handbook.md", "file": f"documents/{sha256}.md", "sha256": sha256}
    declared = one_task('What of kettles? {topic} call the tool document_search with {"query": "kettles"}')
    declared["documents"] = [document]
    declared["crew"]["agents"]["researcher"]["tools"] = ["document_search"]
    runtime = traced(tmp_path, shared_model, collector, declared, TRACES_MESSAGE_CONTENT="1")
    runtime.ended(runtime.start_job("tea"))
    collector.named("job")
    runtime.stop()
    embedded = [span for span in collector.spans if span.attributes.get("gen_ai.operation.name") == "embeddings"]
    assert embedded
    tool = only([span for span in collector.spans if span.name == "execute_tool document_search"])
    assert tool.id in {span.parent for span in embedded}
    for span in embedded:
        assert (span.kind, span.attributes["gen_ai.usage.input_tokens"]) == (CLIENT, 5)
        assert "gen_ai.input.messages" not in span.attributes


def test_prompts_and_answers_are_in_a_trace_if_its_operator_wants_them(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    declared = with_a_tool()
    runtime = traced(tmp_path, shared_model, collector, declared, TRACES_MESSAGE_CONTENT="1")
    runtime.ended(runtime.start_job(f"MARKER-of-a-customer {SENTINEL_KEY}"))
    collector.named("job")
    runtime.stop()
    first, second, _ = sorted(collector.named("chat stub-model", 3), key=lambda span: span.begun)
    asked = json.loads(first.attributes["gen_ai.input.messages"])
    assert [message["role"] for message in asked] == ["system", "user"]
    assert "MARKER-of-a-customer" in asked[1]["parts"][0]["content"]
    (wanted,) = json.loads(first.attributes["gen_ai.output.messages"])
    call = {"type": "tool_call", "id": "call_1", "name": "calculate", "arguments": '{"expression": "6*7"}'}
    assert (wanted["role"], wanted["parts"]) == ("assistant", [call])
    told = json.loads(second.attributes["gen_ai.input.messages"])
    response = {"type": "tool_call_response", "id": "call_1", "response": "42"}
    assert [part for message in told for part in message["parts"] if part["type"] == "tool_call_response"] == [response]
    (answer,) = json.loads(second.attributes["gen_ai.output.messages"])
    assert answer["parts"][0]["content"].startswith("Stub result")
    assert SENTINEL_KEY.encode() not in b"".join(collector.bodies)


def test_what_is_asked_and_answered_is_left_out_where_it_is_much() -> None:
    trace = JobTrace("job", reference="reference", attempt=1, agent="writer", captures_content=True)
    for _ in range(3000):
        trace.call(replace(CALL, asked="x" * 1024, answered="y" * 1024))
    job, *calls = trace.spans(None, {})
    assert (len(calls), job.attributes["masumi.steps_left_out"]) == (2000, 1000)
    assert sum("gen_ai.input.messages" in call.attributes for call in calls) == 1024


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("chat/completions", "chat a-model"),
        ("responses", "chat a-model"),
        ("completions", "text_completion a-model"),
        ("embeddings", "embeddings a-model"),
    ],
)
def test_a_call_is_named_by_what_it_asks_for(path: str, name: str) -> None:
    trace = JobTrace("job", reference="reference", attempt=1, agent="writer")
    trace.call(replace(CALL, path=path))
    _, call = trace.spans(None, {})
    assert (call.name, call.attributes["gen_ai.operation.name"]) == (name, name.partition(" ")[0])
    assert ("gen_ai.usage.output_tokens" in call.attributes) == (path != "embeddings")


SAYS_ITS_ENVIRONMENT = """
import os

from crewai import Agent, Crew, Task

def environment(inputs):
    return {**inputs, "environment": " ".join(f"{name}={value}" for name, value in os.environ.items())}

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    task = Task(description="{topic} {environment}", expected_output="Text", agent=cook)
    return Crew(agents=[cook], tasks=[task], before_kickoff_callbacks=[environment])
"""


def test_a_job_has_neither_the_collector_s_address_nor_its_headers(
    tmp_path: Path, model: StubModel, collector: Collector
) -> None:
    code = tmp_path / "code" / "abc"
    code.mkdir(parents=True)
    (code / "crew.py").write_text(SAYS_ITS_ENVIRONMENT)
    runtime = traced(tmp_path, model, collector, in_python())
    runtime.ended(runtime.start_job("tea"))
    asked = str(model.requests[-1]["body"]["messages"])
    runtime.stop()
    assert "CREWAI_STORAGE_DIR=" in asked
    assert "of-a-secret" not in asked
    assert "TRACES" not in asked


def test_a_tool_that_the_model_invents_is_called_unknown(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    declared = one_task("{topic}")
    declared["crew"]["agents"]["researcher"]["tools"] = ["calculate"]
    runtime = traced(tmp_path, shared_model, collector, declared, INTERNAL_PORT="0")
    runtime.ended(runtime.start_job("invent the tool marker_of_a_customer"))
    collector.named("job")
    with runtime.internal as client:
        metrics = client.get("/metrics").text
    runtime.stop()
    tool = only([span for span in collector.spans if span.name.startswith("execute_tool")])
    assert (tool.name, tool.attributes["gen_ai.tool.name"]) == ("execute_tool unknown", "unknown")
    assert b"marker_of" not in b"".join(collector.bodies)
    assert "marker_of" not in metrics + runtime.output


def test_a_failed_job_says_why_by_its_code_and_its_call(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    runtime = traced(tmp_path, shared_model, collector, one_task("{topic}"), INTERNAL_PORT="0")
    runtime.ended(runtime.start_job("answer with status 401"))
    done = only(collector.named("job"))
    with runtime.internal as client:
        assert '\ncrew_model_failures_total{error="401"} ' in client.get("/metrics").text
    runtime.stop()
    assert done.failed
    assert done.attributes["error.type"] == "MODEL_REFUSED"
    call = next(span for span in collector.spans if span.name == "chat stub-model")
    assert call.attributes["error.type"] == "401"


def test_a_job_s_process_that_tells_of_circles_or_of_any_number_of_steps_does_no_harm() -> None:
    trace = JobTrace("job", reference="reference", attempt=1, agent="writer")
    for step in range(3000):
        begun = {
            "state": "begun",
            "id": str(step),
            "at": 1,
            "kind": "flow",
            "name": "",
            "parent": str((step + 1) % 3000),
        }
        trace.hear(read_message({"span": begun})["span"])
    job, *steps = trace.spans(None, {})
    assert (len(steps), job.attributes["masumi.steps_left_out"]) == (2000, 1000)


@pytest.mark.parametrize("at", [-1, 2**64, "now", None])
def test_a_step_at_no_time_is_no_answer(at: object) -> None:
    with pytest.raises(DiedError):
        read_message({"span": {"state": "ended", "id": "1", "at": at, "error": ""}})


def test_a_name_that_is_no_text_loses_no_other_span(collector: Collector) -> None:
    traces = OtlpTraces(collector.url, {}, service="agent", instance="one")
    now = time.time_ns()
    for number, name in enumerate(("chat \ud800", "job"), 1):
        attributes: Attributes = {"gen_ai.request.model": name}
        traces.export([
            Span(name=name, trace_id=1, span_id=number, parent_id=None, begun=now, ended=now, attributes=attributes)
        ])  # fmt: skip
    traces.close()
    assert len(collector.named("job")) == 1
    assert only(collector.named("chat ?")).attributes["gen_ai.request.model"] == "chat ?"


@pytest.mark.parametrize(
    "written",
    [
        "authorization=Bearer of-a-secret",
        " authorization = Bearer of-a-secret ",
        "x-team=a,authorization= Bearer of-a-secret",
    ],
)
def test_blanks_around_headers_are_no_part_of_them(written: str) -> None:
    settings = ServiceSettings.from_environment({"PORT": "0", "DATA_DIR": "/data", "TRACES_HEADERS": written})
    assert settings.traces_header_fields["authorization"] == "Bearer of-a-secret"


@pytest.mark.parametrize(
    "written", ["of-a-secret", "a=", "=of-a-secret", "a b=of-a-secret", "a=of-a-\nsecret", "a=of-a-secretß"]
)
def test_headers_that_no_request_can_have_are_refused_without_a_word_of_them(written: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ServiceSettings.from_environment({"PORT": "0", "DATA_DIR": "/data", "TRACES_HEADERS": written})
    assert "TRACES_HEADERS" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_jobs_go_on_while_the_collector_is_away(tmp_path: Path, shared_model: StubModel, collector: Collector) -> None:
    runtime = traced(tmp_path, shared_model, collector, one_task("{topic}"))
    collector.close()
    assert runtime.ended(runtime.start_job("tea"))["status"] == "completed"
    runtime.stop()
    assert "of-a-secret" not in runtime.output


def test_without_a_collector_nothing_that_sends_is_even_loaded() -> None:
    program = "import sys, crew_runtime.hosting.serving, crew_runtime.__main__; print(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()
    # FastAPI loads the API, which does nothing by itself.
    senders = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "requests")
    assert not [name for name in loaded if name.startswith(senders)]
