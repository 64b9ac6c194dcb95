"""Stores the outcomes of jobs, and retries while the store is unavailable."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from crew_runtime.common.logs import event
from crew_runtime.common.metrics import JOB_SECONDS, JOBS_ENDED
from crew_runtime.job.failure_report import Report, logged_part
from crew_runtime.job.failures import Failure
from crew_runtime.job.hashes import HashRule, result_hash
from crew_runtime.job.job import Job, JobState
from crew_runtime.store import JobStore, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_STORE_AGAIN_SECONDS: Final = 1


class Outcomes:
    """The runner's writes to the store. `on_result` is called when a result is kept."""

    def __init__(self, store: JobStore, *, is_stopping: Callable[[], bool], on_result: Callable[[], None]) -> None:
        self._store = store
        self._is_stopping = is_stopping
        self._on_result = on_result

    async def keep(self, job: Job, answer: dict[str, Any], seconds: float, hash_rule: HashRule) -> None:
        """Store the outcome of a run before anything else is done with it."""
        JOB_SECONDS.add(seconds)
        JOBS_ENDED.add(outcome="result" if "result" in answer else answer["failure"])
        common: dict[str, object] = {"job": job.reference, "seconds": round(seconds, 3)}
        if "result" in answer:
            if await self.write(lambda: self._keep_result(job, _storable(answer["result"]), hash_rule)):
                event(_log, logging.INFO, "job_completed", **common, **answer.get("usage", {}))
                self._on_result()
        elif answer["failure"] == Failure.JOB_INTERRUPTED:
            if await self.write(lambda: self._store.put_back(job.id)):  # else it was canceled, or is another runtime's
                event(_log, logging.INFO, "job_put_back", **common)
        else:
            report = {"detail": answer["detail"], **answer.get("report", {}), **answer.get("model", {})}
            logged = {**common, **logged_part(report)}
            await self.fail(job, Failure(answer["failure"]), logged=logged, report=report)

    def _keep_result(self, job: Job, result: str, hash_rule: HashRule) -> Job | None:
        if job.payment is None:
            return self._store.complete(job.id, result)
        hashed = result_hash(hash_rule, job.identifier_from_purchaser or "", result)
        return self._store.keep_result(job.id, result, hashed, hash_rule)

    async def fail(
        self,
        job: Job,
        failure: Failure,
        *,
        expected: JobState | None = None,
        logged: Mapping[str, object] | None = None,
        report: Report | None = None,
        waits: bool = True,
    ) -> bool:
        """Fail a job, if it is in the expected state; if nobody paid for it, the same request may begin a new one.

        Raises:
            StoreUnavailableError: the store is unavailable, and `waits` is false or the runtime stops.

        """
        repeatable = job.payment is None

        def fail() -> Job | None:
            return self._store.fail(job.id, failure, repeatable=repeatable, expected=expected, report=report)

        failed = await (self.write(fail) if waits else asyncio.to_thread(fail))
        if failed:
            event(_log, logging.WARNING, "job_failed", **{"job": job.reference, **(logged or {}), "failure": failure})
        return failed is not None

    async def write(self, do: Callable[[], Job | None]) -> Job | None:
        """Write, and retry while the store is unavailable: the costs of a job must not be lost to that."""
        while True:
            try:
                return await asyncio.to_thread(do)
            except StoreUnavailableError as error:
                event(_log, logging.ERROR, "store_unavailable", reason=str(error))
                if self._is_stopping():
                    raise
                await asyncio.sleep(_STORE_AGAIN_SECONDS)


def _storable(result: str) -> str:
    return result.replace("\0", "\ufffd")
