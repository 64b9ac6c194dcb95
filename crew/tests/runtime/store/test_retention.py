"""What customers entered and got is erased in time, on both stores, and is then nowhere in an SQLite store's files."""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from conftest import StartRuntime
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, Question, now
from crew_runtime.store import JobStore, Retention
from crew_runtime.store.postgres import PostgresJobStore
from crew_runtime.store.schema import steps_from
from crew_runtime.store.sqlite import SqliteJobStore
from support.declarations import one_task
from support.paid import environment, paid
from support.postgres import Cluster
from support.sandbox import Sandbox
from support.waiting import wait_for

KEEP_DAYS = 30
DAY = 86_400_000
INPUT, ANSWER, RESULT, NAME = "MARKER-entered", "MARKER-answered", "MARKER-result", "MARKER-purchaser"
QUESTION = Question(prompt="MARKER-asked", answer_by=0)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobStore]:
    opened: JobStore = (
        SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
        if request.param == "sqlite"
        else PostgresJobStore(request.getfixturevalue("database"), schema=f"agent_{uuid4().hex}", holder="one")
    )
    yield opened
    opened.disconnect()


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return cluster.new_database()


def terms(*, disputable_days: float = 1) -> PaymentTerms:
    return PaymentTerms(
        blockchain_identifier=secrets.token_hex(), source_type="Web3CardanoV1", seller_vkey="0b" * 28,
        pay_by_time=now(), submit_result_time=now(), unlock_time=now(),
        external_dispute_unlock_time=now() + int(disputable_days * DAY),
    )  # fmt: skip


def asked_and_answered(store: JobStore, *, payment: PaymentTerms | None = None, filler: str = "") -> Job:
    """A running job whose customer has entered, answered and paid."""
    job = store.add(
        Job(
            input_data={"topic": f"{INPUT} {filler}"}, agent_identifier="ab", identifier_from_purchaser=NAME,
            input_hash="cd" * 32, request_key=secrets.token_hex(), secret_hash="ef" * 32,
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            state=JobState.CREATED if payment else JobState.QUEUED,
        )
    )  # fmt: skip
    if payment:
        store.bind_payment(job.id, payment)
        store.fund(job.id)
    store.start(job.id)
    asked = store.ask(job.id, QUESTION)
    assert asked
    answered = store.answer(job.id, asked.status_id, f"{ANSWER} {filler}")
    assert answered
    return answered


def completed(store: JobStore, *, payment: PaymentTerms | None = None, filler: str = "") -> Job:
    job = asked_and_answered(store, payment=payment, filler=filler)
    if payment is None:
        store.complete(job.id, f"{RESULT} {filler}")
    else:
        store.keep_result(job.id, f"{RESULT} {filler}", "ef" * 32, "marketplace")
        store.note_submitted(job.id)
        store.settle(job.id)
    return found(store, job)


def found(store: JobStore, job: Job) -> Job:
    there = store.get(job.id)
    assert there
    return there


def after(store: JobStore, days: float) -> None:
    """Let so many days pass, and erase."""
    retention = Retention(store=store, keep_days=KEEP_DAYS, clock=lambda: now() + int(days * DAY))
    asyncio.run(retention.round())


def knows_what_was_entered(job: Job) -> bool:
    return bool(job.input_data or job.answers or job.question)


def test_a_free_job_loses_its_input_when_it_ends_and_its_result_after_the_days_that_it_is_kept(store: JobStore) -> None:
    job = completed(store)
    after(store, 0)
    ended = found(store, job)
    assert not knows_what_was_entered(ended)
    assert (ended.result, ended.erased_at) == (f"{RESULT} ", None)
    after(store, KEEP_DAYS - 0.1)
    assert found(store, job) == ended
    after(store, KEEP_DAYS + 0.1)
    shell = found(store, job)
    assert shell.erased_at
    assert shell == replace(
        ended, erased_at=shell.erased_at, result=None, identifier_from_purchaser=None, input_hash=None,
        request_key=None, secret_hash=None, traceparent=None,
    )  # fmt: skip
    after(store, KEEP_DAYS + 99)
    assert found(store, job) == shell


