"""Accepts jobs: one for each request, however often it is sent."""

import asyncio
import logging
from typing import Final

from crew_runtime.api_error import ApiError
from crew_runtime.http.job_request import JobRequest
from crew_runtime.http.request_secret import require_same_secret
from crew_runtime.jobs import Job, JobState
from crew_runtime.logs import event
from crew_runtime.payments.checkout import Checkout
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.store import JobStore

_log: Final = logging.getLogger(__name__)
_RETRY_FULL_SECONDS: Final = 10


class JobIntake:
    """Stores a job before it is answered, creates its payment, and hands it to the runner."""

    def __init__(self, *, store: JobStore, runner: JobRunner, checkout: Checkout | None, max_unpaid: int) -> None:
        self._store = store
        self._runner = runner
        self._checkout = checkout
        self._max_unpaid = max_unpaid
        self._coming = 0

    async def take(self, request: JobRequest, agent_identifier: str, *, paid: bool) -> Job:
        """Return the job of this request: the one that it has already begun, or a new one.

        Raises:
            ApiError: 503 QUEUE_FULL, 409 JOB_EXISTS, and what Checkout.paid_for raises.

        """
        job = await self._begun_by(request)
        if job:
            require_same_secret(job, request.secret_hash)
        else:
            job = await self._begin(request, agent_identifier, paid=paid)
        if self._checkout and job.state is JobState.CREATED:
            return await self._checkout.paid_for(job)
        return job

    async def _begun_by(self, request: JobRequest) -> Job | None:
        return None if request.key is None else await asyncio.to_thread(self._store.find, request.key)

    async def _begin(self, request: JobRequest, agent_identifier: str, *, paid: bool) -> Job:
        if self._runner.is_full_with(self._coming):
            raise _full()
        self._coming += 1
        try:
            if paid and await asyncio.to_thread(self._store.count_unpaid) >= self._max_unpaid:
                raise _full()
            new = Job(
                input_data=request.input_data,
                agent_identifier=agent_identifier,
                identifier_from_purchaser=request.purchaser,
                input_hash=request.input_hash,
                request_key=request.key,
                secret_hash=request.secret_hash,
                state=JobState.CREATED if paid else JobState.QUEUED,
            )
            job = await asyncio.to_thread(self._store.add, new)
            if job.id != new.id:  # the same request was faster
                require_same_secret(job, request.secret_hash)
                return job
            event(_log, logging.INFO, "job_accepted", job=job.reference)
            if job.state is JobState.QUEUED:
                self._runner.take(job.id)
            return job
        finally:
            self._coming -= 1


def _full() -> ApiError:
    return ApiError(
        503,
        "QUEUE_FULL",
        "The agent cannot take more jobs at the moment. Try again later.",
        retry_after_seconds=_RETRY_FULL_SECONDS,
    )
