"""Log lines: JSON, one event each, without what exceptions quote."""

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from crew_runtime.common.logs import configure_logging, event
from support.canned import Canned


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    written = io.StringIO()
    configure_logging(agent="researcher", instance="i", stream=written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_its_fields(stream: io.StringIO) -> None:
    event(logging.getLogger("any"), logging.WARNING, "job_failed", job="1", detail="two\nlines")
    (line,) = lines(stream)
    assert line.pop("time")
    assert line == {
        "level": "warning",
        "event": "job_failed",
        "agent": "researcher",
        "instance": "i",
        "job": "1",
        "detail": "two\nlines",
    }


def test_requests_to_other_services_are_not_logged_one_by_one(stream: io.StringIO) -> None:
    canned = Canned((200, b""))
    httpx.get(canned.url, trust_env=False)
    canned.close()
    assert stream.getvalue() == ""


def test_an_exception_is_told_by_class_and_place_only(stream: io.StringIO) -> None:
    try:
        int("what the customer said")
    except ValueError:
        logging.getLogger("any").exception("job_lost")
    (line,) = lines(stream)
    assert line["exception"] == "ValueError"
    assert "test_logs.py" in str(line["at"])
    assert "what the customer said" not in stream.getvalue()
