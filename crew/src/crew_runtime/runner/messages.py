"""What a job's process may say to the runner. Its crew runs in that process, and could say anything."""

from typing import Any, Final

from crew_runtime.job.failure_report import read_report
from crew_runtime.job.failures import Failure
from crew_runtime.runner.worker_process import DiedError

LONGEST_DETAIL: Final = 2000
"""Characters of a failure's detail, which goes into the log."""
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
    """Return {"ask": {"prompt", "is_draft"}}, {"progress"}, {"result"} or {"failure", "detail", "report"}, and no more.

    Raises:
        DiedError: it is none of these, and so no answer.

    """
    match message:
        case {"ask": {"prompt": str(prompt), "is_draft": bool(is_draft)}}:
            return {"ask": {"prompt": _storable(prompt), "is_draft": is_draft}}
        case {"progress": progress}:
            return {"progress": _storable_texts(read_report(progress))}
        case {"result": str(result)}:
            return {"result": _storable(result)}
        case {"failure": str(failure), "detail": str(detail)} if failure in _OF_A_CREW:
            report = _storable_texts(read_report(message.get("report")))
            return {"failure": Failure(failure), "detail": _storable(detail[:LONGEST_DETAIL]), "report": report}
        case _:
            raise DiedError


def _storable_texts(report: dict[str, str]) -> dict[str, str]:
    return {name: _storable(text) for name, text in report.items()}


def _storable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which are JSON, but which no store takes."""
    return text.encode("utf-8", "replace").decode()
