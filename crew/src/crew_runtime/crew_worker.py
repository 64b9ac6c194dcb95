"""Runs one crew in a process of its own, made for it by the fork server and gone after it."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from crew_runtime.budget import BudgetSpentError, ModelBudget
from crew_runtime.confinement import limit_job
from crew_runtime.crew_builder import declared_crew
from crew_runtime.crew_work import CrewWork, ModelAccess
from crew_runtime.documents.context import with_documents
from crew_runtime.documents.document import DocumentError
from crew_runtime.documents.embedder import Embedder, EmbeddingError
from crew_runtime.documents.index import DocumentIndex
from crew_runtime.environment import move_into
from crew_runtime.failures import Failure

if TYPE_CHECKING:
    from crewai import Crew

__all__ = ["CrewWork", "ModelAccess", "build_crew", "run_crew"]


def run_crew(connection: Connection, work: CrewWork) -> None:
    """Run the crew and send {"result", "usage"} or {"failure", "detail"}; then end this process."""
    _answer(connection, work, _run)


def build_crew(connection: Connection, work: CrewWork) -> None:
    """Only build the crew and read its documents, to learn whether both can be used.

    Sends {"result": ""} or {"failure", "detail"}.
    """
    _answer(connection, work, _build)


def _answer(connection: Connection, work: CrewWork, do: Callable[[CrewWork], dict[str, Any]]) -> None:
    os.setpgid(0, 0)  # a signal to the runtime's group must not end jobs that it still waits for
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.disable()
    try:
        move_into(work.folder)
        limit_job()
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


def _prepared(work: CrewWork) -> "tuple[Crew, dict[str, str]]":
    """Build the crew and what it is to be started with."""
    from crew_runtime import warm

    if warm.IMPORT_ERROR:
        raise RuntimeError(warm.IMPORT_ERROR)
    if work.documents is None:
        return declared_crew(work.crew, work.model), work.inputs
    index = DocumentIndex.open(work.documents, Embedder(work.model))
    crew, inputs = with_documents(work.crew, work.inputs, index)
    return declared_crew(crew, work.model), inputs


def _build(work: CrewWork) -> dict[str, Any]:
    """Prepare a job; the reason why that fails is told in full, as no customer is in play."""
    try:
        _prepared(work)
    except Exception as error:  # noqa: BLE001 - whatever CrewAI raises is the reason
        reason = f"{type(error).__name__}: {error}".replace(work.model.key, "***")
        return {"failure": Failure.CREW_FAILED, "detail": reason}
    return {"result": ""}


def _run(work: CrewWork) -> dict[str, Any]:
    crew, inputs = _prepared(work)
    budget = ModelBudget(calls=work.max_model_calls, tokens=work.max_tokens)
    budget.enforce()
    try:
        # Without inputs CrewAI must get None: it then leaves braces in the texts alone.
        output = crew.kickoff(inputs=inputs or None)
    except Exception as error:
        if budget.spent:
            raise BudgetSpentError(budget.spent) from error
        raise
    result = str(output.raw).encode("utf-8", "replace").decode().strip()
    if not result:
        return {"failure": Failure.EMPTY_RESULT, "detail": ""}
    return {"result": result, "usage": {"model_calls": budget.calls, "tokens": budget.tokens}}


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
    if isinstance(error, (DocumentError, EmbeddingError)):
        return f"{name}: {error}"  # our own words about the author's files
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

    if isinstance(error, BudgetSpentError):
        return error.failure
    if isinstance(error, (DocumentError, EmbeddingError)):
        return Failure.DOCUMENTS_UNUSABLE
    if isinstance(error, (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError)):
        return Failure.MODEL_UNAVAILABLE
    if isinstance(error, openai.APIStatusError):
        return Failure.MODEL_REFUSED
    return None
