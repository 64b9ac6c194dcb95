"""Spans before they are anybody's protocol: OpenTelemetry is loaded only where traces are wanted."""

import hashlib
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from crew_runtime.traces.parent import Parent

_FAULT: Final = 500
"""From here on a status is the server's fault; what a client did wrong is none of a span's."""

Kind = Literal["internal", "server", "client"]
Attributes = dict[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that has ended; times are nanoseconds since 1970. `error` is a code, and no word of a customer's."""

    name: str
    trace_id: int
    span_id: int
    parent_id: int | None
    begun: int
    ended: int
    kind: Kind = "internal"
    attributes: Attributes = field(default_factory=dict)
    error: str | None = None


class Traces(Protocol):
    """Where spans go. `captures_content`: also with what models were asked and answered, which may quote customers."""

    captures_content: bool

    def export(self, spans: Iterable[Span]) -> None:
        """Take spans that have ended; returns at once."""

    def close(self) -> None:
        """Send what is left; blocks for some seconds at most."""


@dataclass(frozen=True, slots=True)
class AgentTraces:
    """Where an agent's spans go, and what it is called there."""

    traces: Traces
    agent: str

    def request(self, path: str, *, begun: int, noted: "Noted", status: int) -> None:
        """Take a request that was answered; without a caller's trace, or a job, it is a trace of its own."""
        parent, job_id = noted.parent, next(iter(noted.jobs), None)
        attributes: Attributes = {
            "http.request.method": "POST",
            "http.route": path,
            "http.response.status_code": status,
            "gen_ai.agent.id": self.agent,
        }
        span = Span(
            name=f"POST {path}",
            trace_id=parent.trace_id if parent else trace_of(job_id or secrets.token_hex()),
            span_id=request_of(job_id) if job_id else new_span(),
            parent_id=parent.span_id if parent else None,
            begun=begun,
            ended=time.time_ns(),
            kind="server",
            attributes=attributes,
            error=str(status) if status >= _FAULT else None,
        )
        self.traces.export([span])


@dataclass(slots=True)
class Noted:
    """Where a request said that it belongs, and the ids of the jobs that it began."""

    parent: Parent | None
    jobs: list[str] = field(default_factory=list)


_NOTED: Final[ContextVar[Noted | None]] = ContextVar("noted", default=None)


@contextmanager
def noting_jobs(parent: Parent | None) -> Iterator[Noted]:
    """Give what is noted in the block, and by what it begins."""
    noted = Noted(parent)
    before = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(before)


def note_caller(traceparent: object) -> None:
    """Say where a request belongs by what is in its body; what its head says of it goes before that."""
    noted = _NOTED.get()
    if noted and noted.parent is None and isinstance(traceparent, str):
        noted.parent = Parent.of([traceparent])


def note_job(job_id: str) -> None:
    """Say that a job has begun; of one that a repeated request finds it is not said again."""
    if noted := _NOTED.get():
        noted.jobs.append(job_id)


def traceparent() -> str | None:
    """Return where the request said that it belongs, as its job remembers it; None if nowhere, or if nobody traces."""
    noted = _NOTED.get()
    return str(noted.parent) if noted and noted.parent else None


def trace_of(job_id: str) -> int:
    """Return the trace of a job: the same in whichever process it goes on; the job's id does not follow from it."""
    return _number("trace", job_id, 16)


def request_of(job_id: str) -> int:
    """Return the span of the request that began a job."""
    return _number("request", job_id, 8)


def new_span() -> int:
    """Return the id of a span that nobody has to find."""
    return int.from_bytes(secrets.token_bytes(8)) or 1


def _number(what: str, job_id: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{what}:{job_id}".encode()).digest()[:size]) or 1
