"""Watches the payments of all jobs in one loop: runs what is paid, submits what is done, ends what is over."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from crew_runtime.common.logs import event
from crew_runtime.common.metrics import PAYMENT_CHANGES
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, now
from crew_runtime.payments.client import PaymentRefusedError, PaymentService, PaymentServiceUnavailableError
from crew_runtime.payments.rules import Step, next_step
from crew_runtime.payments.wire import WAITING_FOR_OPERATOR, Payment, iso_of
from crew_runtime.store import JobStore, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_SIDE_BY_SIDE: Final = 4
# Changes become visible after their time-stamp, and clocks differ: lists of changes are asked for with some overlap.
_OVERLAP_SECONDS: Final = 60
_LOOK_ANYWAY_SECONDS: Final = 300
_ASK_ANYWAY_SECONDS: Final = 60
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_GIVE_UP_CREATED_SECONDS: Final = 600
_UNUSUAL: Final = ("Disputed", "RefundRequested", "FundsOrDatumInvalid")
_AT_WORK: Final = (JobState.RUNNING, JobState.AWAITING_INPUT)
_NO_SUCH_ROUTE: Final = (404, 405, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTimes:
    """Seconds between two rounds, and how long funds that were locked in time may take to be seen.

    `quiet_seconds` is how long the next round may wait where there are no jobs.
    """

    poll_seconds: float
    settle_seconds: float
    quiet_seconds: Callable[[], float] = lambda: 0


class PaymentWatch:
    """One loop over all jobs with a payment that this runtime holds.

    Each round asks the service once for what has changed. A job's own payment is looked at alone where that list does
    not tell enough: at first sight, before a decision that only time has brought about, before a result is submitted,
    every five minutes in any case, and each round if the service has no such list.
    """

    def __init__(
        self, *, service: PaymentService, store: JobStore, times: WatchTimes, run: Callable[[str], None]
    ) -> None:
        self._service = service
        self._store = store
        self._times = times
        self._run = run
        self._since: dict[str, str] = {}
        self._has_list = True
        self._looked: dict[str, float] = {}
        self._pauses: dict[str, tuple[float, float]] = {}
        self._side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._reachable: bool | None = None
        self._asked_at = float("-inf")
        self._has_jobs = True
        self.held: Counter[str] = Counter()
        self.stuck = 0
        self.next_deadline: int | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether the service answered the last time it was asked."""
        return self._reachable is True

    async def look(self) -> float:
        """Look after the payments, and return the seconds until it is time for that again."""
        try:
            await self._round()
        except StoreUnavailableError as error:
            event(_log, logging.ERROR, "store_unavailable", reason=str(error))
        except Exception:  # noqa: BLE001 - the next look may go well; what it met is logged
            _log.exception("payment_watch_failed")
        if self._has_jobs:
            return self._next_pause()
        return max(self._times.poll_seconds, self._times.quiet_seconds())

    def stop(self) -> None:
        """End what is under way."""
        for task in self._under_way.values():
            task.cancel()

    def _next_pause(self) -> float:
        waiting = [until - monotonic() for until, _ in self._pauses.values()]
        return max(0.05, min([self._times.poll_seconds, *waiting]))

    async def _round(self) -> None:
        jobs = await asyncio.to_thread(self._store.held)
        self._has_jobs = bool(jobs)
        for job in jobs:
            if job.state is JobState.CREATED and now() - job.created_at > _GIVE_UP_CREATED_SECONDS * 1000:
                await asyncio.to_thread(self._store.fail, job.id, Failure.PAYMENT_NOT_MADE, repeatable=True)
        paid = [(job, job.payment) for job in jobs if job.payment]
        self._forget_all_but({job.id for job, _ in paid})
        self._count(paid)
        if monotonic() - self._asked_at > _ASK_ANYWAY_SECONDS:
            await self._check_service()
        changed = await self._changes({terms.source_type for _, terms in paid})
        for job, terms in paid:
            if job.id not in self._under_way:  # a request that hangs holds up its own job alone
                look = self._look_after(job, terms, changed.get(terms.blockchain_identifier))
                self._under_way[job.id] = asyncio.create_task(look)

    async def _check_service(self) -> None:
        """Find out before the next buyer does whether the service answers and accepts the key."""
        try:
            await self._service.check()
        except (PaymentServiceUnavailableError, PaymentRefusedError) as error:
            self._note_reachable(reason=str(error))
        else:
            self._note_reachable()

    def _forget_all_but(self, ids: set[str]) -> None:
        for known in (self._looked, self._pauses):
            for job_id in known.keys() - ids:
                del known[job_id]

    def _count(self, paid: Iterable[tuple[Job, PaymentTerms]]) -> None:
        paid = list(paid)
        self.held = Counter(job.on_chain_state or "none" for job, _ in paid)
        self.stuck = sum(needs_operator(job.on_chain_state, job.next_action) for job, _ in paid)
        unsubmitted = (JobState.QUEUED, *_AT_WORK, JobState.RESULT_READY)
        self.next_deadline = min((t.submit_result_time for job, t in paid if job.state in unsubmitted), default=None)

    async def _changes(self, source_types: set[str]) -> dict[str, Payment]:
        found: dict[str, Payment] = {}
        for source_type in source_types if self._has_list else ():
            since = self._since.setdefault(source_type, _before(datetime.now(UTC).isoformat()))
            try:
                payments = await self._service.changed_since(source_type, since)
            except PaymentServiceUnavailableError as error:
                self._note_reachable(reason=str(error))
                continue
            except PaymentRefusedError as error:
                if error.status in _NO_SUCH_ROUTE:
                    self._has_list = False
                else:
                    self._note_reachable(reason=str(error))
                continue
            self._note_reachable()
            found |= {payment.blockchain_identifier: payment for payment in payments}
            if payments and payments[-1].changed_at:
                self._since[source_type] = _before(payments[-1].changed_at)
        return found

    def _note_reachable(self, *, reason: str | None = None) -> None:
        if reason and self._reachable is not False:
            event(_log, logging.WARNING, "payment_service_unavailable", reason=reason)
        self._reachable = reason is None
        self._asked_at = monotonic()

    async def _look_after(self, job: Job, terms: PaymentTerms, payment: Payment | None) -> None:
        until, pause = self._pauses.get(job.id, (0.0, _FIRST_PAUSE_SECONDS))
        try:
            if monotonic() < until:
                return
            async with self._side_by_side:
                if self._needs_a_look(job, terms, payment):
                    payment = await self._service.resolve(terms.blockchain_identifier)
                    self._looked[job.id] = monotonic()
                    self._note_reachable()
                if payment is not None:
                    await self._act(job, terms, payment)
            self._pauses.pop(job.id, None)
        except (PaymentServiceUnavailableError, PaymentRefusedError, StoreUnavailableError) as error:
            event(_log, logging.WARNING, "payment_step_failed", job=job.reference, state=job.state, reason=str(error))
            self._pauses[job.id] = (monotonic() + pause, min(pause * 2, _LONGEST_PAUSE_SECONDS))
            await self._give_up_late(job, terms)
        except Exception:  # noqa: BLE001 - one payment must not keep the others from being looked after
            _log.exception("payment_step_broke", extra={"fields": {"job": job.reference}})
            self._pauses[job.id] = (monotonic() + pause, min(pause * 2, _LONGEST_PAUSE_SECONDS))
        finally:
            self._under_way.pop(job.id, None)

    def _needs_a_look(self, job: Job, terms: PaymentTerms, payment: Payment | None) -> bool:
        age = monotonic() - self._looked.get(job.id, float("-inf"))
        if job.state is JobState.RESULT_READY or age == float("inf"):
            return True
        if payment is not None:
            return False
        if not self._has_list and job.state not in _AT_WORK and job.gave_way_at is None:
            return True
        overdue = (
            terms.pay_by_time + self._settle_ms
            if job.state is JobState.AWAITING_PAYMENT
            else (terms.external_dispute_unlock_time)
        )
        if job.gave_way_at is not None and job.state is JobState.AWAITING_PAYMENT and self._has_list:
            return now() > overdue  # the list tells if it is paid; there may be thousands of them
        return age > _LOOK_ANYWAY_SECONDS or now() > overdue

    @property
    def _settle_ms(self) -> int:
        return int(self._times.settle_seconds * 1000)

    async def _act(self, job: Job, terms: PaymentTerms, payment: Payment) -> None:
        await self._note(job, payment)
        step = next_step(job, terms, payment, now=now(), settle_ms=self._settle_ms)
        match step:
            case Failure():
                await self._fail(job, step)
            case Step.RUN:
                await self._fund(job)
            case Step.SUBMIT:
                assert job.result_hash  # noqa: S101 - stored together with the result
                await self._service.submit_result(terms.blockchain_identifier, job.result_hash)
                await self._submitted(job)
            case Step.SUBMITTED:
                await self._submitted(job)
            case Step.SETTLE:
                await self._settle(job)
            case Step.CLOSE:
                await self._close(job)
            case Step.WAIT:
                pass

    async def _fund(self, job: Job) -> None:
        if await asyncio.to_thread(self._store.fund, job.id):
            event(_log, logging.INFO, "job_paid", job=job.reference)
            self._run(job.id)

    async def _settle(self, job: Job) -> None:
        if await asyncio.to_thread(self._store.settle, job.id):
            event(_log, logging.INFO, "result_on_chain", job=job.reference)

    async def _close(self, job: Job) -> None:
        if job.state is JobState.SUBMITTED:
            event(_log, logging.ERROR, "result_never_on_chain", job=job.reference)
        await asyncio.to_thread(self._store.close, job.id)

    async def _submitted(self, job: Job) -> None:
        if await asyncio.to_thread(self._store.note_submitted, job.id):
            event(_log, logging.INFO, "result_submitted", job=job.reference)

    async def _fail(self, job: Job, failure: Failure) -> None:
        """Fail a job; if nobody paid for it, the same request may begin a new one."""
        repeatable = failure is Failure.PAYMENT_EXPIRED
        if await asyncio.to_thread(self._store.fail, job.id, failure, repeatable=repeatable, expected=job.state):
            event(_log, logging.WARNING, "job_failed", job=job.reference, failure=failure)

    async def _give_up_late(self, job: Job, terms: PaymentTerms) -> None:
        """Fail a job whose result was not accepted in time, even if the service never answers again.

        Not at once: the service may have accepted the hash although its answer was lost.
        """
        if job.state is JobState.RESULT_READY and now() > terms.submit_result_time + self._settle_ms:
            with suppress(StoreUnavailableError):
                await self._fail(job, Failure.RESULT_NOT_SUBMITTED)

    async def _note(self, job: Job, payment: Payment) -> None:
        """Log and store a change of the payment, once."""
        if (job.on_chain_state, job.next_action) == (payment.on_chain_state, payment.action):
            return
        await asyncio.to_thread(self._store.note_payment, job.id, payment.on_chain_state, payment.action)
        state, action = payment.on_chain_state or "none", payment.action
        PAYMENT_CHANGES.add(state=state, action=action)
        stuck = needs_operator(payment.on_chain_state, action)
        level = logging.ERROR if stuck else logging.WARNING if state in _UNUSUAL else logging.INFO
        name = "payment_needs_operator" if stuck else "payment_changed"
        event(_log, level, name, job=job.reference, on_chain_state=state, next_action=action)


def needs_operator(on_chain_state: str | None, action: str | None) -> bool:
    """Return whether funds are locked and the service waits for its operator.

    It also waits for its operator where nobody has paid in time, or wrongly, about which there is nothing to do.
    """
    return on_chain_state not in (None, "FundsOrDatumInvalid") and action == WAITING_FOR_OPERATOR


def _before(moment: str) -> str:
    return iso_of(round((datetime.fromisoformat(moment).timestamp() - _OVERLAP_SECONDS) * 1000))
