"""Reads from the answers of a model's API how many tokens they took."""

import json
import re
from typing import Any, Final

_EVENT_END: Final = re.compile(rb"\r?\n\r?\n")
_LARGEST_EVENT: Final = 16 * 1024 * 1024


class AnswerTooLargeError(Exception):
    """An answer, or one event of it, is larger than any that a model gives."""


def tokens_of(answer: Any) -> int:  # noqa: ANN401 - any JSON
    """Return the tokens of question and answer; 0 where it does not say."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    if not isinstance(usage, dict):
        return 0
    parts = sum(
        _count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")
    )
    return max(_count(usage.get("total_tokens")), parts)


def parts_of(answer: Any) -> tuple[int, int]:  # noqa: ANN401 - any JSON
    """Return the tokens of the question and those of the answer; 0 where it does not say."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    if not isinstance(usage, dict):
        return 0, 0
    asked = max(_count(usage.get(name)) for name in ("prompt_tokens", "input_tokens"))
    return asked, max(_count(usage.get(name)) for name in ("completion_tokens", "output_tokens"))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


class EventStream:
    """Passes on the events of a stream, and reads their usage; the last one's stands.

    The event that has nothing but the usage is left out for callers that did not ask for it.
    """

    def __init__(self, *, shows_usage: bool) -> None:
        self._shows_usage = shows_usage
        self._rest = b""
        self.tokens = 0
        self.parts = (0, 0)
        self.is_done = False
        """Whether the caller can have taken the answer for complete."""

    def passed_on(self, piece: bytes) -> bytes:
        """Take what has arrived, and return the events that are complete by now.

        Raises:
            AnswerTooLargeError: one does not end.

        """
        self._rest += piece
        passed = b""
        begin = 0
        for end in _EVENT_END.finditer(self._rest):
            event = self._rest[begin : end.end()]
            begin = end.end()
            if self._is_wanted(event):
                passed += event
        self._rest = self._rest[begin:]
        if len(self._rest) > _LARGEST_EVENT:
            raise AnswerTooLargeError
        return passed

    def remainder(self) -> bytes:
        """Return what came after the last complete event."""
        rest, self._rest = self._rest, b""
        return rest if rest and self._is_wanted(rest) else b""

    def _is_wanted(self, event: bytes) -> bool:
        if b'"usage"' not in event and b"[DONE]" not in event:
            return True
        data = b"\n".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
        if data == b"[DONE]":
            self.is_done = True
            return True
        try:
            said = json.loads(data)
        except ValueError:
            return True
        if not isinstance(said, dict):
            return True
        found = tokens_of(said) or tokens_of(said.get("response"))
        self.tokens = found or self.tokens
        if found:
            self.parts = parts_of(said) if tokens_of(said) else parts_of(said.get("response"))
        self.is_done = self.is_done or bool(found)
        return self._shows_usage or not (found and said.get("choices") == [])
