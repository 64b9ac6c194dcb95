"""What the operator is told of a failed job besides its code, and where each part of it may be.

Names and places that the crew's author chose may be logged. The texts of exceptions and the model's answers may quote
the customer: they are kept with the job's result, and erased with it. Customers see the code alone.
"""

from collections.abc import Mapping
from typing import Any, Final

_NAMES: Final = ("at", "task", "agent", "tool_failure")
LOGGED: Final = ("detail", *_NAMES, "model_url", "model_status", "model_message")
"""By name: the line of the author's own code, the task and the agent that failed, the tool that did and where; besides
what the exceptions are called, and what the model's API said if it refused (`model/model_error.py`)."""
_LOG_NAMES: Final = {"agent": "crew_agent"}
"""What a line of the log calls a part; its `agent` is the one that is served."""
LONGEST_TEXT: Final = 4000
_LONGEST_NAME: Final = 300
_LONGEST: Final = {**dict.fromkeys(_NAMES, _LONGEST_NAME), "exception": LONGEST_TEXT, "tool_message": LONGEST_TEXT}
"""What a job's process may tell, and the characters of each. `exception` has the exceptions with their texts,
`tool_message` that of a tool's. For `model_answers`, the last answers of the model, it is not asked."""

Report = Mapping[str, Any]


def read_report(value: object) -> dict[str, str]:
    """Return what a job's process reports, as far as it is a report; a crew runs in it, and could say anything."""
    if not isinstance(value, dict):
        return {}
    texts = ((name, value.get(name), longest) for name, longest in _LONGEST.items())
    return {name: shortened(text, longest) for name, text, longest in texts if isinstance(text, str) and text}


def logged_part(report: Report) -> dict[str, object]:
    """Return what may be in the log."""
    return {_LOG_NAMES.get(name, name): report[name] for name in LOGGED if name in report}


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return the text, or its begin and end where it is long: an exception's last words are often its reason."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} … {text[len(text) - half :]}"
