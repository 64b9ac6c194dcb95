"""Reads what a model said from the answer of its API, for the report of a job that failed."""

import json
from typing import Any, Final

from crew_runtime.job.failure_report import shortened

LONGEST_KEPT: Final = 256 * 1024
"""Bytes of an answer that are kept until the job has ended."""
_LONGEST_TEXT: Final = 2000
_DATA: Final = b"data:"


def text_of(answer: bytes, longest: int = _LONGEST_TEXT) -> str:
    """Return what the model said, and the tools that it called; of an answer in an unknown form its beginning."""
    if answer.lstrip().startswith(b"{"):
        said = _said(_json(answer))
    else:
        said = "".join(_said(_json(line[len(_DATA) :])) for line in answer.splitlines() if line.startswith(_DATA))
    return shortened((said or answer.decode("utf-8", "replace")).strip(), longest)


def _json(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _said(body: Any) -> str:  # noqa: ANN401 - any JSON
    """Return the text of a whole answer or of one event, of /chat/completions, /completions or /responses."""
    if not isinstance(body, dict):
        return ""
    if isinstance(body.get("delta"), str) and str(body.get("type", "")).endswith(".delta"):
        return str(body["delta"])
    parts = [*_dicts(body.get("choices")), *_dicts(body.get("output"))]
    return "".join(map(_part, parts))


def _part(part: dict[str, Any]) -> str:
    message = part.get("message") or part.get("delta") or part
    if not isinstance(message, dict):
        return ""
    content = message.get("content", message.get("text"))
    texts = [content] if isinstance(content, str) else [str(one.get("text", "")) for one in _dicts(content)]
    called = [*_dicts(message.get("tool_calls")), *([message] if message.get("type") == "function_call" else [])]
    return "".join((*texts, *map(_call, called)))


def _call(called: dict[str, Any]) -> str:
    """Return the call of a tool as it is written in Python; a stream brings name and arguments piece by piece."""
    function = called.get("function") if isinstance(called.get("function"), dict) else called
    assert isinstance(function, dict)  # noqa: S101 - one or the other
    name, arguments = function.get("name") or "", function.get("arguments") or ""
    return f"{name}({arguments})" if name and arguments else f"{name}{arguments}"


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
