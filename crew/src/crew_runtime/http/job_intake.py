"""Accepts jobs: one for each request, however often it is sent."""

import asyncio
import logging
from typing import Final

from crew_runtime.api_error import ApiError
from crew_runtime.failures import MESSAGES, Failure
from crew_runtime.http.job_request import JobRequest
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
            ApiError: 503 DAILY_TOKENS_SPENT or QUEUE_FULL, and what Checkout.paid_for raises.

        """
        job = await self._begun_by(request) or await self._begin(request, agent_identifier, paid=paid)
        if self._checkout and job.state is JobState.CREATED:
            return await self._checkout.paid_for(job)
        return job

    async def _begun_by(self, request: JobRequest) -> Job | None:
        if request.input_hash is None:
            return None
        return await asyncio.to_thread(self._store.find, request.input_hash)

    async def _begin(self, request: JobRequest, agent_identifier: str, *, paid: bool) -> Job:
        wait = self._runner.seconds_without_model
        if wait is not None:
            message = MESSAGES[Failure.DAILY_TOKENS_SPENT]
            raise ApiError(503, Failure.DAILY_TOKENS_SPENT, message, retry_after_seconds=wait)
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
                request_key=request.input_hash,
                state=JobState.CREATED if paid else JobState.QUEUED,
            )
            job = await asyncio.to_thread(self._store.add, new)
            if job.id == new.id:
                event(_log, logging.INFO, "job_accepted", job_id=job.id)
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
