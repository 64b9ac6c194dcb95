"""What a payment's state means for its job, decided in one place."""

from enum import StrEnum
from typing import Final

from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms
from crew_runtime.payments.wire import WAITING, WAITING_FOR_OPERATOR, Payment


class Step(StrEnum):
    """What to do for a job, apart from failing it."""

    WAIT = "wait"
    RUN = "run"
    SUBMIT = "submit"
    SUBMITTED = "submitted"
    SETTLE = "settle"
    CLOSE = "close"


_REFUNDS: Final = ("RefundRequested", "RefundAuthorized", "RefundWithdrawn")
_SUBMITTABLE: Final = ("FundsLocked", "RefundRequested", "Disputed")
_UNDER_WAY: Final = ("SubmitResultRequested", "SubmitResultInitiated")
_ENDED: Final = ("Withdrawn", "RefundWithdrawn", "DisputedWithdrawn")


def next_step(job: Job, terms: PaymentTerms, payment: Payment, *, now: int, settle_ms: int) -> Step | Failure:
    """Return what to do for a job whose payment is in this state; a Failure ends the job.

    `settle_ms` is how long funds that were locked in time may take to be seen. Times are Unix milliseconds.
    """
    match job.state:
        case JobState.AWAITING_PAYMENT:
            # The service gives up an unpaid payment by itself, and leaves it to its operator.
            is_late = now > terms.pay_by_time
            given_up = is_late and payment.action == WAITING_FOR_OPERATOR
            expired = given_up or now > terms.pay_by_time + settle_ms
            return _before_the_job(payment, is_late=is_late, expired=expired)
        case JobState.QUEUED:
            step = _before_the_job(payment, is_late=False, expired=False)
            return Step.WAIT if step is Step.RUN else step
        case JobState.RESULT_READY:
            return _with_a_result(job, payment, in_time=now < terms.submit_result_time)
        case JobState.SUBMITTED:
            return _after_submission(job, payment, now=now, terms=terms)
        case JobState.COMPLETED:
            over = payment.on_chain_state in _ENDED or now > terms.external_dispute_unlock_time
            return Step.CLOSE if over else Step.WAIT
        case _:
            # A job that runs goes on whatever becomes of its payment: work that was begun is offered as agreed, and
            # the contract takes a result after a refund was asked for (the payment is disputed then).
            return Step.WAIT


def _before_the_job(payment: Payment, *, is_late: bool, expired: bool) -> Step | Failure:
    match payment.on_chain_state:
        case "FundsLocked":
            return Step.RUN
        case None:
            return Failure.PAYMENT_EXPIRED if expired else Step.WAIT
        case "FundsOrDatumInvalid":
            # The service has one state for wrong funds and for none that came in time.
            return Failure.PAYMENT_EXPIRED if is_late and not payment.was_locked else Failure.PAYMENT_INVALID
        case state if state in _REFUNDS:
            return Failure.REFUND_REQUESTED
        case _:
            return Failure.PAYMENT_CLOSED


def _with_a_result(job: Job, payment: Payment, *, in_time: bool) -> Step | Failure:
    if _carries(job, payment):
        return Step.SUBMITTED
    if payment.on_chain_state is not None and payment.on_chain_state not in _SUBMITTABLE:
        return Failure.PAYMENT_CLOSED
    if not in_time:
        return Failure.RESULT_NOT_SUBMITTED
    # Another action, or a chain that went back: the service or its operator is at it.
    return Step.SUBMIT if payment.on_chain_state and payment.action == WAITING else Step.WAIT


def _after_submission(job: Job, payment: Payment, *, now: int, terms: PaymentTerms) -> Step:
    if payment.result_hash == job.result_hash and payment.on_chain_state not in (None, "FundsLocked"):
        return Step.SETTLE
    if payment.on_chain_state in _ENDED or now > terms.external_dispute_unlock_time:
        return Step.CLOSE
    lost = payment.on_chain_state in _SUBMITTABLE and payment.action == WAITING and not _carries(job, payment)
    return Step.SUBMIT if lost and now < terms.submit_result_time else Step.WAIT


def _carries(job: Job, payment: Payment) -> bool:
    """Return whether the service has this job's hash, on the chain or on its way."""
    return payment.result_hash == job.result_hash or payment.action in _UNDER_WAY
