"""What jobs may ask of the model's API, and what a call is reckoned to take before its answer is there."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Never

_GENERATING: Final = ("chat/completions", "completions", "responses")
_EMBEDDING: Final = "embeddings"
# No segment can be "..", or lead anywhere but to a model.
_MODELS: Final = re.compile(r"models(/[A-Za-z0-9][\w.:@-]*)*", re.ASCII)
_OUTPUT_LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_CHOICES: Final = ("n", "best_of")
_UNLIMITED_OUTPUT: Final = 1024
_LONGEST_MODEL: Final = 200
_BYTES_PER_TOKEN: Final = 3
"""English has four or more; whoever is not told how many tokens there were must not reckon with too few."""


class RefusedError(Exception):
    """The call is none that a job may make: the status and code of its answer, and why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it goes to the API; `sent` is its body as JSON, None where it has none."""

    method: str
    path: str
    sent: dict[str, Any] | None
    shows_usage: bool = True
    """Whether the caller wants to see the usage at the end of a stream; the gateway always asks for it."""

    @property
    def generates(self) -> bool:
        """Whether the call counts as one of the job's; embeddings cost tokens alone, and lists of models nothing."""
        return self.path in _GENERATING

    @property
    def model(self) -> str:
        """The model that is asked for, as a text that every store and log takes: the job may have sent any."""
        name = str((self.sent or {}).get("model", ""))[:_LONGEST_MODEL]
        return name.encode("utf-8", "replace").decode().replace("\0", "?")

    @property
    def streams(self) -> bool:
        """Whether the answer is asked for piece by piece."""
        return self.generates and self.sent is not None and self.sent.get("stream") is True

    @property
    def body(self) -> bytes | None:
        """The body, written anew: the API reads exactly what the gateway has read."""
        return None if self.sent is None else json.dumps(self.sent).encode()

    @property
    def asked(self) -> int:
        """Tokens of the question, reckoned by its length."""
        return tokens_in(len(self.body or b""))

    @property
    def expected(self) -> int:
        """Tokens of question and answer, reckoned by its length and by what the caller allows."""
        if not self.generates or self.sent is None:
            return self.asked
        most = next(filter(None, (_number(self.sent.get(name)) for name in _OUTPUT_LIMITS)), _UNLIMITED_OUTPUT)
        return self.asked + most * max(1, *(_number(self.sent.get(name)) for name in _CHOICES))

    def without_usage(self) -> "Call":
        """Return the call as an API takes it that knows nothing of `stream_options`."""
        sent = {name: value for name, value in (self.sent or {}).items() if name != "stream_options"}
        return Call(self.method, self.path, sent, self.shows_usage)


def tokens_in(size: int) -> int:
    """Return how many tokens so many bytes are reckoned to be, at least one."""
    return max(1, size // _BYTES_PER_TOKEN)


def read_call(method: str, path: str, raw: bytes) -> Call:
    """Return the call of a request; streams are made to end with their usage.

    Raises:
        RefusedError: 404, or 400 for a body that no call has.

    """
    if method == "GET" and _MODELS.fullmatch(path):
        return Call(method, path, None)
    if method != "POST" or path not in (*_GENERATING, _EMBEDDING):
        raise RefusedError(404, "not_found", f"jobs cannot ask for {method} {path[:60]}")
    try:
        sent = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RefusedError(400, "invalid_json", "the body is not JSON") from None
    if not isinstance(sent, dict):
        raise RefusedError(400, "invalid_json", "the body is no JSON object")
    if sent.get("background"):
        raise RefusedError(400, "unsupported_value", "jobs cannot ask in the background: nobody could count it")
    call = Call(method, path, sent)
    if not call.streams or path == "responses":  # which tell their usage anyway
        return call
    options = sent.get("stream_options")
    options = options if isinstance(options, dict) else {}
    wanted = {**sent, "stream_options": {**options, "include_usage": True}}
    return Call(method, path, wanted, shows_usage=options.get("include_usage") is True)


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)
