"""What a model was asked and what it answered, as OpenTelemetry's conventions for generative AI have messages."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from crew_runtime.job.failure_report import shortened
from crew_runtime.model.answer_text import text_of
from crew_runtime.model.calls import Call

_LONGEST_TEXT: Final = 16_000
_MOST: Final = 200
"""Messages of a call, and parts of a message; of more, the last. Characters of a word."""

Messages = list[dict[str, Any]]


def asked_by(call: Call) -> Messages:
    """Return what a call asks of a model that generates."""
    sent = call.sent or {}
    given = next((sent[name] for name in ("messages", "input", "prompt") if name in sent), None)
    if isinstance(given, str):
        return [{"role": "user", "parts": _parts(given)}]
    return [_message(one, "user") for one in _last(given)]


def answered_by(answer: bytes) -> Messages:
    """Return what a model answered; of a stream, and of what is in another form, the text."""
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError):
        body = None
    choices = [one for one in _last(body.get("choices")) if "message" in one] if isinstance(body, dict) else []
    if not choices:
        return [_message({"content": text_of(answer, _LONGEST_TEXT)}, "assistant")]
    return [
        _message(one["message"], "assistant") | {"finish_reason": _word(one.get("finish_reason"))}
        for one in choices
        if isinstance(one["message"], dict)
    ]


def _message(message: dict[str, Any], role: str) -> dict[str, Any]:
    content = message.get("content", message.get("text"))
    parts = [*_parts(content), *map(_tool_call, _last(message.get("tool_calls")))]
    if message.get("role") == "tool":
        said = "".join(part["content"] for part in parts)
        parts = [{"type": "tool_call_response", "id": _word(message.get("tool_call_id")), "response": said}]
    return {"role": _word(message.get("role")) or role, "parts": parts}


def _parts(content: object) -> list[dict[str, Any]]:
    """Return the texts of a message; what else is in there, such as images, by its type alone."""
    if isinstance(content, str):
        return [_text(content)] if content else []
    return [
        _text(one["text"]) if isinstance(one.get("text"), str) else {"type": _word(one.get("type"))}
        for one in _last(content)
    ]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "content": shortened(text, _LONGEST_TEXT)}


def _tool_call(called: dict[str, Any]) -> dict[str, Any]:
    function = called.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments")
    return {
        "type": "tool_call",
        "id": _word(called.get("id")),
        "name": _word(function.get("name")),
        "arguments": shortened(arguments, _LONGEST_TEXT) if isinstance(arguments, str) else "",
    }


def _word(value: object) -> str:
    return value[:_MOST] if isinstance(value, str) else ""


def _last(value: object) -> Iterable[dict[str, Any]]:
    return list(_dicts(value))[-_MOST:]


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()
