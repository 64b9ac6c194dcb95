"""Finds out what failed in a crew: the exception, the line of its author's own code, the task and the agent."""

import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.crewai.outcome.names import declared_name

if TYPE_CHECKING:
    from types import FrameType

_PACKAGES: Final = "site-packages"


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and its causes, each once: CrewAI makes circular chains."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def name_of(error: BaseException) -> str:
    """Return the whole name of an exception's class."""
    return f"{type(error).__module__}.{type(error).__qualname__}"


def what_failed(error: BaseException, *, code: Path | None, agents: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts of a report that an exception tells: `exception`, and `at`, `task` and `agent` if there are any.

    `code` is the folder of the author's own code, `agents` are those that are declared. The name of any other agent is
    left out, as its role may have been made of a customer's input.
    """
    found = {
        "exception": "\nfrom ".join(f"{name_of(cause)}: {cause}" for cause in chain(error)),
        "at": code and place_in(code, error),
        **_task_and_agent(error, agents),
    }
    return {name: value for name, value in found.items() if value}


def place_in(code: Path, error: BaseException) -> str | None:
    """Return the author's own line where an exception came from, such as `tools/search.py:12 in look_up`."""
    for cause in chain(error):
        frames = traceback.extract_tb(cause.__traceback__)
        places = [(frame.filename, frame.lineno, f" in {frame.name}") for frame in frames]
        if isinstance(cause, SyntaxError) and cause.filename:
            places.append((cause.filename, cause.lineno, ""))
        for file, line, function in reversed(places):
            if own := _within(code, file):
                return f"{own}:{line}{function}".removesuffix(" in <module>")
    return None


def _within(code: Path, file: str) -> Path | None:
    path = Path(file)
    for folder in (code, code.resolve()):
        if path.is_relative_to(folder):
            own = path.relative_to(folder)
            return None if _PACKAGES in own.parts else own
    return None


def _task_and_agent(error: BaseException, agents: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the innermost task and agent that were at work, by what the exception went through."""
    from crewai import Task
    from crewai.agents.agent_builder.base_agent import BaseAgent

    task: Task | None = None
    agent: BaseAgent | None = None
    for frame in _frames(error):
        this = frame.f_locals.get("self")
        if not _is_made(this):
            continue
        task = this if isinstance(this, Task) else task
        agent = this if isinstance(this, BaseAgent) else agent
    agent = agent or (task.agent if task else None)  # a check of the task's result
    return {"task": task.name if task else None, "agent": declared_name(agent, agents)}


def _is_made(this: object) -> bool:
    """Return whether something has its attributes: Pydantic sets this only when it has checked all of them."""
    return hasattr(this, "__pydantic_fields_set__")


def _frames(error: BaseException) -> Iterator["FrameType"]:
    """Yield what the exception and its causes went through, the innermost last."""
    for cause in chain(error):
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            yield frame
