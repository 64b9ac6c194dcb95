"""Runs jobs: a bounded number side by side, a bounded number waiting, each in a process of its own."""

import asyncio
import logging
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crew_runtime.crew_worker import CrewWork, ModelAccess, build_crew, run_crew
from crew_runtime.failures import Failure
from crew_runtime.job_process import DiedError, JobProcess, TimedOutError, start_fork_server
from crew_runtime.jobs import Job, JobStore
from crew_runtime.logs import event
from crew_runtime.task_protection import TaskProtection

_log: Final = logging.getLogger(__name__)
_BUILD_TIMEOUT_SECONDS: Final = 120
_KILLED_WITHIN_SECONDS: Final = 2


class QueueFullError(Exception):
    """No further job can wait."""


class StoppingError(Exception):
    """The runtime is stopping and takes no job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once, and how much for one job."""

    parallel: int
    queue: int
    timeout_seconds: float
    model_calls: int


class JobRunner:
    """Takes jobs on and brings each to a final state in the store."""

    def __init__(
        self, *, store: JobStore, crew: dict[str, Any], model: ModelAccess, limits: Limits, folder: Path
    ) -> None:
        self._store = store
        self._crew = crew
        self._model = model
        self._limits = limits
        self._folder = folder
        self._protection: TaskProtection | None = None
        self._free = asyncio.Semaphore(limits.parallel)
        self._threads = ThreadPoolExecutor(limits.parallel, thread_name_prefix="job")
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._processes: dict[str, JobProcess] = {}
        self._stopping = False
        self._crew_is_ready = False

    @property
    def crew_is_ready(self) -> bool:
        """Tell whether CrewAI has built the crew."""
        return self._crew_is_ready

    def start(self, protection: TaskProtection | None = None) -> None:
        """Begin to load CrewAI in the fork server, and fail what an earlier process left open.

        `protection` is told from now on whether there are jobs.
        """
        self._protection = protection
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        left = self._store.fail_open(Failure.JOB_INTERRUPTED)
        if left:
            event(_log, logging.WARNING, "jobs_interrupted", jobs=left)
        start_fork_server("crew_runtime.warm")

    async def submit(self, job: Job, inputs: dict[str, str]) -> None:
        """Store the job, then run it as soon as there is room. On return the job is durable.

        Raises:
            QueueFullError, StoppingError: the job was not taken, and nothing of it is kept.

        """
        if self._stopping:
            raise StoppingError
        if self._open >= self._limits.parallel + self._limits.queue:
            raise QueueFullError
        self._count(1)
        try:
            await asyncio.to_thread(self._store.add, job)
        except BaseException:
            self._count(-1)
            raise
        event(_log, logging.INFO, "job_accepted", job_id=job.id, open_jobs=self._open)
        task = asyncio.create_task(self._bring_to_end(job, inputs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more jobs; give the running ones time to end, then end them, and fail all that are open."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        for process in list(self._processes.values()):
            process.kill()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_KILLED_WITHIN_SECONDS)
        left = await asyncio.to_thread(self._store.fail_open, Failure.JOB_INTERRUPTED)
        event(_log, logging.INFO, "runner_stopped", jobs_interrupted=left)
        self._threads.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _bring_to_end(self, job: Job, inputs: dict[str, str]) -> None:
        try:
            async with self._free:
                if self._stopping:
                    return  # stays open for fail_open
                await asyncio.to_thread(self._store.start, job.id)
                started = time.monotonic()
                answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._run, job.id, inputs)
                await self._finish(job, answer, time.monotonic() - started)
        except Exception:  # noqa: BLE001 - a job that nobody waits for must not stay open
            _log.exception("job_lost", extra={"fields": {"job_id": job.id}})
            await asyncio.to_thread(self._store.fail, job.id, Failure.CREW_FAILED)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._open += change
        if self._protection:
            self._protection.note(busy=self._open > 0)

    async def _finish(self, job: Job, answer: dict[str, Any], seconds: float) -> None:
        common: dict[str, object] = {"job_id": job.id, "seconds": round(seconds, 3)}
        if "result" in answer:
            await asyncio.to_thread(self._store.complete, job.id, answer["result"])
            event(_log, logging.INFO, "job_completed", **common, **answer["usage"])
        else:
            failure = Failure(answer["failure"])
            await asyncio.to_thread(self._store.fail, job.id, failure)
            event(_log, logging.WARNING, "job_failed", **common, failure=failure, detail=answer["detail"])

    def _run(self, job_id: str, inputs: dict[str, str]) -> dict[str, Any]:
        folder = self._folder / job_id
        folder.mkdir()
        try:
            process = JobProcess(run_crew, self._work(inputs, folder))
            self._processes[job_id] = process
            if self._stopping:
                process.kill()
            return process.answer(timeout=self._limits.timeout_seconds)
        except TimedOutError:
            return {"failure": Failure.JOB_TIMEOUT, "detail": ""}
        except (DiedError, EOFError, OSError):
            failure = Failure.JOB_INTERRUPTED if self._stopping else Failure.CREW_FAILED
            return {"failure": failure, "detail": "the job's process ended without an answer"}
        finally:
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
            folder=folder,
        )
