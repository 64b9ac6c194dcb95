"""Runs one crew in a process of its own, made for it by the fork server and gone after it."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.environment import move_into
from crew_runtime.failures import Failure

if TYPE_CHECKING:
    from crewai import Crew

MODEL_TIMEOUT_SECONDS: Final = 120
MODEL_RETRIES: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAccess:
    """Which model, where, with which key."""

    api: str
    key: str
    name: str
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewWork:
    """All that a job's process is told: no job id, no purchaser, no other key than the model's."""

    crew: dict[str, Any]
    model: ModelAccess
    inputs: dict[str, str]
    max_model_calls: int
    folder: Path


def run_crew(connection: Connection, work: CrewWork) -> None:
    """Run the crew and send {"result", "usage"} or {"failure", "detail"}; then end this process."""
    _answer(connection, work, _run)


def build_crew(connection: Connection, work: CrewWork) -> None:
    """Only build the crew, to learn whether CrewAI takes it; send {"result": ""} or {"failure", "detail"}."""
    _answer(connection, work, _build)


def _answer(connection: Connection, work: CrewWork, do: Callable[[CrewWork], dict[str, Any]]) -> None:
    os.setpgid(0, 0)  # a signal to the runtime's group must not end jobs that it still waits for
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.disable()
    try:
        move_into(work.folder)
        try:
            answer = do(work)
        except Exception as error:  # noqa: BLE001 - whatever a crew raises is an outcome of the job
            answer = _failure(error)
        connection.send_bytes(json.dumps(answer).encode())
        connection.close()
    finally:
        os._exit(0)  # without waiting for threads that CrewAI leaves


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _crew(work: CrewWork) -> "Crew":
    from crew_runtime import warm

    if warm.IMPORT_ERROR:
        raise RuntimeError(warm.IMPORT_ERROR)
    from crewai.project.crew_loader import load_crew_from_definition

    crew, _ = load_crew_from_definition(_definition(work.crew, work.model), source="crew", project_root=work.folder)
    return crew


def _definition(crew: dict[str, Any], model: ModelAccess) -> dict[str, Any]:
    """Add to the declared crew what the runtime decides for every crew."""
    llm = {
        "model": model.name,
        "custom_openai": True,  # any model name, by the API at base_url
        "base_url": model.api,
        "api_key": model.key,
        "temperature": model.temperature,
        "max_tokens": model.max_tokens,
        "timeout": MODEL_TIMEOUT_SECONDS,
        "max_retries": MODEL_RETRIES,
    }
    llm = {key: value for key, value in llm.items() if value is not None}
    agents = {
        # CrewAI's own retries multiply with those of the model's client.
        name: {**agent, "llm": llm, "max_retry_limit": 0, "allow_delegation": False, "verbose": False}
        for name, agent in crew["agents"].items()
    }
    return {**crew, "name": "crew", "agents": agents, "memory": False, "tracing": False, "verbose": False}


def _build(work: CrewWork) -> dict[str, Any]:
    """Build the crew; the reason why it cannot be is told in full, as no customer is in play."""
    try:
        _crew(work)
    except Exception as error:  # noqa: BLE001 - whatever CrewAI raises is the reason
        reason = f"{type(error).__name__}: {error}".replace(work.model.key, "***")
        return {"failure": Failure.CREW_FAILED, "detail": reason}
    return {"result": ""}


class _BudgetSpentError(Exception):
    pass


def _run(work: CrewWork) -> dict[str, Any]:
    from crewai.hooks import register_before_llm_call_hook

    crew = _crew(work)
    calls = 0

    def count(_context: object) -> bool | None:
        nonlocal calls
        calls += 1
        return False if calls > work.max_model_calls else None

    register_before_llm_call_hook(count)
    try:
        # Without inputs CrewAI must get None: it then leaves braces in the texts alone.
        output = crew.kickoff(inputs=work.inputs or None)
    except Exception as error:
        if calls > work.max_model_calls:
            raise _BudgetSpentError from error
        raise
    result = str(output.raw).encode("utf-8", "replace").decode().strip()
    if not result:
        return {"failure": Failure.EMPTY_RESULT, "detail": ""}
    usage = crew.usage_metrics
    return {"result": result, "usage": {"model_calls": calls, "tokens": usage.total_tokens if usage else 0}}


def _failure(error: Exception) -> dict[str, Any]:
    """Classify an exception; of its text nothing is kept, as it may quote the customer, the model or the key."""
    causes = list(_chain(error))
    for cause in causes:
        failure = _classify(cause)
        if failure:
            return {"failure": failure, "detail": _describe(cause)}
    return {"failure": Failure.CREW_FAILED, "detail": ", from ".join(map(_describe, causes))}


def _describe(error: BaseException) -> str:
    status = getattr(error, "status_code", None)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{name} {status}" if isinstance(status, int) else name


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the exception and its causes, each once: CrewAI makes chains that are circles."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _classify(error: BaseException) -> Failure | None:
    import openai

    if isinstance(error, _BudgetSpentError):
        return Failure.MODEL_BUDGET_SPENT
    if isinstance(error, (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError)):
        return Failure.MODEL_UNAVAILABLE
    if isinstance(error, openai.APIStatusError):
        return Failure.MODEL_REFUSED
    return None
