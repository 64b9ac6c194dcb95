"""What becomes of jobs when the runtime ends, gently or not."""

import os
import time
from pathlib import Path

from conftest import StartRuntime
from support.declarations import one_task
from support.model import StubModel
from support.runtime import PATIENCE_SECONDS, Runtime


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and ") Z " in stat.read_text())


def wait_until_asked(model: StubModel, words: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(words in str(request["body"]) for request in model.requests):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_after_kill_9_a_job_is_failed_with_its_reason_and_never_unknown(
    start_runtime: StartRuntime, model: StubModel
) -> None:
    first = start_runtime()
    first.identify()
    done = first.start_job("MARKER-done")
    completed = first.ended(done)
    running = first.start_job("MARKER-killed never answer")
    wait_until_asked(model, "MARKER-killed")
    (worker,) = [int(path.name) for path in Path("/proc").glob("[0-9]*") if works_in(path, first)]
    first.process.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while alive(worker):
        assert time.monotonic() < deadline, "a job's process ends with the runtime"
        time.sleep(0.02)
    first.exit_code()

    second = start_runtime()
    ended = second.status(running)
    assert (ended["status"], ended["error"]) == ("failed", "JOB_INTERRUPTED")
    assert second.status(done) == completed
    assert second.wait_for_event("jobs_interrupted")["jobs"] == 1
    assert list((second.data / "work").glob("*-*")) == []


def works_in(process: Path, runtime: Runtime) -> bool:
    try:
        return (process / "cwd").resolve().is_relative_to(runtime.data / "work")
    except OSError:
        return False


def test_sigterm_gives_running_jobs_a_grace_and_ends_what_takes_longer(
    start_runtime: StartRuntime, model: StubModel
) -> None:
    first = start_runtime(one_task(), MAX_PARALLEL="2", SHUTDOWN_GRACE="3")
    first.identify()
    hanging = first.start_job("MARKER-hanging never answer")
    slow = first.start_job("MARKER-slow answer slowly")
    waiting = first.start_job("MARKER-waiting")
    wait_until_asked(model, "MARKER-hanging")
    wait_until_asked(model, "MARKER-slow")
    assert first.stop() == 0

    second = start_runtime()
    assert second.status(slow)["result"] == "Stub result MARKER-slow"
    assert [second.status(job_id)["error"] for job_id in (hanging, waiting)] == ["JOB_INTERRUPTED", "JOB_INTERRUPTED"]
    assert not any("MARKER-waiting" in str(request["body"]) for request in model.requests)
