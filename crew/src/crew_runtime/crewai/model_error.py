"""What the language model said when a job failed because of it, for the operator's log."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import openai

_WORD: Final = re.compile(r"\w{3,}")
_HIDDEN: Final = "…"
_LONGEST: Final = 300


def told_by_model(error: BaseException, key: str, private: Iterable[str]) -> dict[str, Any]:
    """Return the URL that was asked, the status and the message; nothing for an error that is not the model's.

    The message is somebody else's text: the key and every word that stands in `private` are taken out of it.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        message = _without(_message_of(error), key, private)
        return {"model_url": _url_of(error), "model_status": error.status_code, "model_message": message}
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return {
            "model_url": _url_of(error),
            "model_message": _without(str(cause) or type(cause).__name__, key, private),
        }
    return {}


def _url_of(error: "openai.APIStatusError | openai.APIConnectionError") -> str:
    """Return the URL without what may be secret in it: user, password and query."""
    url = error.request.url
    return str(url.copy_with(username=None, password=None, query=None))


def _message_of(error: "openai.APIStatusError") -> str:
    body = error.body
    said = body.get("message") if isinstance(body, dict) else None
    return said if isinstance(said, str) else str(error)


def _without(message: str, key: str, private: Iterable[str]) -> str:
    hidden = {word.lower() for text in private for word in _WORD.findall(text)}
    shown = message.replace(key, _HIDDEN) if key else message
    shown = _WORD.sub(lambda found: _HIDDEN if found[0].lower() in hidden else found[0], shown)
    return " ".join(shown.split())[:_LONGEST]
