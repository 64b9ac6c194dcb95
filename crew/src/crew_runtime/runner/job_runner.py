"""Runs jobs: a bounded number in parallel, the others queued, each in a worker of its own."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from crew_runtime.common.disk import is_full, no_space
from crew_runtime.common.logs import event
from crew_runtime.common.metrics import JOBS_ENDED
from crew_runtime.declared.input_values import InputError, read_input
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, Question, now, reference_of
from crew_runtime.model.agent_model import AgentModel
from crew_runtime.model.session import Budget
from crew_runtime.runner.messages import read_message
from crew_runtime.runner.open_questions import OpenQuestions
from crew_runtime.runner.outcomes import Outcomes
from crew_runtime.runner.plan import Limits, Plan
from crew_runtime.runner.slots import Slot, Slots
from crew_runtime.runner.worker_launcher import WorkerLauncher
from crew_runtime.runner.worker_process import DiedError, TimedOutError, WorkerProcess, is_ask, is_progress, is_span
from crew_runtime.store import JobStore
from crew_runtime.traces.job_trace import JobTrace
from crew_runtime.traces.parent import Parent
from crew_runtime.traces.span import AgentTraces

_log: Final = logging.getLogger(__name__)
_KILLED_WITHIN_SECONDS: Final = 2
_MOST_ATTEMPTS: Final = 3
_P = ParamSpec("_P")
_T = TypeVar("_T")


class JobRunner:
    """Runs the jobs of the store and stores their outcomes.

    A job that asks its customer gives its place to others while it waits. Its process waits with it, unless as many
    wait already as may run: then, as after a kill, the job runs again from its beginning when the answer is there, and
    is given all answers in their order without asking for them again.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        model: AgentModel,
        plan: Plan,
        slots: Slots,
        threads: Executor,
        traces: AgentTraces | None = None,
    ) -> None:
        self._traces = traces
        self._store = store
        self._model = model
        self._plan = plan
        self._slots = slots
        self._threads = threads
        self._outcomes = Outcomes(
            store,
            is_stopping=lambda: self._stopping,
            on_result=lambda: self.on_result(),  # noqa: PLW0108 - which is set later
        )
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, WorkerProcess] = {}
        self._traced: dict[str, JobTrace] = {}
        self._questions = OpenQuestions(lambda job_id: self._outcomes.write(lambda: store.get(job_id)))
        self._abandoned: set[str] = set()
        self._may_begin = asyncio.Event()
        self._may_begin.set()
        self._stopping = False
        self._crew_is_ready = False
        self.on_change: Callable[[], None] = lambda: None
        self.on_result: Callable[[], None] = lambda: None
        self.on_ran: Callable[[str, float], None] = lambda _job, _seconds: None
        self.on_progress: Callable[[dict[str, str]], None] = lambda _progress: None

    @property
    def crew_is_ready(self) -> bool:
        """Return whether CrewAI has built the crew."""
        return self._crew_is_ready

    @property
    def plan(self) -> Plan:
        """Return how jobs are done that begin now."""
        return self._plan

    @property
    def parallel(self) -> int:
        """Return how many jobs may run side by side."""
        return self._plan.limits.parallel

    @property
    def is_stopping(self) -> bool:
        """Return whether no more jobs are begun."""
        return self._stopping

    def is_full_with(self, coming: int) -> bool:
        """Return whether the queue has no room for a further job, besides `coming` others."""
        limits = self._plan.limits
        return len(self._tasks) - len(self._questions.jobs) + coming >= limits.parallel + limits.queue

    @property
    def seconds_without_model(self) -> int | None:
        """Return for how many seconds no new job can use the model, as the day's tokens are spent; None if it can."""
        day = self._model.day
        return day.seconds_left if day.is_spent else None

    @property
    def known(self) -> set[str]:
        """Return the ids of the jobs that run or wait here."""
        return set(self._tasks)

    @property
    def running(self) -> int:
        """Count the jobs that have a process, and ask nothing."""
        return len(self._processes.keys() - self._questions.jobs)

    @property
    def waiting(self) -> int:
        """Count the jobs that wait for a process."""
        return len(self._tasks) - self.running - self.asking

    @property
    def asking(self) -> int:
        """Count the jobs that wait for their customer."""
        return len(self._questions.jobs)

    def hold_back(self) -> None:
        """Begin no job until `let_begin`: something that they need is not there yet."""
        self._may_begin.clear()

    def let_begin(self) -> None:
        """Begin jobs from now on."""
        self._may_begin.set()

    def try_out(self, plan: Plan | None = None) -> str | None:
        """Let CrewAI build the crew once, and return the reason if it cannot; a plan that works holds from then on.

        Blocks until CrewAI is loaded.
        """
        plan = plan or self._plan
        # Embedding the documents takes what it takes.
        session = self._model.open(plan.access, {}, Budget(calls=plan.limits.model_calls))
        try:
            reason = plan.launcher.try_out(session.access)
        finally:
            self._model.close(session.access.key)
        if reason is None:
            self._plan = plan
            self._crew_is_ready = True
        elif told := session.told():
            reason = f"{reason} ({', '.join(map(str, told.values()))})"
        return None if self._stopping else reason

    def take(self, job_id: str) -> None:
        """Run a stored job as soon as there is room; a job that is known already stays as it is."""
        if self._stopping or job_id in self._tasks:
            return
        self._tasks[job_id] = asyncio.create_task(self._bring_to_end(job_id))
        self.on_change()

    def answered(self, job_id: str) -> None:
        """Go on with a job at once, if it waits here: its customer has answered."""
        self._questions.look(job_id)

    async def cancel(self, job: Job) -> bool:
        """End a job that its customer does not want any more; return whether that was possible, here and still.

        Raises:
            StoreUnavailableError

        """
        canceled = await self._outcomes.fail(job, Failure.CANCELED, waits=False)
        JOBS_ENDED.add(int(canceled), outcome=Failure.CANCELED)
        if canceled:
            self.abandon(job.id)
        return canceled

    def abandon(self, job_id: str) -> bool:
        """End a job, if it runs or asks here: it is not this runtime's any more."""
        if job_id in self._tasks:
            self._abandoned.add(job_id)
        process = self._processes.get(job_id)
        if process:
            process.kill()
        return self._questions.abandon(job_id) or process is not None

    async def stop(self, grace_seconds: float) -> None:
        """Begin no more jobs, give the running ones time to end, then end them: the next runtime runs them."""
        self._stopping = True
        self._may_begin.set()
        for job_id in self._questions.jobs:
            self._questions.abandon(job_id)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace_seconds)
        for process in list(self._processes.values()):
            process.kill()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_KILLED_WITHIN_SECONDS)
        event(_log, logging.INFO, "runner_stopped", jobs_left=len(self._tasks))
        self._plan.launcher.remove_all()

    async def _bring_to_end(self, job_id: str) -> None:
        try:
            await self._may_begin.wait()
            while not self._is_over(job_id) and await self._is_answered(job_id):
                async with Slot(self._slots, self) as slot:
                    if self._is_over(job_id) or await self._run_and_keep(job_id, slot):
                        break
        except Exception:  # noqa: BLE001 - what happened to one job must not reach another; the job stays open
            _log.exception("job_broke", extra={"fields": {"job": reference_of(job_id)}})
        finally:
            del self._tasks[job_id]
            self._traced.pop(job_id, None)
            self._abandoned.discard(job_id)
            self.on_change()

    def _is_over(self, job_id: str) -> bool:
        return self._stopping or job_id in self._abandoned

    async def _is_answered(self, job_id: str) -> bool:
        """Wait for the customer if the job asks; return whether it continues here."""
        job = await self._questions.settled(job_id)
        if job is None:
            return False
        if job.state is JobState.AWAITING_INPUT:
            failed = await self._outcomes.fail(job, Failure.INPUT_NOT_PROVIDED, expected=JobState.AWAITING_INPUT)
            JOBS_ENDED.add(int(failed), outcome=Failure.INPUT_NOT_PROVIDED)
            return not failed  # the answer has come at the last moment
        return job.state in (JobState.QUEUED, JobState.RUNNING)

    async def _run_and_keep(self, job_id: str, slot: Slot) -> bool:
        """Run a job; return whether it has ended, rather than asked its customer and left its place."""
        found = await asyncio.to_thread(self._store.get, job_id)
        if found is None or found.state not in (JobState.QUEUED, JobState.RUNNING):
            return True
        plan = self._plan
        seconds = min(plan.limits.timeout_seconds, _seconds_left(found, plan))
        try:
            inputs = read_input(plan.fields, found.input_data)
        except InputError:
            await self._outcomes.fail(found, Failure.INPUT_OUTDATED)
            return True
        if found.attempts >= _MOST_ATTEMPTS:
            await self._outcomes.fail(found, Failure.JOB_INTERRUPTED)
        elif seconds <= 0:
            await self._outcomes.fail(found, Failure.DEADLINE_PASSED)
        elif job := await asyncio.to_thread(self._store.start, job_id):
            event(_log, logging.INFO, "job_started", job=reference_of(job_id), attempt=job.attempts)
            started = time.monotonic()
            self._begin_trace(job)
            answer = await self._run(plan, job, inputs, seconds, slot)
            if answer is not None:  # first of all: somebody may have paid for it
                await self._outcomes.keep(job, answer, time.monotonic() - started, plan.hash_rule)
            self._end_trace(job, answer)
            return answer is not None
        return True

    def _begin_trace(self, job: Job) -> None:
        if self._traces:
            trace = JobTrace(
                job.id,
                reference=job.reference,
                attempt=job.attempts,
                agent=self._traces.agent,
                parent=Parent.of([job.traceparent or ""]),
                captures_content=self._traces.traces.captures_content,
            )
            self._traced[job.id] = trace

    def _end_trace(self, job: Job, answer: dict[str, Any] | None) -> None:
        """Hand a run's spans over: with its failure if it failed, and without an outcome if it goes on later."""
        trace = self._traced.pop(job.id, None)
        if self._traces and trace:
            told = answer or {}
            self._traces.traces.export(trace.spans(told.get("failure"), told.get("usage", {})))

    async def _run(
        self, plan: Plan, job: Job, inputs: dict[str, str], seconds: float, slot: Slot
    ) -> dict[str, Any] | None:
        """Run a job in a process; None if it asks its customer, and the process does not wait for the answer."""
        process = None
        begun = time.monotonic()
        session = self._model.open(plan.access, inputs, _budget_of(job, plan.limits))
        session.job, session.trace = job.reference, self._traced.get(job.id)
        try:
            process = await self._in_thread(
                plan.launcher.make,
                job.reference,
                inputs,
                session.access,
                niceness=slot.niceness,
                is_traced=session.trace is not None,
            )
            self._processes[job.id] = process
            if self._is_over(job.id):  # which came while the process was started
                process.kill()
            answer = await self._converse(plan, job, process, seconds, slot)
            return answer and await asyncio.to_thread(session.explained, answer)
        except OSError as error:
            if not is_full(error):
                return self._died(job)
            return {"failure": Failure.NO_SPACE, "detail": no_space(error.filename)}
        except (DiedError, EOFError):
            return self._died(job)
        finally:
            self._model.close(session.access.key)
            self._processes.pop(job.id, None)
            await asyncio.to_thread(_clean_up, plan.launcher, job.id, process)
            self.on_ran(job.reference, time.monotonic() - begun)

    def _died(self, job: Job) -> dict[str, Any]:
        failure = Failure.JOB_INTERRUPTED if self._is_over(job.id) else Failure.CREW_FAILED
        return {"failure": failure, "detail": "the job's process ended without an answer"}

    async def _converse(
        self, plan: Plan, job: Job, process: WorkerProcess, seconds: float, slot: Slot
    ) -> dict[str, Any] | None:
        """Read what the worker sends and answer what it asks; its waiting time is not counted."""
        answers = iter(job.answers)
        under_way: dict[str, str] = {}
        while True:
            begun = time.monotonic()
            try:
                message = read_message(await self._in_thread(process.next_message, timeout=max(0, seconds)))
            except TimedOutError:
                return {"failure": Failure.JOB_TIMEOUT, "detail": "", "report": under_way}
            seconds -= time.monotonic() - begun
            if is_span(message):
                if job.id in self._traced:
                    self._traced[job.id].hear(message["span"])
                continue
            if is_progress(message):
                progress = message["progress"]
                if "tool_failure" not in progress:  # not every task has a name
                    under_way = progress
                self.on_progress(progress)
                continue
            if not is_ask(message):
                return message
            answer = next(answers, None)
            if answer is None:
                answer = await self._ask(plan, job, message["ask"], slot)
                seconds = min(seconds, _seconds_left(job, plan))
            if answer is None:
                return None
            await self._in_thread(process.reply, answer)

    async def _ask(self, plan: Plan, job: Job, asked: dict[str, Any], slot: Slot) -> str | None:
        """Put a question to the customer; None if the process is not to wait for the answer, or there is none."""
        ask_seconds = min(plan.limits.ask_seconds, _seconds_left(job, plan))
        question = Question(
            prompt=asked["prompt"], is_draft=asked["is_draft"], answer_by=now() + int(ask_seconds * 1000)
        )
        if not await self._outcomes.write(lambda: self._store.ask(job.id, question)):
            return None
        event(_log, logging.INFO, "input_awaited", job=job.reference, answer_by=question.answer_by)
        with_process = len(self._processes.keys() & self._questions.jobs)
        if self._stopping or with_process >= self.parallel or not self._slots.park():
            return None
        slot.give_back()
        try:
            found = await self._questions.settled(job.id)
        finally:
            self._slots.unpark()
        if found is None or found.state is not JobState.RUNNING:
            return None
        await slot.take()
        resumed = await self._outcomes.write(lambda: self._store.start(job.id))
        return resumed.answers[-1] if resumed else None

    async def _in_thread(self, do: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> _T:
        work = partial(copy_context().run, do, *given, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _seconds_left(job: Job, plan: Plan) -> float:
    if job.payment is None:
        return float("inf")
    return (job.payment.submit_result_time - now()) / 1000 - plan.limits.submit_margin_seconds


def _budget_of(job: Job, limits: Limits) -> Budget:
    """Return what a job may use; one that was paid for is done even when the day's tokens are spent."""
    return Budget(calls=limits.model_calls, tokens=limits.tokens, ends_with_the_day=job.payment is None)


def _clean_up(launcher: WorkerLauncher, job_id: str, process: WorkerProcess | None) -> None:
    if process:
        process.kill()
        process.end()
    launcher.remove(reference_of(job_id))
