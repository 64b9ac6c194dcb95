"""What the runner makes of jobs that ask their customers, and of customers that do not answer."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.declared.input_schema import InputField
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, now
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.plan import Limits
from crew_runtime.runner.worker_process import WorkerProcess
from crew_runtime.store import JobStore, StoreUnavailableError
from crew_runtime.store.sqlite import SqliteJobStore
from crew_runtime.traces.span import AgentTraces, Span
from support.asking import lay_code
from support.declarations import one_task
from support.jobs import gateway_to, job_runner, job_spec
from support.model import StubModel
from support.runtime import PATIENCE_SECONDS, SENTINEL_KEY
from support.waiting import wait_for

MARGIN_SECONDS = 600
FIELDS = (InputField(id="topic", type="string"),)
pytestmark = pytest.mark.usefixtures("runs_jobs")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    opened = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    yield opened
    opened.disconnect()


@pytest.fixture
def start_runner(tmp_path: Path, store: JobStore, model: StubModel) -> Iterator[Callable[..., JobRunner]]:
    """Makes runners whose crew asks twice; to be called where a loop runs."""
    access = ModelAccess(api=model.url, key=SENTINEL_KEY, name="stub-model")
    spec = JobSpec(
        crew={},
        code=lay_code(tmp_path),
        model=access,
        inputs={},
        folder=tmp_path / "work",
    )

    def start(*, parallel: int = 1, ask_seconds: float = 3600) -> JobRunner:
        limits = Limits(
            parallel=parallel,
            queue=0,
            timeout_seconds=600,
            ask_seconds=ask_seconds,
            submit_margin_seconds=MARGIN_SECONDS,
        )
        gateway = started.enter_context(gateway_to(access))
        return started.enter_context(job_runner(store, spec, gateway.model, FIELDS, limits))

    with ExitStack() as started:
        yield start


def new_job(store: JobStore, payment: PaymentTerms | None = None) -> Job:
    return store.add(Job(input_data={"topic": "tea"}, agent_identifier="ab", payment=payment))


async def reaches(store: JobStore, job: Job, state: JobState) -> Job:
    def is_there() -> bool:
        found = store.get(job.id)
        return found is not None and found.state is state

    await asyncio.to_thread(wait_for, is_there)
    found = await asyncio.to_thread(store.get, job.id)
    assert found
    return found


def due_in(seconds: float) -> PaymentTerms:
    due = now() + int(seconds * 1000)
    return PaymentTerms(
        blockchain_identifier="0b", source_type="Web3CardanoV1", seller_vkey="0b", pay_by_time=due,
        submit_result_time=due, unlock_time=due, external_dispute_unlock_time=due,
    )  # fmt: skip


def test_a_question_that_nobody_answers_in_time_fails_the_job_by_name(
    start_runner: Callable[..., JobRunner], store: JobStore
) -> None:
    async def do() -> None:
        runner = start_runner(ask_seconds=0.2)
        job = new_job(store)
        runner.take(job.id)
        failed = await reaches(store, job, JobState.FAILED)
        assert failed.failure == "INPUT_NOT_PROVIDED"
        assert await asyncio.to_thread(store.answer, job.id, failed.status_id, "late") is None
        await runner.stop(0)

    asyncio.run(do())


def test_a_customer_has_no_longer_than_the_result_has(start_runner: Callable[..., JobRunner], store: JobStore) -> None:
    async def do() -> None:
        runner = start_runner(ask_seconds=86_400)
        terms = due_in(3600)
        job = new_job(store, terms)
        runner.take(job.id)
        asked = await reaches(store, job, JobState.AWAITING_INPUT)
        assert asked.question
        assert now() < asked.question.answer_by <= terms.submit_result_time - MARGIN_SECONDS * 1000
        await runner.stop(0)

    asyncio.run(do())


def test_a_runner_that_stops_does_not_wait_for_customers_and_leaves_their_questions_open(
    start_runner: Callable[..., JobRunner], store: JobStore
) -> None:
    async def do() -> None:
        runner = start_runner()
        job = new_job(store)
        runner.take(job.id)
        asked = await reaches(store, job, JobState.AWAITING_INPUT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await runner.stop(3600)
        assert await asyncio.to_thread(store.get, job.id) == asked
        assert asked.attempts == 0, "no attempt has failed"

        again = start_runner()
        again.take(job.id)
        await asyncio.to_thread(store.answer, job.id, asked.status_id, "blue")
        second = await reaches(store, job, JobState.AWAITING_INPUT)
        assert second.question
        assert second.question.prompt == "Which size in blue?"
        await again.stop(0)

    asyncio.run(do())


def test_an_answer_that_came_to_another_runtime_reaches_the_process_that_waits(
    start_runner: Callable[..., JobRunner], store: JobStore, tmp_path: Path
) -> None:
    async def do() -> None:
        runner = start_runner()
        job = new_job(store)
        runner.take(job.id)
        other = SqliteJobStore(tmp_path / "jobs.sqlite", holder="other")
        for text in ("blue", "large"):
            asked = await reaches(store, job, JobState.AWAITING_INPUT)
            assert await asyncio.to_thread(other.answer, job.id, asked.status_id, text)
        completed = await reaches(store, job, JobState.COMPLETED)
        assert (completed.result, completed.attempts) == ("Stub result MARKER-blue MARKER-large", 1)
        other.disconnect()
        await runner.stop(0)

    asyncio.run(do())


def test_a_waiting_job_that_another_runtime_has_taken_is_given_up(
    start_runner: Callable[..., JobRunner], store: JobStore
) -> None:
    async def do() -> None:
        runner = start_runner()
        job = new_job(store)
        runner.take(job.id)
        await reaches(store, job, JobState.AWAITING_INPUT)
        assert runner.abandon(job.id)
        await asyncio.to_thread(wait_for, lambda: not runner.known)
        assert (runner.running, runner.asking, runner.waiting) == (0, 0, 0)
        assert not runner.is_full_with(0)
        await runner.stop(0)

    asyncio.run(do())


def test_a_result_is_kept_whatever_becomes_of_its_trace(tmp_path: Path, store: JobStore, model: StubModel) -> None:
    class Broken:
        captures_content = False

        def export(self, spans: Iterable[Span]) -> None:
            raise RuntimeError(f"{len(list(spans))} spans cannot be sent")

        def close(self) -> None:
            pass

    spec = job_spec(tmp_path, one_task(), model.url)
    limits = Limits(parallel=1, queue=0, timeout_seconds=600, ask_seconds=1)
    fields = (*FIELDS, InputField(id="tone", type="string"))
    traces = AgentTraces(Broken(), "agent")

    async def run() -> None:
        with (
            gateway_to(spec.model) as gateway,
            job_runner(store, spec, gateway.model, fields, limits, traces) as runner,
        ):
            job = store.add(Job(input_data={"topic": "tea", "tone": "plain"}, agent_identifier="ab"))
            runner.take(job.id)
            await asyncio.to_thread(wait_for, lambda: job.id not in runner.known)
            await runner.stop(0)
        found = store.get(job.id)
        assert found
        assert found.state is JobState.COMPLETED

    asyncio.run(run())


def test_whoever_cancels_a_job_is_told_at_once_that_the_store_is_away(
    store: JobStore, start_runner: Callable[..., JobRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(*_given: object, **_named: object) -> None:
        raise StoreUnavailableError

    async def cancel() -> None:
        runner, job = start_runner(), new_job(store)
        monkeypatch.setattr(store, "fail", is_away)
        with pytest.raises(StoreUnavailableError):
            await asyncio.wait_for(runner.cancel(job), timeout=5)
        await runner.stop(0)

    asyncio.run(cancel())


def test_a_job_that_is_canceled_while_its_process_is_started_does_no_work(
    tmp_path: Path, store: JobStore, model: StubModel
) -> None:
    spec = job_spec(tmp_path, one_task("never answer {topic}"), model.url)
    limits = Limits(parallel=1, queue=0, timeout_seconds=600, ask_seconds=1)
    fields = (*FIELDS, InputField(id="tone", type="string"))

    async def cancel_early() -> None:
        with gateway_to(spec.model) as gateway, job_runner(store, spec, gateway.model, fields, limits) as runner:
            launcher, starts, goes_on = runner.plan.launcher, threading.Event(), threading.Event()
            make = launcher.make

            def make_slowly(*given: Any, **named: Any) -> WorkerProcess:  # noqa: ANN401 - as it is given
                starts.set()
                assert goes_on.wait(PATIENCE_SECONDS)
                return make(*given, **named)

            launcher.make = make_slowly  # type: ignore[method-assign]
            job = store.add(Job(input_data={"topic": "tea", "tone": "plain"}, agent_identifier="ab"))
            runner.take(job.id)
            await asyncio.to_thread(starts.wait, PATIENCE_SECONDS)
            assert await runner.cancel(job)
            goes_on.set()
            await asyncio.to_thread(wait_for, lambda: job.id not in runner.known)
            await runner.stop(0)
        assert (await reaches(store, job, JobState.FAILED)).failure == Failure.CANCELED

    asyncio.run(cancel_early())
    assert not model.requests