def test_the_report_of_a_failure_is_erased_with_what_else_is_the_customers(store: JobStore) -> None:
    report = {"exception": "builtins.ValueError: MARKER-entered", "at": "crew.py:1", "model_answers": ["MARKER-result"]}
    payment = terms()
    job = asked_and_answered(store, payment=payment)
    store.fail(job.id, Failure.CREW_FAILED, report=report)
    assert found(store, job).failure_report == report
    assert [held.failure_report for held in store.held()] == []
    after(store, KEEP_DAYS - 0.1)
    assert found(store, job).failure_report == report
    after(store, KEEP_DAYS + 1.1)
    shell = found(store, job)
    assert (shell.failure, shell.failure_report) == (Failure.CREW_FAILED, None)


def test_a_paid_job_keeps_its_input_as_long_as_its_payment_can_be_disputed(store: JobStore) -> None:
    job = completed(store, payment=terms(disputable_days=3))
    store.note_payment(job.id, "ResultSubmitted", "None")
    after(store, 2)
    assert knows_what_was_entered(found(store, job)), "it is watched yet"
    store.close(job.id)
    after(store, 2)
    assert knows_what_was_entered(found(store, job)), "somebody may dispute it yet"
    after(store, 4)
    assert not knows_what_was_entered(found(store, job))


@pytest.mark.parametrize("state", ["Withdrawn", "RefundWithdrawn", "DisputedWithdrawn"])
def test_a_paid_job_loses_its_input_as_soon_as_its_funds_have_left_the_contract(store: JobStore, state: str) -> None:
    job = completed(store, payment=terms())
    store.note_payment(job.id, state, "None")
    store.close(job.id)
    after(store, 0)
    assert not knows_what_was_entered(found(store, job))
    assert found(store, job).result


def test_a_paid_job_that_failed_keeps_its_input_until_its_refund_is_over(store: JobStore) -> None:
    job = asked_and_answered(store, payment=terms(disputable_days=1))
    store.fail(job.id, Failure.JOB_TIMEOUT)
    after(store, 0.5)
    assert knows_what_was_entered(found(store, job))
    after(store, 1.5)
    assert not knows_what_was_entered(found(store, job))
    after(store, KEEP_DAYS + 1)
    assert found(store, job).failure is Failure.JOB_TIMEOUT


def test_nothing_of_a_job_that_goes_on_is_erased(store: JobStore) -> None:
    jobs = [asked_and_answered(store), asked_and_answered(store, payment=terms(disputable_days=2 * KEEP_DAYS))]
    after(store, KEEP_DAYS + 1)
    assert [found(store, job) for job in jobs] == jobs


@pytest.mark.parametrize("failure", [Failure.PAYMENT_EXPIRED, Failure.PAYMENT_NOT_MADE, Failure.GAVE_WAY])
def test_nothing_is_left_of_a_job_that_nobody_paid_for(store: JobStore, failure: Failure) -> None:
    job = store.add(Job(input_data={"topic": INPUT}, agent_identifier="ab", state=JobState.CREATED))
    if failure is not Failure.PAYMENT_NOT_MADE:
        store.bind_payment(job.id, terms(disputable_days=KEEP_DAYS / 2))
    store.fail(job.id, failure, repeatable=True)
    after(store, 0)
    assert found(store, job).input_data == {}
    after(store, KEEP_DAYS + 0.1)
    assert store.get(job.id) is None


def test_many_jobs_are_erased_in_one_round(store: JobStore) -> None:
    jobs = [completed(store) for _ in range(230)]
    after(store, KEEP_DAYS + 1)
    assert all(found(store, job).erased_at for job in jobs)


FILLERS: list[Callable[[int], str]] = [lambda _: "", lambda n: "x" * 37 * n, lambda n: "long " * 9000 + str(n)]


