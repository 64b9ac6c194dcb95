"""Tells the runner when crews, tasks, agents' work and tools begin and end; nothing of what they are given, or give.

An agent's role may quote a customer, so agents are called as they are declared, and others not by a name.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from crew_runtime.crewai.outcome.names import declared_name, offered_name

_LONGEST_NAME: Final = 200

Send = Callable[[dict[str, Any]], None]


class CrewSpans:
    """Sends {"span": …} for each step of a running crew that CrewAI tells of (runner/messages.py).

    `agents` are those that are declared.
    """

    def __init__(self, send: Send, agents: Mapping[str, Any]) -> None:
        self._send = send
        self._agents = agents

    def listen(self) -> None:
        """Hear CrewAI's events from now on; they come from other threads, which CrewAI begins in their order."""
        from crewai.events import crewai_event_bus

        for kind, name, began, ended, failed in _steps():
            crewai_event_bus.on(began)(self._on_begin(kind, name))
            crewai_event_bus.on(ended)(self._on_end(is_failure=False))
            if failed:
                crewai_event_bus.on(failed)(self._on_end(is_failure=True))

    def flush(self) -> None:
        """Wait until all that happened was told."""
        from crewai.events import crewai_event_bus

        crewai_event_bus.flush(2)

    def _on_begin(self, kind: str, name: str | None) -> Callable[[object, Any], None]:
        def on_begin(source: object, event: Any) -> None:  # noqa: ANN401 - CrewAI is not read for its types
            named = str(getattr(event, name, None) or "") if name else ""
            if kind == "task":
                named = str(getattr(event.task, "name", None) or "")
            if kind == "tool":
                named = offered_name(source, named)
            if kind == "agent":
                named = declared_name(event.agent, self._agents) or ""
            begun = {"kind": kind, "name": named[:_LONGEST_NAME], "parent": event.parent_event_id or ""}
            self._send({"span": {"state": "begun", "id": event.event_id, "at": _nanoseconds(event.timestamp), **begun}})

        return on_begin

    def _on_end(self, *, is_failure: bool) -> Callable[[object, Any], None]:
        def on_end(_source: object, event: Any) -> None:  # noqa: ANN401 - as above
            error = getattr(event, "error", None) if is_failure else None
            what = type(error).__name__ if isinstance(error, BaseException) else "failed" if is_failure else ""
            at = _nanoseconds(event.timestamp)
            self._send({"span": {"state": "ended", "id": event.started_event_id or "", "at": at, "error": what}})

        return on_end


def _steps() -> Iterator[tuple[str, str | None, type[Any], type[Any], type[Any] | None]]:
    """Return each kind of step, where its name is, and the events of its begin, its end and its failure."""
    from crewai import events

    yield (
        "crew",
        None,
        events.CrewKickoffStartedEvent,
        events.CrewKickoffCompletedEvent,
        events.CrewKickoffFailedEvent,
    )
    yield "task", None, events.TaskStartedEvent, events.TaskCompletedEvent, events.TaskFailedEvent
    yield (
        "agent",
        None,
        events.AgentExecutionStartedEvent,
        events.AgentExecutionCompletedEvent,
        events.AgentExecutionErrorEvent,
    )
    yield "tool", "tool_name", events.ToolUsageStartedEvent, events.ToolUsageFinishedEvent, events.ToolUsageErrorEvent
    yield "flow", "flow_name", events.FlowStartedEvent, events.FlowFinishedEvent, None
    yield (
        "method",
        "method_name",
        events.MethodExecutionStartedEvent,
        events.MethodExecutionFinishedEvent,
        events.MethodExecutionFailedEvent,
    )


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
