"""Runs jobs: a bounded number side by side, the others in line, each in a process of its own."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crew_runtime.crew_worker import CrewWork, ModelAccess, build_crew, run_crew
from crew_runtime.documents.document import DocumentSet
from crew_runtime.failures import Failure
from crew_runtime.input_schema import InputField
from crew_runtime.input_values import InputError, read_input
from crew_runtime.job_process import DiedError, JobProcess, TimedOutError, start_fork_server
from crew_runtime.jobs import Job, JobState, now
from crew_runtime.logs import event
from crew_runtime.metrics import JOB_SECONDS, JOBS_ENDED, MODEL_CALLS, TOKENS
from crew_runtime.payments.hashes import HashRule, result_hash
from crew_runtime.store import JobStore, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_BUILD_TIMEOUT_SECONDS: Final = 120
_KILLED_WITHIN_SECONDS: Final = 2
_STORE_AGAIN_SECONDS: Final = 1
_MOST_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once, and how much for one job.

    `submit_margin_seconds` is how long before submitResultTime a result must be there to get onto the chain.
    """

    parallel: int
    queue: int
    timeout_seconds: float
    model_calls: int
    tokens: int
    submit_margin_seconds: float = 0


class JobRunner:
    """Takes queued jobs of the store and keeps what becomes of them there."""

    def __init__(
        self,
        *,
        store: JobStore,
        crew: dict[str, Any],
        code: Path | None = None,
        documents: DocumentSet | None = None,
        fields: Sequence[InputField],
        model: ModelAccess,
        limits: Limits,
        folder: Path,
        hash_rule: HashRule = HashRule.MARKETPLACE,
    ) -> None:
        self._store = store
        self._crew = crew
        self._code = code
        self._documents = documents
        self._fields = fields
        self._model = model
        self._limits = limits
        self._folder = folder
        self._hash_rule = hash_rule
        self._free = asyncio.Semaphore(limits.parallel)
        self._threads = ThreadPoolExecutor(limits.parallel, thread_name_prefix="job")
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, JobProcess] = {}
        self._abandoned: set[str] = set()
        self._stopping = False
        self._crew_is_ready = False
        self.on_change: Callable[[], None] = lambda: None
        self.on_result: Callable[[], None] = lambda: None

    @property
    def crew_is_ready(self) -> bool:
        """Tell whether CrewAI has built the crew."""
        return self._crew_is_ready

    @property
    def is_stopping(self) -> bool:
        """Tell whether no more jobs are begun."""
        return self._stopping

    def is_full_with(self, coming: int) -> bool:
        """Tell whether, beside `coming` others, a further job would wait longer than the queue is meant for."""
        return len(self._tasks) + coming >= self._limits.parallel + self._limits.queue

    @property
    def known(self) -> set[str]:
        """Name the jobs that run or wait here."""
        return set(self._tasks)

    @property
    def running(self) -> int:
        """Count the jobs' processes."""
        return len(self._processes)

    def start(self) -> None:
        """Begin to load CrewAI in the fork server."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        start_fork_server("crew_runtime.warm")

    def take(self, job_id: str) -> None:
        """Run a stored job as soon as there is room; a job that is known already stays as it is."""
        if self._stopping or job_id in self._tasks:
            return
        self._tasks[job_id] = asyncio.create_task(self._bring_to_end(job_id))
        self.on_change()

    def abandon(self, job_id: str) -> bool:
        """End a job's process, if it has one here: the job is not this runtime's any more."""
        process = self._processes.get(job_id)
        if process:
            self._abandoned.add(job_id)
            process.kill()
        return process is not None

    async def stop(self, grace_seconds: float) -> None:
        """Begin no more jobs; give the running ones time to end, then end them, and leave them to the next runtime."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace_seconds)
        for process in list(self._processes.values()):
            process.kill()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_KILLED_WITHIN_SECONDS)
        event(_log, logging.INFO, "runner_stopped", jobs_left=len(self._tasks))
        self._threads.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _bring_to_end(self, job_id: str) -> None:
        try:
            async with self._free:
                if not self._stopping:
                    await self._run_and_keep(job_id)
        except Exception:  # noqa: BLE001 - what happened to one job must not reach another; the job stays open
            _log.exception("job_broke", extra={"fields": {"job_id": job_id}})
        finally:
            del self._tasks[job_id]
            self.on_change()

    async def _run_and_keep(self, job_id: str) -> None:
        found = await asyncio.to_thread(self._store.get, job_id)
        if found is None or found.state not in (JobState.QUEUED, JobState.RUNNING):
            return
        seconds = self._seconds_for(found)
        try:
            inputs = read_input(self._fields, found.input_data)
        except InputError:
            await self._fail(found, Failure.INPUT_OUTDATED)
            return
        if found.attempts >= _MOST_ATTEMPTS:
            await self._fail(found, Failure.JOB_INTERRUPTED)
        elif seconds <= 0:
            await self._fail(found, Failure.DEADLINE_PASSED)
        elif job := await asyncio.to_thread(self._store.start, job_id):
            event(_log, logging.INFO, "job_started", job_id=job_id, attempt=job.attempts)
            started = time.monotonic()
            run = asyncio.get_running_loop().run_in_executor(self._threads, self._run, job_id, inputs, seconds)
            await self._keep(job, await run, time.monotonic() - started)

    def _seconds_for(self, job: Job) -> float:
        if job.payment is None:
            return self._limits.timeout_seconds
        left = (job.payment.submit_result_time - now()) / 1000 - self._limits.submit_margin_seconds
        return min(self._limits.timeout_seconds, left)

    async def _keep(self, job: Job, answer: dict[str, Any], seconds: float) -> None:
        """Write down what became of a run, before anything else is done with it."""
        JOB_SECONDS.add(seconds)
        JOBS_ENDED.add(outcome="result" if "result" in answer else answer["failure"])
        common: dict[str, object] = {"job_id": job.id, "seconds": round(seconds, 3)}
        if "result" in answer:
            usage = answer.get("usage", {})
            MODEL_CALLS.add(usage.get("model_calls", 0))
            TOKENS.add(usage.get("tokens", 0))
            if await self._stored(lambda: self._keep_result(job, answer["result"].replace("\0", "\ufffd"))):
                event(_log, logging.INFO, "job_completed", **common, **usage)
                self.on_result()
        elif answer["failure"] == Failure.JOB_INTERRUPTED:
            await self._stored(lambda: self._store.put_back(job.id))
            event(_log, logging.INFO, "job_put_back", **common)
        else:
            await self._fail(job, Failure(answer["failure"]), **common, detail=answer["detail"])

    def _keep_result(self, job: Job, result: str) -> Job | None:
        if job.payment is None:
            return self._store.complete(job.id, result)
        hashed = result_hash(self._hash_rule, job.identifier_from_purchaser or "", result)
        return self._store.keep_result(job.id, result, hashed, self._hash_rule)

    async def _fail(self, job: Job, failure: Failure, **logged: object) -> None:
        """Fail a job; one that nobody paid gives way to the same request sent anew."""
        if await self._stored(lambda: self._store.fail(job.id, failure, repeatable=job.payment is None)):
            event(_log, logging.WARNING, "job_failed", **{"job_id": job.id, **logged, "failure": failure})

    async def _stored(self, write: Callable[[], Job | None]) -> Job | None:
        """Write, again and again while the store is away: what a job has cost must not be lost to that."""
        while True:
            try:
                return await asyncio.to_thread(write)
            except StoreUnavailableError as error:
                event(_log, logging.ERROR, "store_unavailable", reason=str(error))
                if self._stopping:
                    raise
                await asyncio.sleep(_STORE_AGAIN_SECONDS)

    def _run(self, job_id: str, inputs: dict[str, str], seconds: float) -> dict[str, Any]:
        folder = self._folder / job_id
        folder.mkdir()
        try:
            process = JobProcess(run_crew, self._work(inputs, folder))
            self._processes[job_id] = process
            if self._stopping:
                process.kill()
            return process.answer(timeout=seconds)
        except TimedOutError:
            return {"failure": Failure.JOB_TIMEOUT, "detail": ""}
        except (DiedError, EOFError, OSError):
            ended_here = self._stopping or job_id in self._abandoned
            failure = Failure.JOB_INTERRUPTED if ended_here else Failure.CREW_FAILED
            return {"failure": failure, "detail": "the job's process ended without an answer"}
        finally:
            self._abandoned.discard(job_id)
            self._processes.pop(job_id, None)
            shutil.rmtree(folder, ignore_errors=True)

    def try_out(self) -> str | None:
        """Let CrewAI build the crew once, and give the reason if it cannot. Blocks until CrewAI is loaded."""
        folder = self._folder / "trial"
        folder.mkdir()
        try:
            answer = JobProcess(build_crew, self._work({}, folder)).answer(timeout=_BUILD_TIMEOUT_SECONDS)
        except (DiedError, TimedOutError, EOFError, OSError) as error:
            return None if self._stopping else type(error).__name__
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._crew_is_ready = "result" in answer
        return None if self._crew_is_ready or self._stopping else str(answer["detail"])

    def _work(self, inputs: dict[str, str], folder: Path) -> CrewWork:
        return CrewWork(
            crew=self._crew,
            model=self._model,
            inputs=inputs,
            max_model_calls=self._limits.model_calls,
            max_tokens=self._limits.tokens,
            folder=folder,
            documents=self._documents,
            code=self._code,
        )
