"""What came of a request to the collector, in words of ours: OpenTelemetry's exporters log each of several tries."""

import functools
import logging
from typing import Any

import requests


class Connection(requests.Session):
    """What an exporter sends by. Its name is that of the exporter's module, whose logger it keeps quiet."""

    def __init__(self, exporter: str) -> None:
        super().__init__()
        self._said = _said_by(exporter)
        self._problem: str | None = None

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as inherited
        """Send one request, and remember why it was not taken."""
        try:
            response = super().request(*args, **kwargs)
        except requests.RequestException as error:
            self._problem = _unreached(error)
            raise
        self._problem = None if response.ok else f"The collector answered with status {response.status_code}."
        return response

    def take_problem(self) -> str:
        """Return why what was sent since this was asked last was not taken, be it that it never left."""
        problem, said = self._problem, self._said.take()
        self._problem = None
        return problem or said


class _Said(logging.Filter):
    """Keeps what an exporter says out of the log, but remembers its first words."""

    def __init__(self) -> None:
        super().__init__()
        self._first = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self._first = self._first or record.getMessage()
        return False

    def take(self) -> str:
        said, self._first = self._first, ""
        return said


@functools.cache
def _said_by(exporter: str) -> _Said:
    said = _Said()
    logging.getLogger(exporter).addFilter(said)
    return said


def _unreached(error: requests.RequestException) -> str:
    """Say it without the address, which may be a secret in part, and without each layer's name for it."""
    if isinstance(error, requests.Timeout):
        return "The collector did not answer in time."
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    reason = cause.strerror if isinstance(cause, OSError) else None
    return f"The collector cannot be reached: {reason or type(cause).__qualname__}."
