"""Jobs by A2A: begun by a message, followed as a task, asked and answered, and paid for elsewhere."""

import secrets
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from support.a2a import A2A, body, message
from support.asking import asks_twice, lay_code
from support.declarations import declaration, one_task
from support.model import StubModel
from support.paid import environment, paid
from support.runtime import Runtime
from support.sandbox import Sandbox
from support.service import Service
from support.waiting import wait_for

TEA = {"text": "tea MARKER-tea"}
RESULT = "Stub result MARKER-tea"


@pytest.fixture
def agent(runtime: Runtime) -> A2A:
    runtime.wait_until_ready()
    return A2A(runtime.http)


def started(start_runtime: StartRuntime, declared: dict[str, Any], **given: Any) -> tuple[Runtime, A2A]:  # noqa: ANN401
    runtime = start_runtime(declared, **given)
    runtime.identify()
    runtime.wait_until_ready()
    return runtime, A2A(runtime.http)


def state_of(task: dict[str, Any]) -> str:
    return str(task["status"]["state"]).removeprefix("TASK_STATE_")


def result_of(task: dict[str, Any]) -> str:
    assert state_of(task) == "COMPLETED", task
    return "".join(part["text"] for part in task["artifacts"][0]["parts"])


@pytest.mark.parametrize(
    "parts",
    [
        [TEA],
        [{"data": {"topic": TEA["text"]}}],
        [TEA, {"data": {"tone": "formal"}}],
        [{"data": {"tone": "formal"}}, {"data": {"topic": TEA["text"]}}],
    ],
    ids=["a text", "data", "a text and data", "data in two parts"],
)
def test_a_message_begins_a_job_and_its_result_is_the_answer(agent: A2A, parts: list[dict[str, Any]]) -> None:
    task = agent.send(*parts)
    assert result_of(task) == RESULT
    assert task["status"]["timestamp"].endswith("Z")
    assert agent.task(task["id"]) == task


def test_a_client_that_does_not_wait_asks_for_the_task(agent: A2A, runtime: Runtime) -> None:
    task = agent.call("SendMessage", {**message(TEA), "configuration": {"returnImmediately": True}})["task"]
    assert state_of(task) in ("SUBMITTED", "WORKING")
    wait_for(lambda: state_of(agent.task(task["id"])) == "COMPLETED")
    assert runtime.status(task["id"])["result"] == RESULT, "a task is a job of MIP-003"


def test_a_stream_tells_what_becomes_of_a_job(agent: A2A) -> None:
    events = agent.streamed("SendStreamingMessage", message(TEA))
    task_id = events[0]["task"]["id"]
    states = [event["statusUpdate"]["status"]["state"] for event in events if "statusUpdate" in event]
    assert states == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"][-len(states) :]
    assert states[-1] == "TASK_STATE_COMPLETED"
    artifact = next(event["artifactUpdate"] for event in events if "artifactUpdate" in event)
    assert (artifact["taskId"], artifact["artifact"]["parts"][0]["text"]) == (task_id, RESULT)


