"""What one job may use of the model, and what it has used."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crew_runtime.job.failures import Failure
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.model.answer_text import text_of
from crew_runtime.model.calls import Call
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.model.model_error import model_error
from crew_runtime.traces.job_trace import JobTrace

_MOST_AT_ONCE: Final = 8
"""Calls of one job that are under way; their bodies are in this process's memory."""
_ANSWERS_KEPT: Final = 3
"""The judge of a guardrail answers too, and after a tool the model is asked again."""
_EXPLAINED: Final = frozenset(
    (
        Failure.CREW_FAILED,
        Failure.EMPTY_RESULT,
        Failure.GUARDRAIL_NOT_MET,
        Failure.MODEL_REFUSED,
        Failure.MODEL_UNAVAILABLE,
    )
)
"""Failures that are only what became of a job that was refused the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a job may use: calls, and tokens of prompts and answers together; None is no limit.

    `ends_with_the_day`: the day's limit stops the job as well. A job that was paid for is done all the same.
    """

    calls: int | None = None
    tokens: int | None = None
    ends_with_the_day: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """A call of the model's API that failed: where, with which status if any, what it said, and what it was asked."""

    url: str
    status: int | None
    said: str
    sent: object


@dataclass(slots=True)
class Session:
    """One job's use of the model, from the gateway's `open` to its `close`.

    Calls and tokens are counted where they pass, so that it does not matter by which client, process or thread a job
    asks. A call may begin while something is left, and is not cut short: the tokens of the last one may come on top.
    Near the end calls wait for those under way, so that there is but one last one.
    """

    access: ModelAccess
    """What the job is given: the gateway's address, and a token of its own for a key."""
    model: ModelAccess
    """The agent's model itself, which no job is told of."""
    budget: Budget
    day: DailyTokens
    agent: str | None = None
    job: str = ""
    """The job's reference; empty where a crew is only tried out."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    calls: int = 0
    tokens: int = 0
    spent: Failure | None = None
    failed: Failed | None = None
    """The last call, if it failed."""
    answers: deque[bytearray] = field(default_factory=lambda: deque(maxlen=_ANSWERS_KEPT), repr=False)
    """The last answers of the model, as its API gave them."""
    trace: JobTrace | None = None
    """Hears of each call, where jobs are traced."""
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_AT_ONCE))
    _reserved: int = 0
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def admit(self, call: Call) -> Failure | None:
        """Reserve what a call is reckoned to take, and return None; or return what is spent."""
        most = self.budget.tokens
        while most is not None and self.tokens < most <= self.tokens + self._reserved:
            self._settled.clear()
            await self._settled.wait()
        self.spent = self._missing(call) or self.spent
        if self.spent:
            return self.spent
        self._reserved += call.expected
        self.calls += call.generates
        return None

    def _missing(self, call: Call) -> Failure | None:
        if call.generates and self.budget.calls is not None and self.calls >= self.budget.calls:
            return Failure.MODEL_BUDGET_SPENT
        if self.budget.tokens is not None and self.tokens >= self.budget.tokens:
            return Failure.TOKEN_BUDGET_SPENT
        if self.budget.ends_with_the_day and self.day.is_spent:
            return Failure.DAILY_TOKENS_SPENT
        return None

    def charge(self, model: str, asked: int, answered: int) -> None:
        """Count what an admitted call has taken: the tokens of question and answer."""
        self.tokens += asked + answered
        self.day.add(ModelUsage(job=self.job, model=model, input_tokens=asked, output_tokens=answered))

    def release(self, call: Call) -> None:
        """Give up what was reserved for an admitted call, which is over and charged."""
        self._reserved -= call.expected
        self._settled.set()

    def new_answer(self, call: Call) -> bytearray:
        """Return where the answer to a call is remembered, for the report if the job fails; embeddings are not."""
        answer = bytearray()
        if call.generates:
            self.answers.append(answer)
        return answer

    @property
    def usage(self) -> dict[str, int]:
        """What was used so far, for the log."""
        return {"model_calls": self.calls, "tokens": self.tokens}

    def explained(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return a worker's answer with what is known here: the usage, a spent budget, what the model's API said.

        The worker is not asked for these: its crew could say what it likes. Takes a moment after a long prompt.
        """
        known = {name: value for name, value in answer.items() if name not in ("usage", "model")}
        if "result" in known:
            return {**known, "usage": self.usage}
        if self.answers:
            known["report"] = {**known.get("report", {}), "model_answers": self._said()}
        if self.spent and known["failure"] in _EXPLAINED:
            return {**known, "failure": self.spent}
        told = self.told()
        return {**known, "model": told} if told else known

    def _said(self) -> list[str]:
        return [text_of(bytes(answer)).replace(self.model.key, "***") for answer in self.answers]

    def told(self) -> dict[str, str | int] | None:
        """Return what the model's API said, if the last call failed: for the operator's log."""
        if self.failed is None:
            return None
        url, status, said, sent = self.failed.url, self.failed.status, self.failed.said, self.failed.sent
        return model_error(url, status, said, key=self.model.key, sent=sent, inputs=self.inputs)
