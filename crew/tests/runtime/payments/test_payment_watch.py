"""What the watch makes of payments whose service does not answer any more."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from crew_runtime.common.chores import Chores
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, now
from crew_runtime.payments.client import PaymentConnections, PaymentRefusedError, PaymentService
from crew_runtime.payments.watch import PaymentWatch, WatchTimes
from crew_runtime.payments.wire import Payment
from crew_runtime.store import JobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.payments import ROWS
from support.waiting import wait_for

NOBODY = "http://127.0.0.1:1/api/v1"
TERMS = PaymentTerms(
    blockchain_identifier="b", source_type="Web3CardanoV1", seller_vkey="v", pay_by_time=1, submit_result_time=2,
    unlock_time=3, external_dispute_unlock_time=4,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    opened = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    yield opened
    opened.disconnect()


def with_a_result(store: JobStore, *, due: int) -> Job:
    job = store.add(Job(input_data={}, agent_identifier="ab", state=JobState.CREATED))
    store.bind_payment(job.id, replace(TERMS, submit_result_time=due))
    store.fund(job.id)
    store.start(job.id)
    kept = store.keep_result(job.id, "text", "hash", "marketplace")
    assert kept
    return kept


def state_of(store: JobStore, job: Job) -> tuple[JobState, Failure | None]:
    found = store.get(job.id)
    assert found
    return found.state, found.failure


def failed_looks(caplog: pytest.LogCaptureFixture, job: Job) -> int:
    fields = [vars(record).get("fields", {}) for record in caplog.records if record.message == "payment_step_failed"]
    return sum(one["job"] == job.reference for one in fields)


class ServiceWithoutList:
    """Has funds locked at the third look at a payment, and no list of changes, or a key that it does not take there."""

    def __init__(self, status: int) -> None:
        self._status = status
        self.lists = 0
        self.looks = 0

    async def check(self) -> None:
        pass

    async def changed_since(self, *_: str) -> list[Payment]:
        self.lists += 1
        raise PaymentRefusedError(self._status, "")

    async def resolve(self, _: str) -> Payment:
        self.looks += 1
        return Payment.model_validate({**ROWS[0], "onChainState": "FundsLocked" if self.looks > 2 else None})


def watch_until(
    store: JobStore, reached: Callable[[], object], service: PaymentService | ServiceWithoutList | None = None
) -> None:
    async def do() -> None:
        connections = PaymentConnections()
        asked = service or PaymentService(NOBODY, "key", "Preprod", connections)
        times = WatchTimes(poll_seconds=0.05, settle_seconds=600)
        watch = PaymentWatch(service=cast("PaymentService", asked), store=store, times=times, run=lambda _: None)
        watching = Chores(1).add(watch.look)
        watching.wake()
        await asyncio.to_thread(wait_for, reached)
        await watching.stop()
        watch.stop()
        await connections.close()

    asyncio.run(do())


def test_a_result_is_given_up_only_when_its_hash_could_have_been_seen_on_the_chain(
    store: JobStore, caplog: pytest.LogCaptureFixture
) -> None:
    overdue = with_a_result(store, due=now() - 601_000)
    just_due = with_a_result(store, due=now() - 1)

    watch_until(store, lambda: failed_looks(caplog, just_due) >= 2)
    assert state_of(store, overdue) == (JobState.FAILED, Failure.RESULT_NOT_SUBMITTED)
    assert state_of(store, just_due) == (JobState.RESULT_READY, None)


def test_a_job_whose_payment_was_never_made_is_given_up_after_a_while_and_gives_way(store: JobStore) -> None:
    def created(key: str, *, minutes_ago: int) -> Job:
        at = now() - minutes_ago * 60_000
        unpaid = Job(input_data={}, agent_identifier="ab", state=JobState.CREATED, request_key=key, created_at=at)
        return store.add(unpaid)

    old, young = created("old", minutes_ago=11), created("young", minutes_ago=9)
    watch_until(store, lambda: state_of(store, old)[0] is JobState.FAILED)
    assert state_of(store, old) == (JobState.FAILED, Failure.PAYMENT_NOT_MADE)
    assert state_of(store, young) == (JobState.CREATED, None)
    assert created("old", minutes_ago=0).id != old.id, "the same request begins a new job"


def awaiting_funds(store: JobStore) -> Job:
    job = store.add(Job(input_data={}, agent_identifier="ab", state=JobState.CREATED))
    bound = store.bind_payment(job.id, replace(TERMS, pay_by_time=now() + 3_600_000))
    assert bound
    return bound


@pytest.mark.parametrize("status", [404, 405, 501])
def test_each_open_payment_is_looked_at_in_each_round_if_the_service_has_no_list(store: JobStore, status: int) -> None:
    job, service = awaiting_funds(store), ServiceWithoutList(status)
    watch_until(store, lambda: state_of(store, job)[0] is JobState.QUEUED, service)
    assert service.lists == 1, "asked for once"


def test_a_list_that_is_refused_for_another_reason_is_asked_for_again(store: JobStore) -> None:
    job, service = awaiting_funds(store), ServiceWithoutList(401)
    watch_until(store, lambda: service.lists > 2, service)
    assert state_of(store, job) == (JobState.AWAITING_PAYMENT, None)
    assert service.looks == 1, "at first sight"
