"""Remembers what failed where CrewAI goes on without it, so that no result is given out as if nothing had happened.

CrewAI only logs it if knowledge cannot be read or searched, or memory cannot be searched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from crew_runtime.crewai.author.errors import AuthorCodeError

_FLUSHED_WITHIN_SECONDS: Final = 10


class FailedSilentlyError(AuthorCodeError):
    """Part of the crew did not work; the text says which, and the cause is why."""


class _Failures:
    def __init__(self) -> None:
        self._what: str | None = None
        self._cause: Exception | None = None

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Remember the exception as the cause of what fails by it, if anything does."""
        try:
            yield
        except Exception as error:
            self._cause = error
            raise

    @contextmanager
    def noted(self, what: str) -> Iterator[None]:
        """Take down that this failed, though the exception may be caught."""
        try:
            with self.remembered():
                yield
        except Exception:
            self.note(what)
            raise

    def note(self, what: str) -> None:
        """Take down what failed."""
        self._what = self._what or what

    def raise_noted(self, *, in_full: bool = False) -> None:
        """Raise what failed, if anything has; with the reason in full only where no customer is involved.

        Raises:
            FailedSilentlyError: from the exception, where that is known.

        """
        from crewai.events.event_bus import crewai_event_bus

        crewai_event_bus.flush(timeout=_FLUSHED_WITHIN_SECONDS)
        if self._what:
            reason = f": {type(self._cause).__name__}: {self._cause}" if in_full and self._cause else ""
            raise FailedSilentlyError(f"{self._what}{reason}") from self._cause


FAILURES: Final = _Failures()
"""Of this process, which does one job."""


@cache
def note_failures() -> None:
    """Listen to what CrewAI reports to its event bus alone; once."""
    from crewai.events.event_bus import crewai_event_bus
    from crewai.events.types.knowledge_events import KnowledgeQueryFailedEvent, KnowledgeSearchQueryFailedEvent
    from crewai.events.types.memory_events import MemoryQueryFailedEvent, MemoryRetrievalFailedEvent

    for events, what in (
        ((KnowledgeQueryFailedEvent, KnowledgeSearchQueryFailedEvent), "knowledge could not be searched"),
        ((MemoryQueryFailedEvent, MemoryRetrievalFailedEvent), "memory could not be searched"),
    ):
        for event in events:
            crewai_event_bus.register_handler(event, _noting(what))


def _noting(what: str) -> Any:  # noqa: ANN401 - CrewAI's
    def note(_source: object, _event: object) -> None:
        FAILURES.note(what)

    return note
