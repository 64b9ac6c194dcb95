"""Jobs from start to end on CrewAI itself, with a stub for the model only."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import StartRuntime
from crew_runtime.job.job import reference_of
from support.declarations import one_task
from support.marketplace import Status
from support.model import StubModel
from support.runtime import SENTINEL_KEY, Runtime


def test_a_job_runs_all_tasks_and_returns_the_last_result(runtime: Runtime, shared_model: StubModel) -> None:
    ended = runtime.ended(runtime.start_job("MARKER-tasks"))
    assert (ended["status"], ended["result"]) == ("completed", "Stub result MARKER-tasks")
    asked = [request for request in shared_model.requests if "MARKER-tasks" in str(request)]
    assert len(asked) == 2
    assert {request["path"] for request in asked} == {"/v1/chat/completions"}
    assert {request["key"] for request in asked} == {f"Bearer {SENTINEL_KEY}"}
    first, second = (request["body"] for request in asked)
    assert (first["model"], first["temperature"]) == ("stub-model", 0.2)
    assert "Find what matters in MARKER-tasks" in str(first["messages"])
    assert "Stub result MARKER-tasks" in str(second["messages"]), "the second task reads the first one's result"
    assert "You write in a plain tone" in str(second["messages"]), "an input left out has its default"


def test_a_status_id_stays_as_long_as_the_status_does(runtime: Runtime, shared_model: StubModel) -> None:
    job_id = runtime.start_job("MARKER-status never answer")
    running = [runtime.status(job_id) for _ in range(3)]
    shared_model.released.set()
    ended = runtime.ended(job_id)
    shared_model.released.clear()
    assert {status["id"] for status in running} == {running[0]["id"]}
    assert ended["id"] != running[0]["id"]
    assert runtime.status(job_id) == ended


def test_ten_jobs_side_by_side_never_mix_their_inputs(runtime: Runtime, shared_model: StubModel) -> None:
    markers = [f"MARKER-{number}of10" for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        results = dict(
            zip(markers, pool.map(lambda marker: runtime.ended(runtime.start_job(marker)), markers), strict=True)
        )
    assert {marker: ended.get("result") for marker, ended in results.items()} == {
        marker: f"Stub result {marker}" for marker in markers
    }
    prompts = [str(request["body"]) for request in shared_model.requests]
    assert all(sum(marker in prompt for marker in markers) <= 1 for prompt in prompts)


@pytest.mark.parametrize(
    ("words", "failure", "detail"),
    [
        ("answer with status 500", "MODEL_UNAVAILABLE", "openai.InternalServerError 500"),
        ("answer with status 401", "MODEL_REFUSED", "openai.AuthenticationError 401"),
        ("answer with status 404", "MODEL_REFUSED", "openai.NotFoundError 404"),
        ("answer with nothing", "EMPTY_RESULT", ""),
    ],
)
def test_a_broken_model_fails_the_job_with_a_message_that_quotes_nobody(
    runtime: Runtime, words: str, failure: str, detail: str
) -> None:
    job_id = runtime.start_job(f"MARKER-private {words}")
    ended = runtime.ended(job_id)
    Status.model_validate(ended)
    assert (ended["status"], ended["error"]) == ("failed", failure)
    assert ended["message"].endswith(".")
    assert "MARKER-private" not in str(ended)
    assert SENTINEL_KEY not in str(ended)
    logged = [event for event in runtime.events if event.get("job") == reference_of(job_id)]
    assert [event["event"] for event in logged] == ["job_accepted", "job_started", "job_failed"]
    assert (logged[2]["failure"], logged[2]["detail"]) == (failure, detail)
    if status := detail.partition(" ")[2]:
        assert logged[2]["model_url"].endswith("/v1/chat/completions")
        assert logged[2]["model_status"] == int(status)
        assert logged[2]["model_message"].startswith("no luck with Bearer *** and")


def test_a_full_queue_refuses_jobs_and_has_room_again(start_runtime: StartRuntime, model: StubModel) -> None:
    guarded = one_task(guardrail="The text names its source.")  # judged by a second call of the model
    limited = start_runtime(guarded, MAX_PARALLEL="1", MAX_QUEUE="1", JOB_MODEL_CALLS="1")
    limited.identify()

    hanging = limited.start_job("never answer")
    waiting = limited.start_job("MARKER-second")
    refused = limited.http.post("/start_job", json={"input_data": {"topic": "third"}})
    assert (refused.status_code, refused.json()["error"]) == (503, "QUEUE_FULL")
    assert int(refused.headers["Retry-After"]) > 0

    model.released.set()
    assert limited.ended(hanging)["error"] == "MODEL_BUDGET_SPENT"
    assert limited.ended(waiting)["error"] == "MODEL_BUDGET_SPENT"
    assert limited.ended(limited.start_job("tea"))["error"] == "MODEL_BUDGET_SPENT", "there is room again"


def test_a_job_that_takes_too_long_is_ended(start_runtime: StartRuntime) -> None:
    limited = start_runtime(one_task(), JOB_TIMEOUT="5")
    limited.identify()
    assert limited.ended(limited.start_job("never answer"))["error"] == "JOB_TIMEOUT"
    (failed,) = [event for event in limited.events if event["event"] == "job_failed"]
    assert failed["task"] == "research", "the operator is told what was under way"


def test_the_key_and_what_customers_say_are_neither_logged_nor_kept_in_files(runtime: Runtime) -> None:
    runtime.ended(runtime.start_job("MARKER-secret"))
    runtime.ended(runtime.start_job("MARKER-secret answer with status 500"))
    files = {path: path.read_bytes() for path in runtime.data.rglob("*") if path.is_file()}
    assert not [path for path, content in files.items() if SENTINEL_KEY.encode() in content]
    with_input = {path.name for path, content in files.items() if b"MARKER-secret" in content}
    assert with_input <= {"jobs.sqlite", "jobs.sqlite-wal"}, "the job store alone knows inputs and results"
    assert list((runtime.data / "work").iterdir()) == [], "nothing of a job is left beside the store"
    assert SENTINEL_KEY not in runtime.output
    assert "MARKER-secret" not in runtime.output


def test_every_line_of_the_log_is_json_with_time_level_event_and_agent(runtime: Runtime) -> None:
    runtime.ended(runtime.start_job("tea"))
    assert runtime.events
    assert all({"time", "level", "event", "agent", "instance"} <= event.keys() for event in runtime.events)


def test_an_agent_with_a_price_that_cannot_take_payments_says_so(start_runtime: StartRuntime) -> None:
    priced = {"type": "fixed", "prices": [{"amount": "5000000", "unit": "", "human": "5 ADA"}]}
    runtime = start_runtime(one_task() | {"pricing": priced, "exampleOutputs": []})
    runtime.identify()
    runtime.wait_until_ready()
    answer = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}})
    assert (answer.status_code, answer.json()["error"]) == (503, "PAYMENTS_NOT_CONFIGURED")
    assert runtime.http.get("/availability").json()["status"] == "unavailable"
    assert runtime.http.get("/demo").json()["error"] == "NO_DEMO"
