"""Accepts jobs: one for each request, however often it is sent, and no client more than its part."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.logs import event
from crew_runtime.common.metrics import JOBS_GAVE_WAY
from crew_runtime.http.admission.doorman import too_many
from crew_runtime.http.admission.request_secret import require_same_secret
from crew_runtime.http.agent.job_request import JobRequest
from crew_runtime.job.failures import MESSAGES, Failure
from crew_runtime.job.job import Job, JobState
from crew_runtime.payments.checkout import Checkout
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.store import JobStore
from crew_runtime.traces.span import note_job, traceparent

_log: Final = logging.getLogger(__name__)
_RETRY_FULL_SECONDS: Final = 10
_RETRY_PART_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """How many jobs may await their payment, and how many free jobs of one client may run or wait."""

    unpaid: int
    per_client: int


class Clients:
    """Who began which job, as long as that is counted; and the jobs that are not in the store yet."""

    def __init__(self) -> None:
        self.coming: set[str] = set()
        self.by_job: dict[str, str] = {}
        self.on_job: Callable[[], None] = lambda: None
        """Called when a job is in the store."""


class JobIntake:
    """Stores a job before it is answered, creates its payment, and hands it to the runner.

    Nobody is refused because others do not pay: the oldest unpaid job gives way.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        runner: JobRunner,
        checkout: Checkout | None,
        limits: IntakeLimits,
        clients: Clients | None = None,
    ) -> None:
        self._store = store
        self._runner = runner
        self._checkout = checkout
        self._limits = limits
        self._clients = clients or Clients()

    async def take(self, request: JobRequest, agent_identifier: str, client: str, *, paid: bool) -> Job:
        """Return the job of this request: the one that it has already begun, or a new one.

        Raises:
            ApiError: 503 DAILY_TOKENS_SPENT or QUEUE_FULL, 429 TOO_MANY_STARTS, 409 JOB_EXISTS, and what
                Checkout.paid_for raises.

        """
        job = await self._begun_by(request)
        if job:
            require_same_secret(job, request.secret_hash)
        else:
            job = await self._begin(request, agent_identifier, client, paid=paid)
        if self._checkout and job.state is JobState.CREATED:
            return await self._checkout.paid_for(job)
        return job

    async def _begun_by(self, request: JobRequest) -> Job | None:
        return None if request.key is None else await asyncio.to_thread(self._store.find, request.key)

    async def _begin(self, request: JobRequest, agent_identifier: str, client: str, *, paid: bool) -> Job:
        self._require_tokens_left()
        if self._runner.is_full_with(len(self._clients.coming)):
            raise _full()
        if not paid:
            self._require_a_part_left(client)
        new = Job(
            input_data=request.input_data,
            agent_identifier=agent_identifier,
            identifier_from_purchaser=request.purchaser,
            input_hash=request.input_hash,
            request_key=request.key,
            secret_hash=request.secret_hash,
            state=JobState.CREATED if paid else JobState.QUEUED,
            traceparent=traceparent(),
        )
        self._clients.coming.add(new.id)
        self._clients.by_job[new.id] = client
        try:
            if paid:
                await self._make_room()
            job = await asyncio.to_thread(self._store.add, new)
            if job.id != new.id:  # the same request was faster
                require_same_secret(job, request.secret_hash)
                return job
            event(_log, logging.INFO, "job_accepted", job=job.reference)
            note_job(job.id)
            self._clients.on_job()
            if job.state is JobState.QUEUED:
                self._runner.take(job.id)
            return job
        finally:
            self._clients.coming.discard(new.id)

    def _require_tokens_left(self) -> None:
        wait = self._runner.seconds_without_model
        if wait is not None:
            message = MESSAGES[Failure.DAILY_TOKENS_SPENT]
            raise ApiError(503, Failure.DAILY_TOKENS_SPENT, message, retry_after_seconds=wait)

    def _require_a_part_left(self, client: str) -> None:
        """Refuse a client that has its part of the free jobs. What it pays for is not counted: that limits itself."""
        unended = self._runner.known | self._clients.coming
        counted = {job_id: whose for job_id, whose in self._clients.by_job.items() if job_id in unended}
        self._clients.by_job = counted
        if sum(whose == client for whose in counted.values()) >= self._limits.per_client:
            raise too_many("MAX_PER_CLIENT", "Many of your jobs are not done yet.", _RETRY_PART_SECONDS)

    async def _make_room(self) -> None:
        """Let the oldest unpaid jobs give way where there would be more than may be."""
        if await asyncio.to_thread(self._store.count_unpaid) < self._limits.unpaid:
            return
        for job in await asyncio.to_thread(self._store.make_room, self._limits.unpaid - 1):
            JOBS_GAVE_WAY.add()
            event(_log, logging.WARNING, "job_gave_way", job=job.reference, failure=job.failure)


def _full() -> ApiError:
    return ApiError(
        503,
        "QUEUE_FULL",
        "The agent cannot take more jobs at the moment. Try again later.",
        retry_after_seconds=_RETRY_FULL_SECONDS,
    )
