"""One job that its author watches."""

import asyncio
import time
from typing import Any, Final

from crew_runtime.job.failures import MESSAGES
from crew_runtime.job.job import Job, JobState
from crew_runtime.job.json_result import read_as
from crew_runtime.model.gateway import ModelGateway
from crew_runtime.model.session import Session
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.store import JobStore
from crew_runtime.try_out.conversation import Conversation

_LOOK_SECONDS: Final = 0.05


class Trial:
    """Lets a runner do a job, and tells what happens in it."""

    def __init__(self, runner: JobRunner, gateway: ModelGateway, store: JobStore, conversation: Conversation) -> None:
        self._runner = runner
        self._store = store
        self._conversation = conversation
        self._usage = {"model_calls": 0, "tokens": 0}
        gateway.on_call = self._note_call
        runner.on_progress = self._tell_progress

    async def run(
        self, input_data: dict[str, Any], agent_identifier: str, schema: dict[str, Any] | None = None
    ) -> None:
        """Do a job with this input, and tell how it ends; its result is held against the schema if there is one."""
        begun = time.monotonic()
        job = await asyncio.to_thread(self._store.add, Job(input_data=input_data, agent_identifier=agent_identifier))
        self._runner.take(job.id)
        while job.id in self._runner.known and not self._conversation.cancelled.is_set():
            await self._ask_if_asked(job.id)
            await asyncio.sleep(_LOOK_SECONDS)
        if self._conversation.cancelled.is_set():
            self._runner.abandon(job.id)
            self._conversation.tell("cancelled")
            return
        ended = await asyncio.to_thread(self._store.get, job.id)
        assert ended  # noqa: S101 - nobody else has the store
        common = {"seconds": round(time.monotonic() - begun, 3), **self._usage}
        if ended.failure:
            told = {"failure": ended.failure, "message": MESSAGES[ended.failure], "report": ended.failure_report or {}}
            self._conversation.tell("failed", **told, **common)
        else:
            checked = {} if schema is None else {"schema_problem": _problem(schema, ended.result or "")}
            self._conversation.tell("completed", result=ended.result, **checked, **common)

    async def _ask_if_asked(self, job_id: str) -> None:
        """Put the crew's question, and hand on its answer."""
        if not self._runner.asking:
            return
        job = await asyncio.to_thread(self._store.get, job_id)
        if job is None or job.state is not JobState.AWAITING_INPUT or job.question is None:
            return
        self._conversation.tell("asked", prompt=job.question.prompt, is_draft=job.question.is_draft)
        answer = await self._answer()
        if answer is not None:
            await asyncio.to_thread(self._store.answer, job.id, job.status_id, answer)
            self._runner.answered(job.id)

    async def _answer(self) -> str | None:
        """Wait for an answer; None if the trial is to end instead."""
        answer = asyncio.create_task(self._conversation.answers.get())
        cancelled = asyncio.create_task(self._conversation.cancelled.wait())
        await asyncio.wait((answer, cancelled), return_when=asyncio.FIRST_COMPLETED)
        cancelled.cancel()
        if answer.done():
            return answer.result()
        answer.cancel()
        return None

    def _note_call(self, session: Session) -> None:
        self._usage = session.usage
        self._conversation.tell("model_called", **self._usage)

    def _tell_progress(self, progress: dict[str, str]) -> None:
        if "tool_failure" in progress:
            self._conversation.tell("tool_failed", **progress)
        else:
            self._conversation.tell("task", task=progress.get("task", ""))  # not every task has a name


def _problem(schema: dict[str, Any], result: str) -> str | None:
    fits, said = read_as(schema, result)
    return None if fits else said
