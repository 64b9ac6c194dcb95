"""A job, its states, and what is known of its payment."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from crew_runtime.job.failure_report import Report
from crew_runtime.job.failures import Failure


class JobState(StrEnum):
    """The states of a job. Free jobs begin as `queued` and skip the states of a payment.

    created: on the disk, its payment not yet made. awaiting_payment: its payment is made, the buyer has to lock funds.
    queued, running: paid or free. awaiting_input: the crew has a question that its customer has to answer.
    result_ready: the result is on the disk, its hash not yet with the payment service.
    submitted: the service took the hash. completed: free and done, or the hash was seen on the chain.
    """

    CREATED = "created"
    AWAITING_PAYMENT = "awaiting_payment"
    QUEUED = "queued"
    RUNNING = "running"
    AWAITING_INPUT = "awaiting_input"
    RESULT_READY = "result_ready"
    SUBMITTED = "submitted"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def status(self) -> str:
        """Return the status of MIP-003, which has fewer."""
        return _STATUS[self]


_STATUS: Final = {
    JobState.CREATED: "awaiting_payment",
    JobState.AWAITING_PAYMENT: "awaiting_payment",
    JobState.QUEUED: "running",
    JobState.RUNNING: "running",
    JobState.AWAITING_INPUT: "awaiting_input",
    JobState.RESULT_READY: "running",
    JobState.SUBMITTED: "completed",
    JobState.COMPLETED: "completed",
    JobState.FAILED: "failed",
}

UNENDED: Final = (
    JobState.CREATED, JobState.AWAITING_PAYMENT, JobState.QUEUED, JobState.RUNNING, JobState.AWAITING_INPUT,
    JobState.RESULT_READY,
)  # fmt: skip
"""States in which the customer still waits."""


_ID_BYTES: Final = 16
_REFERENCE_DIGITS: Final = 16


def new_id() -> str:
    """Return an id of 128 random bits, which cannot be guessed: whoever knows a job's id can read its result."""
    return secrets.token_hex(_ID_BYTES)


def reference_of(job_id: str) -> str:
    """Return what a job is called where others than its customer read: it tells jobs apart, and opens none."""
    return sha256(job_id.encode()).hexdigest()[:_REFERENCE_DIGITS]


def now() -> int:
    """Return the current time in Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """What the payment service answered when the payment was made. Times are Unix milliseconds.

    `requested_funds` is what it was told that the job costs, where it has no price of its own.
    """

    blockchain_identifier: str
    source_type: str
    seller_vkey: str
    pay_by_time: int
    submit_result_time: int
    unlock_time: int
    external_dispute_unlock_time: int
    requested_funds: tuple[Mapping[str, str], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a crew asks its customer, and until when it waits for the answer (Unix milliseconds).

    Of a draft the customer says what to change, if anything.
    """

    prompt: str
    is_draft: bool = False
    answer_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job; `status_id` names its present status and changes with it alone. Times are Unix milliseconds.

    `id` is a secret of its customer: everybody else is told the `reference`. `request_key` is the same for requests
    that mean the same job; `secret_hash` is that of the secret by which its customer asks for it again, if there is
    one. `on_chain_state` and `next_action` are the payment's as last seen. `question` is the one that is open, or was
    when the job failed; `answers` are those given so far, in order. `failure_report` is for the operator alone.
    `traceparent` is the header of the request that began the job, where jobs are traced. A job that gave way waits for
    its payment without a place of its own. A job is closed once nothing is left to do or to watch for it, and erased
    when neither input nor result nor purchaser is known any more.
    """

    input_data: dict[str, Any]
    agent_identifier: str
    identifier_from_purchaser: str | None = None
    input_hash: str | None = None
    request_key: str | None = None
    secret_hash: str | None = None
    id: str = field(default_factory=new_id)
    status_id: str = field(default_factory=new_id)
    state: JobState = JobState.QUEUED
    attempts: int = 0
    question: Question | None = None
    answers: tuple[str, ...] = ()
    payment: PaymentTerms | None = None
    on_chain_state: str | None = None
    next_action: str | None = None
    gave_way_at: int | None = None
    result: str | None = None
    result_hash: str | None = None
    hash_rule: str | None = None
    failure: Failure | None = None
    failure_report: Report | None = None
    traceparent: str | None = None
    created_at: int = field(default_factory=now)
    finished_at: int | None = None
    closed_at: int | None = None
    erased_at: int | None = None

    @property
    def reference(self) -> str:
        """What the job is called in logs, and where its payment is."""
        return reference_of(self.id)
