"""Keeps this runtime's hold on its jobs, and takes over those of runtimes that are gone."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from crew_runtime.common.logs import event
from crew_runtime.common.metrics import LEASES_LOST
from crew_runtime.job.job import JobState, reference_of
from crew_runtime.machine.task_protection import TaskProtection
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.store import JobStore, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_ROUNDS_PER_LEASE: Final = 3
_UNPAID: Final = (JobState.CREATED, JobState.AWAITING_PAYMENT)


class LeaseKeeper:
    """Renews leases three times in their length.

    What this runtime runs and no longer holds is ended at once, and everything is when a lease's length has passed
    since the last renewal that succeeded, whatever the store does meanwhile: from then on another runtime may run it,
    if the store is one that others reach.

    `quiet_seconds` is how long it waits for the next look where there are no jobs; `on_jobs` is told where there are.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        runner: JobRunner,
        lease_seconds: float,
        protection: TaskProtection | None,
        quiet_seconds: Callable[[], float] | None = None,
    ) -> None:
        self._store = store
        self._runner = runner
        self._lease_seconds = lease_seconds
        self._protection = protection
        self._quiet_seconds = quiet_seconds or (lambda: 0)
        self._end_of_leases: asyncio.TimerHandle | None = None
        self._has_unfinished = False
        self.has_jobs = False
        self.works = True
        self.on_jobs: Callable[[], None] = lambda: None

    async def look(self) -> float:
        """Keep the leases, and return the seconds until it is time for that again."""
        try:
            await self.round()
        except StoreUnavailableError as error:
            event(_log, logging.ERROR, "store_unavailable", reason=str(error))
            self.works = False
        except Exception:  # noqa: BLE001 - the next look may go well; what it met is logged
            _log.exception("lease_keeping_failed")
        busy = self.has_jobs or self._runner.known or not self.works
        return max(self._lease_seconds / _ROUNDS_PER_LEASE, 0 if busy else self._quiet_seconds())

    def stop(self) -> None:
        """Expect nothing of the leases any more."""
        if self._end_of_leases:
            self._end_of_leases.cancel()
        if self._protection:
            self._protection.note(busy=False, whose=self)

    async def round(self) -> None:
        """Renew leases, take over ended ones, and hand the jobs to the runner."""
        begun = monotonic()
        known = self._runner.known  # before the renewal, which does not name what is begun during it
        held = await asyncio.to_thread(self._store.renew)
        if self._store.shared:
            self._expect_end(begun + self._lease_seconds)
        self._lose(known - held)
        taken = await asyncio.to_thread(self._store.claim)
        if taken:
            event(_log, logging.INFO, "jobs_taken_over", jobs=taken)
        jobs = await asyncio.to_thread(self._store.held)
        for job in jobs:
            if job.state in (JobState.QUEUED, JobState.RUNNING, JobState.AWAITING_INPUT):
                self._runner.take(job.id)
        had_jobs, self.has_jobs = self.has_jobs, bool(jobs)
        if jobs and not had_jobs:
            self.on_jobs()
        unfinished = (JobState.RESULT_READY, *(() if self._store.shared else _UNPAID))
        self._has_unfinished = any(job.state in unfinished for job in jobs)
        self.note_busy()
        self.works = True

    @property
    def has_unfinished(self) -> bool:
        """Whether there are jobs that only this runtime can bring to an end."""
        return self._has_unfinished or bool(self._runner.known)

    def note_busy(self) -> None:
        """Report whether this runtime may be stopped without loss."""
        if self._protection:
            self._protection.note(busy=self.has_unfinished, whose=self)

    def _expect_end(self, moment: float) -> None:
        if self._end_of_leases:
            self._end_of_leases.cancel()
        left = max(0, moment - monotonic())
        self._end_of_leases = asyncio.get_running_loop().call_later(left, self._lose_all)

    def _lose_all(self) -> None:
        self.works = False
        self._lose(self._runner.known)

    def _lose(self, job_ids: set[str]) -> None:
        for job_id in job_ids:
            if self._runner.abandon(job_id):
                LEASES_LOST.add()
                event(_log, logging.WARNING, "lease_lost", job=reference_of(job_id))
