"""Errors in the configuration, and pydantic's findings as sentences about them."""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic_core import ErrorDetails

_SENTENCES: Final = {
    "extra_forbidden": "is not known to this runtime; remove it",
    "missing": "is missing",
}


class ConfigurationError(Exception):
    """The environment or the declaration cannot be used; `problems` has one sentence for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def path_of(location: Sequence[int | str]) -> str:
    """Return the path of a place in a JSON document, such as `crew.tasks[0].agent`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def sentence_of(error: ErrorDetails) -> str:
    """Return what pydantic found, without the value it found."""
    return _SENTENCES.get(error["type"], error["msg"].removeprefix("Value error, "))
