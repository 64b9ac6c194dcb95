"""A job and where jobs are kept."""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import uuid4

from crew_runtime.failures import Failure


class JobState(StrEnum):
    """What a job goes through; `queued` and `running` are open, the others final."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def status(self) -> str:
        """Give the status word of MIP-003, which has none for waiting in a queue."""
        return JobState.RUNNING if self is JobState.QUEUED else self


def new_id() -> str:
    """Make an id that cannot be guessed: knowing a job's id is what opens its result."""
    return str(uuid4())


def now() -> int:
    """Give the time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job; `status_id` names its present status and changes with it alone. Times are Unix milliseconds."""

    input_data: dict[str, Any]
    agent_identifier: str
    identifier_from_purchaser: str | None = None
    id: str = field(default_factory=new_id)
    status_id: str = field(default_factory=new_id)
    state: JobState = JobState.QUEUED
    result: str | None = None
    failure: Failure | None = None
    created_at: int = field(default_factory=now)
    finished_at: int | None = None


class JobStore(Protocol):
    """Keeps jobs; what a method wrote is durable when it returns. Methods block, and may be called from any thread.

    A final state stays: `start`, `complete` and `fail` do nothing to a job that is not open.
    """

    def add(self, job: Job) -> None:
        """Write a new job."""

    def get(self, job_id: str) -> Job | None:
        """Read a job."""

    def start(self, job_id: str) -> None:
        """Note that a queued job runs now."""

    def complete(self, job_id: str, result: str) -> None:
        """Note the result."""

    def fail(self, job_id: str, failure: Failure) -> None:
        """Note why there is no result."""

    def fail_open(self, failure: Failure) -> int:
        """Fail all open jobs and give their number: they were left by a process that is gone."""

    def close(self) -> None:
        """Release what the store holds."""
