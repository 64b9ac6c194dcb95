"""Collects what one run of a job did, and makes spans of it once it has ended."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from crew_runtime.traces.parent import Parent
from crew_runtime.traces.span import Attributes, Span, new_span, request_of, trace_of

_MOST_STEPS: Final = 2000
"""Of a job's process, which could tell of any number, and as many calls."""
_DEEPEST: Final = 30
_OF_FLOWS: Final = frozenset(("flow", "method"))
_UNFINISHED: Final = "unfinished"
_OPERATIONS: Final[Mapping[str, str]] = {
    "agent": "invoke_agent",
    "crew": "invoke_workflow",
    "flow": "invoke_workflow",
    "tool": "execute_tool",
}
_NAMES: Final[Mapping[str, str]] = {
    "agent": "gen_ai.agent.name",
    "flow": "gen_ai.workflow.name",
    "tool": "gen_ai.tool.name",
}
_CALLS: Final[Mapping[str, str]] = {"completions": "text_completion", "embeddings": "embeddings"}
"""The names that OpenTelemetry's conventions for generative AI have for these: version 1.44, which is locked with its
SDK."""
_MOST_CONTENT: Final = 2 * 1024 * 1024
"""Characters of what models were asked and answered, of one run: each call repeats what was said before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """A call of the model as the gateway saw it. Tokens are 0 where the API did not tell.

    `asked` and `answered` are messages as JSON, where they are wanted at all.
    """

    path: str
    model: str
    begun: int
    ended: int
    input_tokens: int
    output_tokens: int
    api: str
    error: str | None = None
    asked: str | None = None
    answered: str | None = None


@dataclass(slots=True)
class _Step:
    """Something that the job's process tells of: a crew, a task, an agent's work, a tool."""

    kind: str
    name: str
    parent: str
    begun: int
    ended: int | None = None
    error: str | None = None
    span_id: int = field(default_factory=new_span)


class JobTrace:
    """One run of a job, from its begin to `spans`. Its parts may be told from several threads.

    `parent` is where the request that began the job said that it belongs.
    """

    def __init__(
        self,
        job_id: str,
        *,
        reference: str,
        attempt: int,
        agent: str,
        parent: Parent | None = None,
        captures_content: bool = False,
    ) -> None:
        self.captures_content = captures_content
        self._content = 0
        self._job_id = job_id
        self._trace_id = parent.trace_id if parent else trace_of(job_id)
        self._attributes: Attributes = {"masumi.job": reference, "masumi.attempt": attempt, "gen_ai.agent.id": agent}
        self._begun = time.time_ns()
        self._steps: dict[str, _Step] = {}
        self._calls: list[ModelCall] = []
        self._left_out = 0

    def hear(self, said: Mapping[str, Any]) -> None:
        """Take what the job's process says: that a step begins, or that one ends; see runner/messages.py."""
        if said["state"] == "ended":
            step = self._steps.get(said["id"])
            if step:
                step.ended, step.error = said["at"], said["error"] or None
        elif len(self._steps) < _MOST_STEPS:
            self._steps[said["id"]] = _Step(said["kind"], said["name"], said["parent"], said["at"])
        else:
            self._left_out += 1

    def call(self, call: ModelCall) -> None:
        """Take a call of the model; what was asked and answered, as long as there is room for it."""
        if len(self._calls) >= _MOST_STEPS:
            self._left_out += 1
            return
        self._content += len(call.asked or "") + len(call.answered or "")
        self._calls.append(call if self._content <= _MOST_CONTENT else replace(call, asked=None, answered=None))

    def spans(self, failure: str | None, usage: Mapping[str, int]) -> Iterator[Span]:
        """Make spans of a run that has ended, with the code of its failure if it failed."""
        ended = time.time_ns()
        job = new_span()
        own: Attributes = {**self._attributes, **{f"masumi.{name}": number for name, number in usage.items()}}
        if self._left_out:
            own["masumi.steps_left_out"] = self._left_out
        yield Span(
            name="job",
            trace_id=self._trace_id,
            span_id=job,
            parent_id=request_of(self._job_id),
            begun=self._begun,
            ended=ended,
            attributes=own,
            error=failure,
        )
        shown = [step for step in self._steps.values() if not self._is_inner(step)]
        for step in shown:
            parent = self._above(step)
            yield self._step(step, parent.span_id if parent else job, ended)
        for call in self._calls:
            yield self._call(call, _under_way(shown, call.begun, ended) or job)

    def _above(self, step: _Step) -> _Step | None:
        """Return the nearest step around another that is shown."""
        return next((above for above in self._around(step) if not self._is_inner(above)), None)

    def _is_inner(self, step: _Step) -> bool:
        """Return whether a step is how CrewAI's agents work inside, which are flows themselves."""
        if step.kind not in _OF_FLOWS:
            return False
        above = next((above for above in self._around(step) if above.kind not in _OF_FLOWS), None)
        return above is not None and above.kind == "agent"

    def _around(self, step: _Step) -> Iterator[_Step]:
        """Give the steps around another, from within; not any number: their process could tell of circles."""
        above = self._steps.get(step.parent)
        for _ in range(_DEEPEST):
            if above is None:
                return
            yield above
            above = self._steps.get(above.parent)

    def _step(self, step: _Step, parent: int, last: int) -> Span:
        return Span(
            name=f"{_OPERATIONS.get(step.kind, step.kind)} {step.name}".strip(),
            trace_id=self._trace_id,
            span_id=step.span_id,
            parent_id=parent,
            begun=step.begun,
            ended=max(step.begun, step.ended or last),
            attributes=_attributes_of(step),
            error=_UNFINISHED if step.ended is None else step.error,
        )

    def _call(self, call: ModelCall, parent: int) -> Span:
        place = urlsplit(call.api)
        operation = _CALLS.get(call.path, "chat")
        attributes: Attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": call.model,
            "server.address": place.hostname or "",
            "server.port": place.port or (80 if place.scheme == "http" else 443),
        }
        if call.input_tokens or call.output_tokens:
            attributes["gen_ai.usage.input_tokens"] = call.input_tokens
            if operation != "embeddings":
                attributes["gen_ai.usage.output_tokens"] = call.output_tokens
        if call.asked:
            attributes["gen_ai.input.messages"] = call.asked
        if call.answered:
            attributes["gen_ai.output.messages"] = call.answered
        return Span(
            name=f"{operation} {call.model}",
            trace_id=self._trace_id,
            span_id=new_span(),
            parent_id=parent,
            begun=call.begun,
            ended=call.ended,
            kind="client",
            attributes=attributes,
            error=call.error,
        )


def _under_way(steps: list[_Step], moment: int, last: int) -> int | None:
    """Return the innermost step that was under way, which is the one that began last: the gateway is not told."""
    under_way = [step for step in steps if step.begun <= moment <= (step.ended or last)]
    return max(under_way, key=lambda step: step.begun).span_id if under_way else None


def _attributes_of(step: _Step) -> Attributes:
    operation = _OPERATIONS.get(step.kind)
    found: Attributes = {"masumi.step": step.kind}
    if operation:
        found["gen_ai.operation.name"] = operation
    if step.name and step.kind in _NAMES:
        found[_NAMES[step.kind]] = step.name
    if step.kind == "tool":
        found["gen_ai.tool.type"] = "function"
    return found
