"""Whose work is being done, where one process serves many agents: logs and metrics name it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_CURRENT: Final[ContextVar[str | None]] = ContextVar("agent", default=None)


def current_agent() -> str | None:
    """Return the agent's id; None where there is but one agent, or the work is for all of them."""
    return _CURRENT.get()


@contextmanager
def work_for(agent_id: str | None) -> Iterator[None]:
    """Do what is in the block, and all tasks that it begins, for an agent."""
    before = _CURRENT.set(agent_id)
    try:
        yield
    finally:
        _CURRENT.reset(before)
