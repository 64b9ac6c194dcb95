"""Crews ask their customers over /status and /provide_input, and get what they answer, also after a kill."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from conftest import StartRuntime
from crew_runtime.job.job import now
from support.asking import asks_twice, lay_code
from support.declarations import one_task
from support.marketplace import ProvidedInput, Status
from support.model import StubModel
from support.runtime import OWN, SHARED, Runtime
from support.waiting import wait_for


@pytest.fixture
def start_asking(start_runtime: StartRuntime, tmp_path_factory: pytest.TempPathFactory) -> StartRuntime:
    """Starts the agent with the crew.py again and again, in the same folder."""
    folder = tmp_path_factory.mktemp("asks")
    lay_code(folder / "agent")

    def start(*, fork_server: str = SHARED, **environment: str) -> Runtime:
        runtime = start_runtime(asks_twice(), folder=folder, fork_server=fork_server, **environment)
        runtime.identify()
        return runtime

    return start


@pytest.fixture(scope="module")
def asking(shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """An agent with one place for jobs, whose task shows its draft; shared by the tests that leave it as it is."""
    draft = one_task("Draft {topic}.", human_input=True)
    started = Runtime(
        tmp_path_factory.mktemp("asking"),
        draft,
        shared_model.url,
        MAX_PARALLEL="1",
        INTERNAL_PORT="0",
        ASK_TIMEOUT="600",
    )
    started.identify()
    yield started
    started.stop()


def question_of(status: dict[str, Any]) -> str:
    schema = Status.model_validate(status).input_schema
    assert schema
    (field,) = schema.input_data
    assert (field.id, field.type) == ("answer", "textarea")
    assert field.data
    return str(field.data["description"])


def test_a_job_shows_its_draft_and_goes_on_with_what_the_customer_says(asking: Runtime) -> None:
    job_id = asking.start_job("MARKER-draft")
    first = asking.asked(job_id)
    assert question_of(first) == "Stub result MARKER-draft"
    assert 0 < asking.wait_for_event("input_awaited")["answer_by"] - now() <= 600_000
    assert asking.status(job_id) == first, "the status id stays as long as the question is open"

    answer = asking.provide(job_id, {"answer": "Add MARKER-wish"}, status_id=first["id"])
    assert answer.status_code == 200, answer.text
    assert ProvidedInput.model_validate(answer.json()).signature == ""
    assert answer.json()["input_hash"] == sha256(b';{"answer":"Add MARKER-wish"}').hexdigest()

    wait_for(lambda: asking.status(job_id)["status"] != "running")
    second = asking.status(job_id)
    assert second["id"] != first["id"]
    assert question_of(second) == "Stub result MARKER-draft MARKER-wish"
    assert asking.provide(job_id, {}).status_code == 200, "nothing said takes the draft as it is"
    ended = asking.ended(job_id)
    assert (ended["status"], ended["result"]) == ("completed", "Stub result MARKER-draft MARKER-wish")
    assert "input_schema" not in ended
    assert "MARKER-wish" not in asking.output


def test_the_hash_of_an_answer_is_the_purchasers_by_mip_004(asking: Runtime) -> None:
    asking.wait_until_ready()
    body = {"identifier_from_purchaser": "résumé-1", "input_data": {"topic": "tea"}}
    job_id = asking.http.post("/start_job", json=body).json()["id"]
    asking.asked(job_id)
    answer = asking.provide(job_id, {"answer": ""}).json()
    assert answer["input_hash"] == sha256('résumé-1;{"answer":""}'.encode()).hexdigest()
    assert asking.ended(job_id)["status"] == "completed"


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("another status", {"status_id": "another", "input_data": {}}, "STATUS_OUTDATED", "status_id"),
    ("a status that is no text", {"status_id": 7, "input_data": {}}, "STATUS_OUTDATED", "status_id"),
    ("another schema", {"input_schema_hash": "0" * 64, "input_data": {}}, "STATUS_OUTDATED", "input_schema_hash"),
    ("no input", {}, "INPUT_INVALID", "input_data: must be an object"),
    ("a list", {"input_data": ["yes"]}, "INPUT_INVALID", "input_data: must be an object"),
    ("groups", {"input_groups": {"a": {"answer": "yes"}}}, "INPUT_INVALID", "input_data: must be an object"),
    ("no text", {"input_data": {"answer": 7}}, "INPUT_INVALID", "answer: must be a text"),
    ("too long a text", {"input_data": {"answer": "x" * 100_001}}, "INPUT_INVALID", "at most 100000 characters"),
    ("another field", {"input_data": {"answer": "yes", "more": 1}}, "INPUT_INVALID", "more: is not a field"),
]


def test_answers_that_do_not_fit_are_refused_with_the_reason_and_leave_the_question_open(asking: Runtime) -> None:
    job_id = asking.start_job("MARKER-open")
    status = asking.asked(job_id)
    for name, body, code, words in WRONG:
        answer = asking.http.post("/provide_input", json={"job_id": job_id, **body})
        assert (answer.status_code, answer.json()["error"]) == (400, code), name
        assert words in answer.text, name
    assert asking.status(job_id) == status
    schema_hash = sha256(rfc8785.dumps(status["input_schema"])).hexdigest()
    assert asking.provide(job_id, {"answer": None}, input_schema_hash=schema_hash).status_code == 200
    assert asking.ended(job_id)["status"] == "completed"
    again = asking.provide(job_id, {}, status_id=status["id"])
    assert (again.status_code, again.json()["error"]) == (400, "INPUT_NOT_AWAITED")


def test_jobs_that_wait_for_their_customers_leave_the_place_to_others(asking: Runtime, shared_model: StubModel) -> None:
    jobs = {marker: asking.start_job(marker) for marker in ("MARKER-waits1", "MARKER-waits2", "MARKER-waits3")}
    for job_id in jobs.values():
        asking.asked(job_id)
    with asking.internal as internal:
        lines = internal.get("/metrics").text.splitlines()
    assert {"crew_jobs_asking 3", "crew_jobs_running 0", "crew_jobs_waiting 0"} <= set(lines)
    for marker, job_id in jobs.items():
        assert asking.provide(job_id, {"answer": f"Add {marker}plus"}).status_code == 200
    for marker, job_id in jobs.items():
        assert question_of(asking.asked(job_id)) == f"Stub result {marker} {marker}plus"
        assert asking.provide(job_id, {}).status_code == 200
    for marker, job_id in jobs.items():
        assert asking.ended(job_id)["result"] == f"Stub result {marker} {marker}plus"
    prompts = [json.dumps(request["body"]) for request in shared_model.requests]
    assert all(sum(marker in prompt for marker in jobs) <= 1 for prompt in prompts)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_after_a_kill_the_question_is_still_open_and_answers_are_not_asked_for_again(
    start_asking: StartRuntime, request: pytest.FixtureRequest, kind: str
) -> None:
    variables = {"LEASE_SECONDS": "6"}
    if kind == "postgres":
        variables["DATABASE_URL"] = request.getfixturevalue("cluster").new_database()
    first = start_asking(**variables)
    job_id, other = first.start_job("tea"), first.start_job("coffee")
    assert question_of(first.asked(job_id)) == "Which colour?"
    assert first.provide(job_id, {"answer": "blue"}).status_code == 200
    wait_for(lambda: first.status(job_id)["status"] == "awaiting_input")
    status, unanswered = first.status(job_id), first.asked(other)
    assert question_of(status) == "Which size in blue?"
    first.kill()

    second = start_asking(
        fork_server=OWN if kind == "sqlite" else SHARED, **variables
    )  # which then takes its seconds to load
    assert (second.status(job_id), second.status(other)) == (status, unanswered), "also before the crew is loaded"
    assert second.provide(job_id, {"answer": "large"}, status_id=status["id"]).status_code == 200
    assert second.provide(other, {"answer": "green"}, status_id=unanswered["id"]).status_code == 200
    ended = second.ended(job_id)
    assert (ended["status"], ended["result"]) == ("completed", "Stub result MARKER-blue MARKER-large")
    assert question_of(second.asked(other)) == "Which size in green?"
    assert second.provide(other, {"answer": "small"}).status_code == 200
    assert second.ended(other)["result"] == "Stub result MARKER-green MARKER-small"
