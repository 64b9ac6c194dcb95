"""What a language model's API answered when it refused or failed, for the operator's log.

APIs like to quote what they were sent. What is logged is their own words: whatever stands in the prompt, which is the
customer's input, a document or an earlier result, is left out, and so is the key.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import openai

_LONGEST: Final = 300
_READ: Final = 1000
_QUOTE: Final = 12
"""Letters and digits in a row that are taken for a quotation."""
_SHORTEST_INPUT: Final = 3
_LEFT_OUT: Final = "…"
_ESCAPED: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_KEYS: Final = re.compile(r"\bsk-\S+|\S*\*{3,}\S*")
"""What looks like a key, whole or with stars in it as some APIs show them."""


def model_error(error: "openai.APIError", *, key: str, inputs: Mapping[str, str]) -> dict[str, str | int]:
    """Return `model_url`, `model_status` where there was an answer, and `model_message`."""
    url = error.request.url.copy_with(query=None, fragment=None, userinfo=b"")
    status = getattr(error, "status_code", None)
    return {
        "model_url": str(url).replace(key, "***"),
        **({"model_status": status} if isinstance(status, int) else {}),
        "model_message": _shown(_message_of(error), error, key, inputs),
    }


def _message_of(error: "openai.APIError") -> str:
    """Return the API's own words, or those of the network if there was no answer."""
    if isinstance(error.body, dict) and isinstance(error.body.get("message"), str):
        return str(error.body["message"])
    if error.body:
        return error.body if isinstance(error.body, str) else json.dumps(error.body, default=str)
    cause = error.__cause__
    return f"{error.message} ({type(cause).__name__}: {cause})" if cause else error.message


def _shown(message: str, error: "openai.APIError", key: str, inputs: Mapping[str, str]) -> str:
    text = _ESCAPED.sub(_unescaped, message[:_READ])
    text = _KEYS.sub("***", text.replace(key, "***"))
    try:
        sent = list(_texts(json.loads(error.request.content)))
    except Exception:  # noqa: BLE001 - whatever keeps the prompt from being read, nothing is shown that may be of it
        return _LEFT_OUT
    text = _without_quotations(text, [*sent, *inputs.values()])
    for value in sorted(inputs.values(), key=len, reverse=True):
        if _SHORTEST_INPUT <= len(value) <= _READ:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", _LEFT_OUT, text)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}{_LEFT_OUT}"


def _unescaped(found: "re.Match[str]") -> str:
    escaped = found[1]
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return " " if escaped in "nrt" else escaped


def _texts(body: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield every text of a prompt or of what was to be embedded, but not the name of the model and the settings."""
    if not isinstance(body, dict):
        return
    waiting: list[Any] = [body.get("messages"), body.get("input")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            waiting += value.values() if isinstance(value, dict) else value


def _without_quotations(text: str, sent: Iterable[str]) -> str:
    """Leave out what stands in `sent` as well, however it is spaced and punctuated."""
    sources = [_squeezed(one) for one in sent]
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    squeezed = _squeezed(text)
    quoted: set[int] = set()
    if len(squeezed) == len(places):
        for begin in range(len(squeezed) - _QUOTE + 1):
            piece = squeezed[begin : begin + _QUOTE]
            if any(piece in source for source in sources):
                quoted |= set(range(places[begin], places[begin + _QUOTE - 1] + 1))
    return re.sub("\0+", _LEFT_OUT, "".join("\0" if place in quoted else letter for place, letter in enumerate(text)))


def _squeezed(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())
