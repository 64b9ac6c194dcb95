"""What a language model's API answered when it refused or failed, for the operator's log.

APIs like to quote what they were sent. What is logged is their own words: whatever stands in the prompt, which is the
customer's input, a document or an earlier result, is left out, and so is the key.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

_LONGEST: Final = 300
_READ: Final = 1000
_QUOTE: Final = 12
"""Letters and digits in a row that are taken for a quotation."""
_LONGEST_PROMPT: Final = 1_000_000
"""Characters that are searched for quotations; that takes longer the more there are."""
_SHORTEST_INPUT: Final = 3
_LEFT_OUT: Final = "…"
_ESCAPED: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_KEYS: Final = re.compile(r"\bsk-\S+|\S*\*{3,}\S*")
"""What looks like a key, whole or with stars in it as some APIs show them."""


def model_error(
    url: str, status: int | None, said: str, *, key: str, sent: object, inputs: Mapping[str, str]
) -> dict[str, str | int]:
    """Return `model_url`, `model_status` where there was an answer, and `model_message`.

    `said` is the body of the answer, or what the network says if there was none; `sent` is what was asked.
    """
    return {
        "model_url": shown_url(url).replace(key, "***"),
        **({"model_status": status} if status is not None else {}),
        "model_message": _shown(_message_of(said), key, sent, inputs),
    }


def shown_url(url: str) -> str:
    """Return an address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _message_of(said: str) -> str:
    """Return the API's own words, wherever it has put them."""
    try:
        body = json.loads(said)
    except (ValueError, RecursionError):
        return said
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return str(error["message"])
    return error if isinstance(error, str) else json.dumps(error)


def _shown(message: str, key: str, sent: object, inputs: Mapping[str, str]) -> str:
    text = _ESCAPED.sub(_unescaped, message[:_READ])
    text = _KEYS.sub("***", text.replace(key, "***"))
    sources = [*_texts(sent), *inputs.values()]
    if sum(map(len, sources)) > _LONGEST_PROMPT:
        return _LEFT_OUT
    text = _without_quotations(text, sources)
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


def _texts(body: object) -> Iterator[str]:
    """Yield every text of a prompt or of what was to be embedded, but not the name of the model and the settings."""
    if not isinstance(body, dict):
        return
    waiting: list[Any] = [body.get(name) for name in ("messages", "input", "prompt", "instructions")]
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
