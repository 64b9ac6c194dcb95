"""Requests that wait for a job to go on, rather than asking for its status again and again."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Set
from contextlib import contextmanager, suppress
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.agent.store_outage import store_outage
from crew_runtime.job.job import Job, JobState
from crew_runtime.store import StoreUnavailableError

AT_REST: Final = frozenset(
    (
        JobState.CREATED, JobState.AWAITING_PAYMENT, JobState.AWAITING_INPUT, JobState.SUBMITTED, JobState.COMPLETED,
        JobState.FAILED,
    )
)  # fmt: skip
"""States of a job that its customer has to do something about, or nobody any more."""
ENDED: Final = frozenset((JobState.SUBMITTED, JobState.COMPLETED, JobState.FAILED))
_ANSWERED_WITHIN_SECONDS: Final = 45
"""Less than a load balancer, or the patience of the official clients, waits for an answer."""
_MOST: Final = 128
_RETRY_SECONDS: Final = 5
# A job may be at another runtime on the same database, which tells nobody: so it is looked at, less and less often.
_FIRST_LOOK_SECONDS: Final = 0.05
_SLOWER: Final = 1.4
_LOOK_SECONDS: Final = 1.0


class Followers:
    """Those that follow jobs of one agent: a bounded number, and of one client at most its part.

    `read` gives a job as it is now.
    """

    def __init__(self, read: Callable[[str], Awaitable[Job]], *, per_client: int) -> None:
        self._read = read
        self._per_client = per_client
        self._now: Counter[str] = Counter()

    @contextmanager
    def admitted(self, client: str) -> Iterator[None]:
        """Count a client that waits, while it does.

        Raises:
            ApiError: 429 TOO_MANY_WAITING.

        """
        if self._now[client] >= self._per_client or self._now.total() >= _MOST:
            message = "Many requests wait for jobs already. Ask for the job's state instead, or try again later."
            raise ApiError(429, "TOO_MANY_WAITING", message, retry_after_seconds=_RETRY_SECONDS)
        self._now[client] += 1
        try:
            yield
        finally:
            self._now[client] -= 1
            if not self._now[client]:
                del self._now[client]

    async def states(self, job: Job, closing: asyncio.Event, until: Set[JobState] = AT_REST) -> AsyncGenerator[Job]:
        """Yield the job, and again whenever its state has changed, until it is one of `until` or the server stops."""
        pause = _FIRST_LOOK_SECONDS
        yield job
        while job.state not in until:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await closing.wait()
                return
            found = await self._read(job.id)
            pause = min(pause * _SLOWER, _LOOK_SECONDS)
            if found.state is not job.state:
                pause = _FIRST_LOOK_SECONDS
                yield found
            job = found

    async def at_rest(self, job: Job, client: str, closing: asyncio.Event) -> Job:
        """Return the job when it is at rest, or as it is when that takes longer than anybody waits for an answer.

        The same holds when the server stops, when so many wait already that this one has to ask again, or when the job
        store cannot be reached: whoever were told to send the request again would begin a second job.
        """
        try:
            with suppress(ApiError, TimeoutError), self.admitted(client):
                async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
                    async for found in self.states(job, closing):
                        job = found
        except StoreUnavailableError as error:
            store_outage(error)
        return job
