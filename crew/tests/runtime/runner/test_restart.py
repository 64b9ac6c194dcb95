"""What becomes of jobs when the runtime ends, gently or not."""

import os
from pathlib import Path

from conftest import StartRuntime
from crew_runtime.job.job import Job
from crew_runtime.store.sqlite import SqliteJobStore
from support.declarations import one_task
from support.model import StubModel
from support.runtime import PATIENCE_SECONDS, Runtime
from support.waiting import wait_for


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and ") Z " in stat.read_text())


def wait_until_asked(model: StubModel, words: str) -> None:
    wait_for(lambda: any(words in str(request["body"]) for request in model.requests))


def test_after_kill_9_a_job_is_run_again_and_what_was_done_stays(start_runtime: StartRuntime, model: StubModel) -> None:
    first = start_runtime()
    first.identify()
    done = first.start_job("MARKER-done")
    completed = first.ended(done)
    running = first.start_job("MARKER-killed never answer")
    wait_until_asked(model, "MARKER-killed")
    (worker,) = [int(path.name) for path in Path("/proc").glob("[0-9]*") if works_in(path, first)]
    first.process.kill()
    wait_for(lambda: not alive(worker))  # a job's process ends with the runtime
    first.exit_code()

    second = start_runtime()
    assert second.status(running)["status"] == "running"
    assert second.status(done) == completed
    assert second.wait_for_event("jobs_taken_over")["jobs"] == 1
    assert second.wait_for_event("job_started")["attempt"] == 2
    model.released.set()
    assert second.ended(running)["status"] == "completed"
    model.released.clear()
    assert list((second.data / "work").glob("*-*")) == []


def works_in(process: Path, runtime: Runtime) -> bool:
    try:
        return (process / "cwd").resolve().is_relative_to(runtime.data / "work")
    except OSError:
        return False


def test_sigterm_gives_running_jobs_a_grace_and_begins_no_more(start_runtime: StartRuntime, model: StubModel) -> None:
    first = start_runtime(one_task(), MAX_PARALLEL="1", SHUTDOWN_GRACE=str(PATIENCE_SECONDS))
    first.identify()
    slow = first.start_job("MARKER-slow answer slowly")
    waiting = first.start_job("MARKER-waiting")
    wait_until_asked(model, "MARKER-slow")
    assert first.stop() == 0
    assert not any("MARKER-waiting" in str(request["body"]) for request in model.requests)

    second = start_runtime(one_task())
    assert second.status(slow)["result"] == "Stub result MARKER-slow"
    assert second.ended(waiting)["result"] == "Stub result MARKER-waiting"


def test_what_takes_longer_than_the_grace_is_left_to_the_next_runtime(
    start_runtime: StartRuntime, model: StubModel
) -> None:
    first = start_runtime(one_task(), SHUTDOWN_GRACE="0.1")
    first.identify()
    hanging = first.start_job("MARKER-hanging never answer")
    wait_until_asked(model, "MARKER-hanging")
    assert first.stop() == 0

    second = start_runtime(one_task())
    model.released.set()
    assert second.ended(hanging)["status"] == "completed"
    assert {event["attempt"] for event in second.events if event["event"] == "job_started"} == {1}


def test_jobs_that_cannot_be_run_again_fail_and_say_why(start_runtime: StartRuntime, tmp_path: Path) -> None:
    left = {
        "JOB_INTERRUPTED": Job(input_data={"topic": "tea"}, agent_identifier="ab"),
        "INPUT_OUTDATED": Job(input_data={"subject": "tea"}, agent_identifier="ab"),
    }
    store = SqliteJobStore(tmp_path / "jobs.sqlite", holder="gone")
    for job in left.values():
        store.add(job)
    for _ in range(3):
        store.start(left["JOB_INTERRUPTED"].id)
    store.disconnect()
    runtime = start_runtime(one_task(), DATA_DIR=str(tmp_path))
    assert {runtime.ended(job.id)["error"] for job in left.values()} == left.keys()
