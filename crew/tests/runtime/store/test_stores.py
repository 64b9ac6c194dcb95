"""Both stores keep jobs alike: as they were written, each held by one runtime, changed only as their state allows."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.job.failures import MESSAGES, Failure
from crew_runtime.job.job import UNENDED, Job, JobState, PaymentTerms, Question, now
from crew_runtime.store import JobStore, StoreUnavailableError, postgres
from crew_runtime.store.postgres import PostgresJobStore
from crew_runtime.store.schema import VERSION, steps_from
from crew_runtime.store.sqlite import SqliteJobStore, lock_folder
from support.postgres import Cluster
from support.waiting import wait_for

QUESTION = Question(prompt="Which cup? ☕\0", is_draft=True, answer_by=1_795_351_685_000)
OpenStore = Callable[..., JobStore]

TERMS = PaymentTerms(
    blockchain_identifier="0b02" * 300,
    source_type="Web3CardanoV1",
    seller_vkey="0b" * 28,
    pay_by_time=1_795_351_685_000,
    submit_result_time=1_795_358_885_000,
    unlock_time=1_795_369_685_000,
    external_dispute_unlock_time=1_795_391_285_000,
    requested_funds=({"amount": "4500000", "unit": ""}, {"amount": "7", "unit": "0b" * 28}),
)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return cluster.new_database()


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores over the same jobs, each for a runtime of its own."""
    opened: list[JobStore] = []
    url = request.getfixturevalue("database") if request.param == "postgres" else None
    schema = f"agent_{uuid4().hex}"

    def start(holder: str = "one", lease_seconds: float = 30) -> JobStore:
        store: JobStore = (
            PostgresJobStore(url, schema=schema, holder=holder, lease_seconds=lease_seconds)
            if url
            else SqliteJobStore(tmp_path / "jobs.sqlite", holder=holder, lease_seconds=lease_seconds)
        )
        opened.append(store)
        return store

    yield start
    for store in opened:
        store.disconnect()


@pytest.fixture
def store(open_store: OpenStore) -> JobStore:
    return open_store()


def new_job(**changes: object) -> Job:
    return Job(input_data={"topic": "Tee ☕\0", "sizes": [1, 2.5]}, agent_identifier="ab", **changes)  # type: ignore[arg-type]


def in_state(store: JobStore, state: JobState) -> Job:
    """Bring a new job to a state by the way that a paid one takes."""
    paid = new_job(state=JobState.CREATED, identifier_from_purchaser="ab" * 7, input_hash="cd" * 32)
    job = store.add(paid)
    way: list[Callable[[], Job | None]] = [
        lambda: store.bind_payment(job.id, TERMS),
        lambda: store.fund(job.id),
        lambda: store.start(job.id),
        *([lambda: store.ask(job.id, QUESTION)] if state is JobState.AWAITING_INPUT else []),
        lambda: store.keep_result(job.id, "result ☕", "ef" * 32, "marketplace"),
        lambda: store.note_submitted(job.id),
        lambda: store.settle(job.id),
    ]
    if state is JobState.FAILED:
        way = [lambda: store.fail(job.id, Failure.CREW_FAILED)]
    for step in way:
        if job.state is state:
            break
        moved = step()
        assert moved
        job = moved
    assert job.state is state
    return job


def test_a_job_is_read_as_it_was_written_also_after_opening_anew(open_store: OpenStore) -> None:
    store = open_store()
    job = store.add(new_job(identifier_from_purchaser="p"))
    paid = in_state(store, JobState.COMPLETED)
    store.disconnect()
    again = open_store()
    assert again.get(job.id) == job
    assert again.get(paid.id) == paid
    assert (paid.payment, paid.result, paid.result_hash, paid.hash_rule) == (
        TERMS, "result ☕", "ef" * 32, "marketplace"
    )  # fmt: skip


def test_an_unknown_job_is_none(store: JobStore) -> None:
    assert (store.get("nope"), store.find("nope"), store.start("nope")) == (None, None, None)


