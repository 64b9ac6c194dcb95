"""What a job's process may say to the runner. Its crew runs in that process, and could say anything."""

from typing import Any, Final

from crew_runtime.job.failure_report import read_report
from crew_runtime.job.failures import Failure
from crew_runtime.runner.worker_process import DiedError

LONGEST_DETAIL: Final = 2000
"""Characters of a failure's detail, which goes into the log."""
_LONGEST_NAME: Final = 200
_LATEST: Final = 2**63
_OF_A_CREW: Final = frozenset(
    (
        Failure.CREW_FAILED,
        Failure.DOCUMENTS_UNUSABLE,
        Failure.EMPTY_RESULT,
        Failure.FILE_UNUSABLE,
        Failure.GUARDRAIL_NOT_MET,
        Failure.MODEL_REFUSED,
        Failure.MODEL_UNAVAILABLE,
        Failure.NO_SPACE,
    )
)
"""What a job can fail by itself. The others are the runtime's to find: one that was interrupted runs again."""


def read_message(message: dict[str, Any]) -> dict[str, Any]:
    """Return {"ask": {"prompt", "is_draft"}}, {"progress"}, {"span"}, {"result"} or {"failure", "detail", "report"}.

    Raises:
        DiedError: it is none of these, and so no answer.

    """
    match message:
        case {"ask": {"prompt": str(prompt), "is_draft": bool(is_draft)}}:
            return {"ask": {"prompt": _storable(prompt), "is_draft": is_draft}}
        case {"span": dict() as span}:
            return {"span": _read_span(span)}
        case {"progress": progress}:
            return {"progress": _storable_texts(read_report(progress))}
        case {"result": str(result)}:
            return {"result": _storable(result)}
        case {"failure": str(failure), "detail": str(detail)} if failure in _OF_A_CREW:
            report = _storable_texts(read_report(message.get("report")))
            return {"failure": Failure(failure), "detail": _storable(detail[:LONGEST_DETAIL]), "report": report}
        case _:
            raise DiedError


def _read_span(span: dict[str, Any]) -> dict[str, Any]:
    """Return {"state": "begun", "id", "at", "kind", "name", "parent"} or {"state": "ended", "id", "at", "error"}."""
    match span:
        case {"state": "begun", "at": int(at)} if 0 <= at < _LATEST:
            texts = {name: span.get(name) for name in ("id", "kind", "name", "parent")}
        case {"state": "ended", "at": int(at)} if 0 <= at < _LATEST:
            texts = {name: span.get(name) for name in ("id", "error")}
        case _:
            raise DiedError
    read = {name: _storable(text[:_LONGEST_NAME]) for name, text in texts.items() if isinstance(text, str)}
    if len(read) < len(texts):
        raise DiedError
    return {"state": span["state"], "at": at, **read}


def _storable_texts(report: dict[str, str]) -> dict[str, str]:
    return {name: _storable(text) for name, text in report.items()}


def _storable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which are JSON, but which no store takes."""
    return text.encode("utf-8", "replace").decode()
