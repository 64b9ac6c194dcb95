"""Jobs are kept as they were written, and a final state stays."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crew_runtime.sqlite_store import SqliteJobStore

from crew_runtime.configuration import ConfigurationError
from crew_runtime.failures import MESSAGES, Failure
from crew_runtime.jobs import Job, JobState


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteJobStore]:
    opened = SqliteJobStore(tmp_path / "jobs.sqlite")
    yield opened
    opened.close()


def new_job(**changes: object) -> Job:
    return Job(input_data={"topic": "Tee ☕", "sizes": [1, 2.5]}, agent_identifier="ab", **changes)  # type: ignore[arg-type]


def test_a_job_is_read_as_it_was_written_also_after_opening_anew(tmp_path: Path, store: SqliteJobStore) -> None:
    job = new_job(identifier_from_purchaser="p")
    store.add(job)
    assert store.get(job.id) == job
    store.close()
    again = SqliteJobStore(tmp_path / "jobs.sqlite")
    assert again.get(job.id) == job
    again.close()


def test_an_unknown_job_is_none(store: SqliteJobStore) -> None:
    assert store.get("nope") is None


def test_waiting_and_running_are_one_status(store: SqliteJobStore) -> None:
    job = new_job()
    store.add(job)
    store.start(job.id)
    started = store.get(job.id)
    assert started
    assert (started.state, started.state.status, started.status_id) == (JobState.RUNNING, "running", job.status_id)


Change = Callable[[SqliteJobStore, str], object]
COMPLETE: Change = lambda store, job_id: store.complete(job_id, "result")  # noqa: E731 - rows of the table below
FAIL: Change = lambda store, job_id: store.fail(job_id, Failure.CREW_FAILED)  # noqa: E731
FAIL_OPEN: Change = lambda store, _: store.fail_open(Failure.JOB_INTERRUPTED)  # noqa: E731
START: Change = lambda store, job_id: store.start(job_id)  # noqa: E731


@pytest.mark.parametrize(
    ("final", "state", "result", "failure"),
    [
        (COMPLETE, JobState.COMPLETED, "result", None),
        (FAIL, JobState.FAILED, None, Failure.CREW_FAILED),
        (FAIL_OPEN, JobState.FAILED, None, Failure.JOB_INTERRUPTED),
    ],
    ids=["completed", "failed", "interrupted"],
)
@pytest.mark.parametrize("later", [COMPLETE, FAIL, FAIL_OPEN, START], ids=["complete", "fail", "fail_open", "start"])
def test_a_final_state_has_an_id_of_its_own_and_stays(
    store: SqliteJobStore, final: Change, later: Change, state: JobState, result: str | None, failure: Failure | None
) -> None:
    job = new_job()
    store.add(job)
    final(store, job.id)
    ended = store.get(job.id)
    assert ended
    assert (ended.state, ended.result, ended.failure) == (state, result, failure)
    assert ended.status_id != job.status_id
    assert ended.finished_at
    later(store, job.id)
    assert store.get(job.id) == ended


def test_open_jobs_are_failed_and_counted(store: SqliteJobStore) -> None:
    jobs = [new_job() for _ in range(4)]
    for job in jobs:
        store.add(job)
    store.start(jobs[1].id)
    store.complete(jobs[2].id, "result")
    assert store.fail_open(Failure.JOB_INTERRUPTED) == 3
    ids = [found.status_id for job in jobs if (found := store.get(job.id))]
    assert len(set(ids)) == 4


def test_a_store_of_a_newer_runtime_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(ConfigurationError, match=r"newer runtime \(version 2\)"):
        SqliteJobStore(path)


def test_every_failure_has_a_message_that_says_what_to_do() -> None:
    assert set(MESSAGES) == set(Failure)
    assert all(message.count(".") >= 2 for message in MESSAGES.values())
