"""Logs: one JSON object a line on standard output, never with what customers enter or get."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

from crew_runtime.common.current_agent import current_agent


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: time, level, event, and the event's own fields."""

    def __init__(self, **constant: str) -> None:
        super().__init__()
        self._constant = constant

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; an exception is logged by its class and place, as its message may quote a customer."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self._constant,
            **_agent(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__qualname__
            line["at"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=False, default=str)


def _agent() -> dict[str, str]:
    agent = current_agent()
    return {"agent": agent} if agent else {}


def configure_logging(*, agent: str | None = None, instance: str, stream: TextIO = sys.stdout) -> None:
    """Send everything that this process logs, uvicorn's lines too, to `stream` as JSON lines.

    Without an `agent`, each line names the one whose work it tells of.
    """
    handler = logging.StreamHandler(stream)
    constant = {"agent": agent} if agent else {}
    handler.setFormatter(JsonFormatter(**constant, instance=instance))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would tell of every request


def event(logger: logging.Logger, level: int, name: str, **fields: object) -> None:
    """Log an event by its name, with fields that a machine can read."""
    logger.log(level, name, extra={"fields": fields})
