"""Waits until customers have answered what jobs ask them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from crew_runtime.job.job import Job, JobState, now

# An answer may have come to another runtime on the same database, which tells nobody.
_LOOK_SECONDS: Final = 1


class OpenQuestions:
    """The questions of the jobs that this runtime holds; `read` gives a job as it is in the store."""

    def __init__(self, read: Callable[[str], Awaitable[Job | None]]) -> None:
        self._read = read
        self._woken: dict[str, asyncio.Event] = {}
        self._abandoned: set[str] = set()

    @property
    def jobs(self) -> set[str]:
        """Return the ids of the jobs that wait."""
        return set(self._woken)

    def look(self, job_id: str) -> None:
        """Look at once whether the job has its answer."""
        if woken := self._woken.get(job_id):
            woken.set()

    def abandon(self, job_id: str) -> bool:
        """Stop waiting for a question, if it is open here: it is no longer this runtime's."""
        if is_open := job_id in self._woken:
            self._abandoned.add(job_id)
            self.look(job_id)
        return is_open

    async def settled(self, job_id: str) -> Job | None:
        """Return the job when its question is answered or its time is up, or at once if it asks nothing.

        None stands for a job that is gone or was abandoned.
        """
        job = await self._read(job_id)
        if _seconds_for(job) is None:
            return job
        woken = self._woken[job_id] = asyncio.Event()
        try:
            while job_id not in self._abandoned:
                woken.clear()
                job = await self._read(job_id)
                left = _seconds_for(job)
                if left is None:
                    return job
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_SECONDS)):
                        await woken.wait()
            return None
        finally:
            del self._woken[job_id]
            self._abandoned.discard(job_id)


def _seconds_for(job: Job | None) -> float | None:
    """Return the seconds that the customer has left; None if there is nothing to wait for."""
    if job is None or job.state is not JobState.AWAITING_INPUT or job.question is None:
        return None
    left = (job.question.answer_by - now()) / 1000
    return left if left > 0 else None