def test_a_job_can_be_followed_by_whoever_knows_its_id(start_runtime: StartRuntime, model: StubModel) -> None:
    _, agent = started(start_runtime, one_task())
    at_once = {"configuration": {"returnImmediately": True}}
    task_id = agent.call("SendMessage", {**message({"text": "never answer"}), **at_once})["task"]["id"]
    with agent.stream("SubscribeToTask", {"id": task_id}) as events:
        assert next(events)["result"]["task"]["id"] == task_id
        model.released.set()
        assert [event["result"] for event in events][-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert agent.error("SubscribeToTask", {"id": task_id})["code"] == -32004
    assert agent.error("CancelTask", {"id": task_id})["code"] == -32002


def test_a_free_job_can_be_canceled_whether_it_runs_waits_or_asks(
    start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("asks")
    lay_code(folder / "asks")
    runtime, agent = started(start_runtime, one_task(), MAX_PARALLEL="1")
    _, asking = started(start_runtime, asks_twice(), folder=folder, name="asks")
    never = {**message({"text": "never answer"}), "configuration": {"returnImmediately": True}}
    runs, waits = (agent.call("SendMessage", never)["task"]["id"] for _ in range(2))
    wait_for(lambda: state_of(agent.task(runs)) == "WORKING")
    asks = asking.send({"text": "tea"})["id"]
    with agent.stream("SubscribeToTask", {"id": runs}) as events:
        next(events)
        for one, task_id in ((agent, waits), (agent, runs), (asking, asks)):
            assert state_of(one.call("CancelTask", {"id": task_id})) == "CANCELED"
            assert one.error("CancelTask", {"id": task_id})["code"] == -32002
        assert [event["result"] for event in events][-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_CANCELED"
    assert result_of(agent.send(TEA)) == RESULT, "its place is free again"
    assert (runtime.status(runs)["status"], runtime.status(runs)["error"]) == ("failed", "CANCELED")
    assert not runtime.logged("job_put_back", runs)


def test_a_question_is_a_state_and_a_further_message_answers_it(
    start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("asks")
    lay_code(folder / "agent")
    _, agent = started(start_runtime, asks_twice(), folder=folder)
    task = agent.send({"text": "tea"})
    assert state_of(task) == "INPUT_REQUIRED"
    question, schema = task["status"]["message"]["parts"]
    assert question == {"text": "Which colour?"}
    assert schema["data"]["input_data"][0]["id"] == "answer"
    task = agent.send({"text": "blue"}, taskId=task["id"], contextId=task["contextId"])
    assert task["status"]["message"]["parts"][0] == {"text": "Which size in blue?"}
    events = agent.streamed("SendStreamingMessage", message({"data": {"answer": "xl"}}, taskId=task["id"]))
    assert events[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert result_of(agent.task(task["id"])) == "Stub result MARKER-blue MARKER-xl"
    error = agent.error("SendMessage", message({"text": "more"}, taskId=task["id"]))
    assert (error["code"], error["data"][0]["reason"]) == (-32602, "INPUT_NOT_AWAITED")


def test_files_come_as_links_or_as_they_are(start_runtime: StartRuntime) -> None:
    brief = {"id": "brief", "type": "file", "name": "Brief", "validations": [{"validation": "accept", "value": ".txt"}]}
    task = one_task("Read {brief}.")
    _, agent = started(start_runtime, {**task, "input": [brief, *task["input"]]})
    raw = {"raw": b64encode(b"MARKER-brief").decode(), "mediaType": "text/plain", "filename": "a.txt"}
    assert result_of(agent.send({"text": "tea"}, raw)) == "Stub result MARKER-brief"
    error = agent.error("SendMessage", message({"text": "tea"}, {"url": "http://127.0.0.1/a.txt"}))
    assert (error["code"], error["data"][0]["reason"]) == (-32602, "INPUT_INVALID")


def test_a_failed_job_is_a_failed_task_that_says_why(start_runtime: StartRuntime) -> None:
    _, agent = started(start_runtime, one_task())
    task = agent.send({"text": "answer with nothing"})
    assert state_of(task) == "FAILED"
    text, data = task["status"]["message"]["parts"]
    assert "without a result" in text["text"]
    assert data["data"]["error"] == "EMPTY_RESULT"


def test_a_paid_agent_says_the_price_and_how_to_pay_and_begins_nothing(
    start_runtime: StartRuntime, sandbox: Sandbox
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, PUBLIC_URL="https://agent.example.com"))
    identifier = sandbox.register("V1")
    runtime.identify(identifier)
    runtime.wait_until_ready()
    agent = A2A(runtime.http)
    for task in (agent.send(TEA), agent.streamed("SendStreamingMessage", message(TEA))[0]["task"]):
        assert state_of(task) == "REJECTED"
        text, data = (part for part in task["status"]["message"]["parts"])
        assert "5 ADA" in text["text"]
        told = data["data"]
        assert (told["error"], told["agentIdentifier"], told["network"]) == ("PAYMENT_REQUIRED", identifier, "Preprod")
        assert told["pricing"] == {"pricingType": "Fixed", "Pricing": [{"amount": "5000000", "unit": ""}]}
        assert told["startJob"]["url"] == "https://agent.example.com/start_job"
        assert agent.error("GetTask", {"id": task["id"]})["code"] == -32001
    assert not [event for event in runtime.events if event["event"] == "job_accepted"]


def test_a_buyer_s_message_begins_a_job_that_runs_once_it_is_paid(
    start_runtime: StartRuntime, sandbox: Sandbox
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox))
    identifier = sandbox.register("V1")
    runtime.identify(identifier)
    runtime.wait_until_ready()
    agent = A2A(runtime.http)
    nonce = secrets.token_hex(10)
    task = agent.send(TEA, metadata={"masumi": {"identifier_from_purchaser": nonce}})
    assert state_of(task) == "AUTH_REQUIRED"
    assert agent.error("CancelTask", {"id": task["id"]})["code"] == -32002, "nothing that costs money is canceled"
    bought = task["metadata"]["masumi"]
    assert bought["identifierFromPurchaser"] == nonce
    with agent.stream("SubscribeToTask", {"id": task["id"]}) as events:
        next(events)
        sandbox.buy({"id": task["id"], "agentIdentifier": identifier, **bought})
        assert [event["result"] for event in events][-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert result_of(agent.task(task["id"])) == RESULT
    error = agent.error("SendMessage", message(TEA, metadata={"masumi": {"identifier_from_purchaser": "short"}}))
    assert error["data"][0]["reason"] == "INPUT_INVALID"


def test_agents_of_one_service_have_an_endpoint_and_tasks_of_their_own(tmp_path: Path, model: StubModel) -> None:
    service = Service(tmp_path, model.url, PUBLIC_URL="https://agents.example.com")
    try:
        for name in ("one", "two"):
            listing = "x402" if name == "two" else "a2a"
            service.agents.declare(name, {**one_task(), "name": name.title(), "listing": listing})
        service.wait_for_state("ready", "one", "two")
        cards = {name: service.http.get(f"/{name}/.well-known/agent-card.json").json() for name in ("one", "two")}
        assert {name: card["url"] for name, card in cards.items()} == {
            name: f"https://agents.example.com/{name}/a2a" for name in ("one", "two")
        }
        manifests = {name: service.http.get(f"/{name}/.well-known/x402.json") for name in ("one", "two")}
        assert (manifests["one"].status_code, manifests["one"].json()["error"]) == (404, "NO_MANIFEST")
        assert manifests["two"].json()["resources"][0]["resource"] == "https://agents.example.com/two/start_job"
        one, two = (A2A(service.http, f"/{name}/a2a") for name in ("one", "two"))
        task = one.send(TEA)
        assert result_of(task) == RESULT
        assert two.error("GetTask", {"id": task["id"]})["code"] == -32001
        assert two.error("SendMessage", message(TEA, taskId=task["id"]))["code"] == -32001
        assert two.error("SubscribeToTask", {"id": task["id"]})["code"] == -32001
    finally:
        service.stop()


def test_a_client_of_a2a_0_3_is_answered_in_its_own_words(agent: A2A) -> None:
    older = {"message": {"kind": "message", "messageId": "m", "role": "user", "parts": [{"kind": "text", **TEA}]}}
    task = agent.call("message/send", older)
    assert (task["kind"], task["status"]["state"]) == ("task", "completed")
    assert task["artifacts"][0]["parts"] == [{"kind": "text", "text": RESULT}]
    assert agent.call("tasks/get", {"id": task["id"]}) == task
    events = agent.streamed("message/stream", older)
    assert events[0]["kind"] == "task"
    last = events[-1]
    assert (last["kind"], last["final"], last["status"]["state"]) == ("status-update", True, "completed")


def test_a_request_that_is_sent_again_with_its_secret_means_the_same_job(agent: A2A) -> None:
    key = {"Idempotency-Key": secrets.token_hex(16)}
    tasks = [agent.call("SendMessage", message(TEA), **key)["task"]["id"] for _ in range(2)]
    assert tasks[0] == tasks[1]
    assert agent.post(body("SendMessage", message(TEA))).json()["result"]["task"]["id"] != tasks[0]


def test_an_agent_that_needs_several_fields_says_which(start_runtime: StartRuntime) -> None:
    topic, tone = declaration()["input"]
    _, agent = started(start_runtime, {**one_task(), "input": [topic, {**topic, "id": "reader"}, tone]})
    error = agent.error("SendMessage", message({"text": "tea"}))
    assert error["code"] == -32602
    assert "topic, reader, tone" in error["message"]