STEPS: dict[str, tuple[Callable[[JobStore, str], Job | None], tuple[JobState, ...], JobState]] = {
    "bind_payment": (lambda store, key: store.bind_payment(key, TERMS), (JobState.CREATED,), JobState.AWAITING_PAYMENT),
    "fund": (lambda store, key: store.fund(key), (JobState.AWAITING_PAYMENT,), JobState.QUEUED),
    "start": (lambda store, key: store.start(key), (JobState.QUEUED, JobState.RUNNING), JobState.RUNNING),
    "ask": (lambda store, key: store.ask(key, QUESTION), (JobState.RUNNING,), JobState.AWAITING_INPUT),
    "put_back": (lambda store, key: store.put_back(key), (JobState.RUNNING,), JobState.QUEUED),
    "complete": (lambda store, key: store.complete(key, "r"), (JobState.RUNNING,), JobState.COMPLETED),
    "keep_result": (
        lambda store, key: store.keep_result(key, "r", "h", "mip-004"), (JobState.RUNNING,), JobState.RESULT_READY
    ),
    "note_submitted": (lambda store, key: store.note_submitted(key), (JobState.RESULT_READY,), JobState.SUBMITTED),
    "settle": (lambda store, key: store.settle(key), (JobState.SUBMITTED,), JobState.COMPLETED),
    "close": (lambda store, key: store.close(key), (JobState.SUBMITTED, JobState.COMPLETED), JobState.COMPLETED),
    "fail": (lambda store, key: store.fail(key, Failure.JOB_TIMEOUT), UNENDED, JobState.FAILED),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_taken_from_the_states_that_it_fits_and_changes_nothing_in_others(store: JobStore, step: str) -> None:
    take, fits, leads_to = STEPS[step]
    for state in JobState:
        before = in_state(store, state)
        after = take(store, before.id)
        if state in fits:
            assert after, state
            assert after.state is leads_to
            assert (after.status_id == before.status_id) == (state.status == leads_to.status)
        else:
            assert after is None, state
            assert store.get(before.id) == before


@pytest.mark.parametrize("step", STEPS)
def test_another_runtime_changes_nothing_while_the_lease_lasts(open_store: OpenStore, step: str) -> None:
    take, fits, _ = STEPS[step]
    job = in_state(open_store("one"), fits[0])
    other = open_store("two")
    assert other.claim() == 0
    assert take(other, job.id) is None
    assert other.get(job.id) == job
    assert other.held() == []


def test_a_dead_runtimes_jobs_go_to_another_and_do_not_come_back(open_store: OpenStore) -> None:
    one, two = open_store("one", 0.05), open_store("two")
    job = in_state(one, JobState.RUNNING)
    wait_for(lambda: two.claim() == 1)
    assert [held.id for held in two.held()] == [job.id]
    assert one.renew() == set()
    assert one.keep_result(job.id, "late", "h", "mip-004") is None
    assert two.start(job.id)


def test_a_renewed_lease_is_not_taken(open_store: OpenStore) -> None:
    one, two = open_store("one", 30), open_store("two")
    job = in_state(one, JobState.QUEUED)
    assert one.renew() == {job.id}
    assert two.claim(job.id) == 0


def test_a_released_job_is_taken_at_once(open_store: OpenStore) -> None:
    one, two = open_store("one"), open_store("two")
    job = in_state(one, JobState.QUEUED)
    one.release()
    assert two.claim() == 1
    assert two.start(job.id)


def test_of_many_that_claim_at_once_each_job_goes_to_one(open_store: OpenStore) -> None:
    first = open_store("first")
    jobs = {in_state(first, JobState.QUEUED).id for _ in range(20)}
    first.release()
    others = [open_store(f"other-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda store: store.claim(), others)) == len(jobs)
    held = [job.id for store in others for job in store.held()]
    assert sorted(held) == sorted(jobs)


def test_closed_jobs_are_neither_held_nor_claimed(open_store: OpenStore) -> None:
    one = open_store("one", 0.01)
    ended = one.complete(in_state(one, JobState.RUNNING).id, "r")
    failed = in_state(one, JobState.FAILED)
    settled = in_state(one, JobState.COMPLETED)
    assert ended
    assert all(job.closed_at for job in (ended, failed))
    assert [job.id for job in one.held()] == [settled.id], "a settled payment is still watched"
    assert one.close(settled.id)
    time.sleep(0.02)
    assert open_store("two").claim() == 0


def test_requests_that_mean_the_same_job_get_one(open_store: OpenStore) -> None:
    stores = [open_store(f"runtime-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda store: store.add(new_job(request_key="k", state=JobState.CREATED)), stores * 4))
    assert len({job.id for job in jobs}) == 1
    assert stores[0].find("k") == jobs[0]
    assert stores[0].count_unpaid() == 1


def test_a_job_without_a_request_key_is_always_new(store: JobStore) -> None:
    assert store.add(new_job()).id != store.add(new_job()).id


def test_adding_a_job_twice_adds_it_once(store: JobStore) -> None:
    job = new_job()
    assert store.add(job) == store.add(job) == job
    assert store.counts() == {JobState.QUEUED: 1}


def test_only_a_repeatable_failure_gives_way_to_a_new_job(store: JobStore) -> None:
    kept = store.add(new_job(request_key="kept"))
    given_up = store.add(new_job(request_key="given up"))
    store.fail(kept.id, Failure.CREW_FAILED)
    store.fail(given_up.id, Failure.PAYMENT_EXPIRED, repeatable=True)
    assert store.add(new_job(request_key="kept")).id == kept.id
    assert store.add(new_job(request_key="given up")).id != given_up.id


def test_a_failure_that_was_decided_on_in_another_state_is_not_noted(store: JobStore) -> None:
    job = in_state(store, JobState.RUNNING)
    assert store.fail(job.id, Failure.REFUND_REQUESTED, expected=JobState.QUEUED) is None
    assert store.get(job.id) == job
    assert store.fail(job.id, Failure.JOB_TIMEOUT, expected=JobState.RUNNING)


def test_attempts_are_counted_but_not_one_that_was_put_back(store: JobStore) -> None:
    job = in_state(store, JobState.RUNNING)
    assert job.attempts == 1
    assert (again := store.start(job.id))
    assert again.attempts == 2
    assert (back := store.put_back(job.id))
    assert back.attempts == 1


def test_a_question_and_its_answers_are_kept_also_after_opening_anew(open_store: OpenStore) -> None:
    store = open_store()
    asked = in_state(store, JobState.AWAITING_INPUT)
    assert (asked.question, asked.answers, asked.attempts) == (QUESTION, (), 0), "to ask is no failed attempt"
    one = store.answer(asked.id, asked.status_id, "the blue one ☕\0")
    assert one
    assert (one.state, one.question, one.answers) == (JobState.RUNNING, None, ("the blue one ☕\0",))
    again = store.ask(asked.id, QUESTION)
    assert again
    assert again.status_id not in (asked.status_id, one.status_id)
    assert store.answer(asked.id, asked.status_id, "of the first question") is None
    store.answer(asked.id, again.status_id, "")
    store.disconnect()
    kept = open_store().get(asked.id)
    assert kept
    assert kept.answers == ("the blue one ☕\0", "")


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.AWAITING_INPUT])
def test_an_answer_to_a_job_that_asks_nothing_is_not_kept(store: JobStore, state: JobState) -> None:
    job = in_state(store, state)
    assert store.answer(job.id, job.status_id, "unasked") is None
    assert store.get(job.id) == job


def test_of_many_answers_at_once_one_is_kept_whoever_holds_the_job(open_store: OpenStore) -> None:
    asked = in_state(open_store("one"), JobState.AWAITING_INPUT)
    stores = [open_store(f"runtime-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda store: store.answer(asked.id, asked.status_id, "this"), stores))
    assert len([job for job in taken if job]) == 1
    assert (found := stores[0].get(asked.id))
    assert found.answers == ("this",)
    assert stores[0].held() == []


def test_held_jobs_come_oldest_first_without_what_may_be_long(store: JobStore) -> None:
    later = store.add(new_job(created_at=now() + 1000))
    earlier = in_state(store, JobState.SUBMITTED)
    held = store.held()
    assert [job.id for job in held] == [earlier.id, later.id]
    assert {(str(job.input_data), job.result) for job in held} == {("{}", None)}
    assert held[0].payment == TERMS


def test_how_a_payment_was_seen_is_kept(store: JobStore) -> None:
    job = in_state(store, JobState.RUNNING)
    noted = store.note_payment(job.id, "RefundRequested", "WaitingForExternalAction")
    assert noted
    assert (noted.on_chain_state, noted.next_action, noted.state) == (
        "RefundRequested", "WaitingForExternalAction", JobState.RUNNING
    )  # fmt: skip


def test_an_sqlite_store_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript("BEGIN;" + _VERSION_1 + "COMMIT;")
    db.close()
    store = SqliteJobStore(path, holder="one")
    done, left = store.get("done"), store.get("left")
    assert done
    assert (done.state, done.result, done.closed_at, done.input_data) == (JobState.COMPLETED, "r", 6, {"topic": "tea"})
    assert left
    assert store.claim() == 1
    assert store.start("left")
    store.disconnect()


_VERSION_1 = (
    ";".join(steps_from(0, integer="INTEGER", options=" STRICT")[:2])
    + """; PRAGMA user_version = 1;
INSERT INTO jobs VALUES ('done', 's', 'completed', 'ab', NULL, '{"topic": "tea"}', 'r', NULL, 5, 6);
INSERT INTO jobs VALUES ('left', 't', 'running', 'ab', NULL, '{"topic": "tea"}', NULL, NULL, 5, NULL);
"""
)


def test_an_sqlite_store_of_a_newer_runtime_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(ConfigurationError, match=rf"newer runtime \(version {VERSION + 1}\)"):
        SqliteJobStore(path, holder="one")


def test_a_postgresql_store_of_the_first_version_is_brought_up_to_date_and_a_newer_one_refused(
    cluster: Cluster,
) -> None:
    url = cluster.new_database()
    cluster.run(url, "CREATE SCHEMA agent")
    for statement in steps_from(0, integer="BIGINT")[:2]:
        cluster.run(url, f"SET search_path TO agent; {statement}")
    cluster.run(url, "CREATE TABLE agent.crew_schema (version INTEGER NOT NULL)")
    cluster.run(url, "INSERT INTO agent.crew_schema VALUES (1)")
    store = PostgresJobStore(url, schema="agent", holder="one")
    in_state(store, JobState.RUNNING)
    store.disconnect()
    cluster.run(url, f"UPDATE agent.crew_schema SET version = {VERSION + 1}")
    with pytest.raises(ConfigurationError, match=rf"newer runtime \(version {VERSION + 1}\)"):
        PostgresJobStore(url, schema="agent", holder="one")


def test_agents_that_share_a_database_do_not_see_each_others_jobs(cluster: Cluster) -> None:
    url = cluster.new_database()
    one = PostgresJobStore(url, schema="masumi_preprod_one", holder="one", lease_seconds=0.01)
    job = in_state(one, JobState.QUEUED)
    other = PostgresJobStore(url, schema="masumi_preprod_other", holder="other")
    assert other.get(job.id) is None
    assert other.claim() == 0
    for store in (one, other):
        store.disconnect()


def test_two_runtimes_may_make_the_table_at_once(cluster: Cluster) -> None:
    url = cluster.new_database()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda name: PostgresJobStore(url, schema="agent", holder=name), ["a", "b", "c", "d"]))
    assert [store.renew() for store in stores] == [set()] * 4
    for store in stores:
        store.disconnect()


def test_a_lost_connection_to_postgresql_is_made_anew(cluster: Cluster) -> None:
    url = cluster.new_database()
    store = PostgresJobStore(url, schema="agent", holder="one")
    job = in_state(store, JobState.QUEUED)
    cluster.cut_all_connections(url)
    assert store.start(job.id)
    store.disconnect()


@pytest.mark.parametrize("rest_seconds", [3600, 0])
def test_a_postgresql_that_was_found_dead_is_asked_again_after_a_rest(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, rest_seconds: float
) -> None:
    monkeypatch.setattr(postgres, "_REST_SECONDS", rest_seconds)
    url = cluster.new_database()
    store = PostgresJobStore(url, schema="agent", holder="one")
    job = in_state(store, JobState.QUEUED)
    cluster.refuse_connections(url)
    with pytest.raises(StoreUnavailableError):
        store.get(job.id)
    cluster.refuse_connections(url, refuse=False)
    if rest_seconds:
        with pytest.raises(StoreUnavailableError):
            store.get(job.id)
    else:
        assert store.get(job.id)
        cluster.cut_all_connections(url)
        assert store.get(job.id), "as if nothing had been"
    store.disconnect()


def test_a_postgresql_that_falls_silent_keeps_one_thread_waiting_and_no_other(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_WAIT_SECONDS", 0.05)
    url = cluster.new_database()
    store = PostgresJobStore(url, schema="agent", holder="one")
    job = in_state(store, JobState.QUEUED)
    backend = cluster.backend_of(url)
    os.kill(backend, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(store.get, job.id) for _ in range(8)]
            wait_for(lambda: sum(one.done() for one in asked) == 7)
            monkeypatch.setattr(postgres, "_WAIT_SECONDS", 3600)
            for _ in range(20):
                with pytest.raises(StoreUnavailableError):
                    store.get(job.id)
            os.kill(backend, signal.SIGCONT)
            wait_for(lambda: all(one.done() for one in asked))
    finally:
        os.kill(backend, signal.SIGCONT)
    assert sorted(type(one.exception()).__name__ for one in asked) == ["NoneType", *["StoreUnavailableError"] * 7]
    assert store.get(job.id), "it answers again"
    store.disconnect()


def test_a_postgresql_that_is_frozen_lets_the_thread_go_that_waits_for_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_ANSWERED_WITHIN_SECONDS", 1)
    monkeypatch.setattr(postgres, "_REST_SECONDS", 0)
    url = cluster.new_database()
    store = PostgresJobStore(url, schema="agent", holder="one")
    job = in_state(store, JobState.QUEUED)
    with cluster.frozen(url):
        for _ in range(2):  # on the connection that there is, and on none
            with pytest.raises(StoreUnavailableError):
                store.get(job.id)
    monkeypatch.undo()
    assert store.get(job.id), "it answers again"
    store.disconnect()


def test_a_connection_of_which_nothing_comes_any_more_is_made_anew(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_ANSWERED_WITHIN_SECONDS", 3)
    url = cluster.new_database()
    store = PostgresJobStore(url, schema="agent", holder="one")
    job = in_state(store, JobState.QUEUED)
    backend = cluster.backend_of(url)
    os.kill(backend, signal.SIGSTOP)
    try:
        assert store.get(job.id)
    finally:
        os.kill(backend, signal.SIGCONT)
    store.disconnect()


@pytest.mark.parametrize("url", ["postgresql://crew@127.0.0.1:1/none", "nonsense"])
def test_a_database_that_cannot_be_used_is_named_with_the_remedy(url: str) -> None:
    with pytest.raises(ConfigurationError, match="Set DATABASE_URL to a PostgreSQL database") as caught:
        PostgresJobStore(url, schema="agent", holder="one")
    assert url not in str(caught.value)


def test_an_sqlite_store_is_for_its_user_alone_also_one_of_an_older_runtime(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.touch(mode=0o644)
    store = SqliteJobStore(path, holder="one")
    store.add(new_job())
    files = sorted(tmp_path.glob("jobs.sqlite*"))
    assert len(files) == 3, "with its write-ahead log, and what belongs to that"
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    store.disconnect()


def test_a_folder_has_one_runtime_at_a_time(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path)
    with pytest.raises(ConfigurationError, match="in use by another runtime"):
        lock_folder(tmp_path)
    lock.close()
    lock_folder(tmp_path).close()


def test_every_failure_has_a_message_that_says_what_to_do() -> None:
    assert set(MESSAGES) == set(Failure)
    assert all(message.count(".") >= 2 for message in MESSAGES.values())