def test_what_was_erased_is_nowhere_in_the_files_of_an_sqlite_store(tmp_path: Path) -> None:
    store = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    goes_on = asked_and_answered(store)
    for number in range(60):
        completed(store, filler=FILLERS[number % 3](number))
    assert all(marker in everything(tmp_path) for marker in (INPUT, ANSWER, RESULT, NAME))
    store.fail(goes_on.id, Failure.CREW_FAILED)
    after(store, 0)
    assert not any(marker in everything(tmp_path) for marker in (INPUT, ANSWER, QUESTION.prompt))
    assert RESULT in everything(tmp_path)
    after(store, KEEP_DAYS + 1)
    assert "MARKER" not in everything(tmp_path)
    store.disconnect()
    assert "MARKER" not in everything(tmp_path)


def everything(folder: Path) -> str:
    """All bytes of the database and its write-ahead log, whether in use or not."""
    return "".join(file.read_bytes().decode("latin-1") for file in sorted(folder.glob("jobs.sqlite*")))


def test_what_an_older_runtime_replaced_is_gone_from_the_file_once_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    db = sqlite3.connect(path)
    db.execute("PRAGMA secure_delete = OFF")
    script = ";".join(steps_from(0, integer="INTEGER", options=" STRICT", up_to=4))
    db.executescript(f"BEGIN; {script}; PRAGMA user_version = 4; COMMIT;")
    values = ("left", "s", "completed", "ab", '{"topic": "tea"}', 5, 6, 6, "MARKER-replaced" * 999)
    db.execute(
        "INSERT INTO jobs"
        " (id, status_id, state, agent_identifier, input_data, created_at, finished_at, closed_at, result)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    db.execute("UPDATE jobs SET result = 'r'")
    db.commit()
    db.close()
    assert "MARKER-replaced" in everything(tmp_path)
    store = SqliteJobStore(path, holder="one")
    assert "MARKER-replaced" not in everything(tmp_path)
    kept = store.get("left")
    assert kept
    assert (kept.result, kept.secret_hash, kept.erased_at) == ("r", None, None)
    store.disconnect()


def long_ago(database: Path) -> None:
    """Let the jobs of a runtime that has ended have been closed long ago."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE jobs SET closed_at = 1 WHERE closed_at IS NOT NULL")
        db.commit()


def test_a_runtime_erases_by_itself_and_says_so_where_the_result_was(start_runtime: StartRuntime) -> None:
    first = start_runtime(one_task())
    first.identify()
    done, failed = first.start_job("MARKER-done"), first.start_job("MARKER-failed answer with nothing")
    assert (first.ended(done)["status"], first.ended(failed)["status"]) == ("completed", "failed")
    first.stop()
    long_ago(first.data / "jobs.sqlite")
    second = start_runtime(one_task())
    wait_for(lambda: any(event["event"] == "erased" for event in second.events))
    answer = second.http.get("/status", params={"job_id": done})
    assert (answer.status_code, answer.json()["error"]) == (410, "JOB_ERASED")
    assert second.status(failed)["error"] == "EMPTY_RESULT", "of which nothing is a customer's"
    files = [file.read_bytes() for file in second.folder.rglob("*") if file.is_file()]
    assert files
    assert not any(b"MARKER" in content for content in files)


def test_the_input_of_a_paid_job_is_erased_once_the_seller_has_the_money(
    start_runtime: StartRuntime, sandbox: Sandbox
) -> None:
    first = start_runtime(paid(), **environment(sandbox))
    first.identify(sandbox.register("V1"))
    receipt = first.buy("MARKER-bought", secrets.token_hex(10)).json()
    sandbox.buy(receipt)
    first.ended(receipt["id"])
    sandbox.put_results_on_chain()
    sandbox.change(receipt, onChainState="Withdrawn", requestedAction="None")
    wait_for(lambda: any(event.get("on_chain_state") == "Withdrawn" for event in first.events))
    first.stop()
    assert "MARKER-bought" in input_of(first.data / "jobs.sqlite", receipt["id"])
    second = start_runtime(paid(), **environment(sandbox))
    wait_for(lambda: any(event["event"] == "erased" for event in second.events))
    assert second.status(receipt["id"])["result"] == "Stub result MARKER-bought"
    second.stop()
    assert input_of(second.data / "jobs.sqlite", receipt["id"]) == "{}"


def input_of(database: Path, job_id: str) -> str:
    with closing(sqlite3.connect(database)) as db:
        (text,) = db.execute("SELECT input_data FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return str(text)
