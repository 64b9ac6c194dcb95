"""Hears what CrewAI says of a running crew: which task begins, and which tool failed.

What a tool raises never reaches the worker: CrewAI tells it to the model, as text.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from crew_runtime.crewai.outcome.names import offered_name
from crew_runtime.crewai.outcome.what_failed import name_of, place_in

_HEARD_WITHIN_SECONDS: Final = 2

Tell = Callable[[dict[str, str]], None]


def _nobody(_progress: dict[str, str]) -> None:
    pass


@dataclass(slots=True)
class CrewEvents:
    """What was heard so far. `tell` gets `{"task"}` of each task that begins, and the report of a tool that fails."""

    code: Path | None
    tell: Tell = _nobody
    _tool: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def listen(self) -> None:
        """Hear CrewAI's events from now on; they come from other threads."""
        from crewai.events import TaskStartedEvent, ToolUsageErrorEvent, crewai_event_bus

        @crewai_event_bus.on(TaskStartedEvent)  # type: ignore[untyped-decorator] # CrewAI is not read for its types
        def on_task(_source: object, event: TaskStartedEvent) -> None:
            self.tell({"task": str(getattr(event.task, "name", None) or "")})

        @crewai_event_bus.on(ToolUsageErrorEvent)  # type: ignore[untyped-decorator]
        def on_tool_error(source: object, event: ToolUsageErrorEvent) -> None:
            self._note(offered_name(source, str(event.tool_name)), event.error)

    def _note(self, tool: str, error: object) -> None:
        if not isinstance(error, BaseException):
            return
        at = self.code and place_in(self.code, error)
        place = f" at {at}" if at else ""
        noted = {"tool_failure": f"{tool} raised {name_of(error)}{place}", "tool_message": str(error)}
        with self._lock:
            self._tool = noted
        self.tell(noted)

    def tool_failure(self) -> dict[str, str]:
        """Return the report of the last tool that failed, once all that happened was heard; nothing if none did."""
        from crewai.events import crewai_event_bus

        crewai_event_bus.flush(_HEARD_WITHIN_SECONDS)
        with self._lock:
            return dict(self._tool)
