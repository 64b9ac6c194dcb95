"""What a payment's state means for its job, case by case."""

import dataclasses

import pytest

from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms
from crew_runtime.payments.rules import Step, next_step
from crew_runtime.payments.wire import NextAction, Payment

PAY_BY, SUBMIT_BY, UNLOCK, DISPUTE = 1_000, 2_000, 3_000, 4_000
SETTLE = 100
WAITING, OPERATOR = "WaitingForExternalAction", "WaitingForManualAction"
TERMS = PaymentTerms(
    blockchain_identifier="b", source_type="Web3CardanoV1", seller_vkey="v", pay_by_time=PAY_BY,
    submit_result_time=SUBMIT_BY, unlock_time=UNLOCK, external_dispute_unlock_time=DISPUTE,
)  # fmt: skip

CASES: list[tuple[JobState, str | None, str, str | None, int, Step | Failure]] = [
    # the job's state, the payment's, its next action, its result hash, now, what to do
    (JobState.AWAITING_PAYMENT, None, WAITING, "", 0, Step.WAIT),
    (JobState.AWAITING_PAYMENT, None, WAITING, "", PAY_BY + SETTLE, Step.WAIT),
    (JobState.AWAITING_PAYMENT, None, WAITING, "", PAY_BY + SETTLE + 1, Failure.PAYMENT_EXPIRED),
    (JobState.AWAITING_PAYMENT, None, OPERATOR, "", PAY_BY + 1, Failure.PAYMENT_EXPIRED),
    (JobState.AWAITING_PAYMENT, None, OPERATOR, "", 0, Step.WAIT),
    (JobState.AWAITING_PAYMENT, "FundsLocked", WAITING, "", 0, Step.RUN),
    (JobState.AWAITING_PAYMENT, "FundsLocked", WAITING, "", PAY_BY + SETTLE + 1, Step.RUN),
    (JobState.AWAITING_PAYMENT, "FundsOrDatumInvalid", OPERATOR, "", 0, Failure.PAYMENT_INVALID),
    (JobState.AWAITING_PAYMENT, "RefundRequested", WAITING, "", 0, Failure.REFUND_REQUESTED),
    (JobState.AWAITING_PAYMENT, "RefundWithdrawn", "None", "", 0, Failure.REFUND_REQUESTED),
    (JobState.AWAITING_PAYMENT, "Withdrawn", "None", "x", 0, Failure.PAYMENT_CLOSED),
    (JobState.QUEUED, "FundsLocked", WAITING, "", 0, Step.WAIT),
    (JobState.QUEUED, None, WAITING, "", DISPUTE, Step.WAIT),
    (JobState.QUEUED, "RefundRequested", WAITING, "", 0, Failure.REFUND_REQUESTED),
    (JobState.RUNNING, "RefundRequested", WAITING, "", 0, Step.WAIT),
    (JobState.RUNNING, "RefundWithdrawn", "None", "", 0, Step.WAIT),
    (JobState.RESULT_READY, "FundsLocked", WAITING, "", 0, Step.SUBMIT),
    (JobState.RESULT_READY, "RefundRequested", WAITING, "", 0, Step.SUBMIT),
    (JobState.RESULT_READY, "FundsLocked", "SubmitResultRequested", "", 0, Step.SUBMITTED),
    (JobState.RESULT_READY, "FundsLocked", "SubmitResultInitiated", "", 0, Step.SUBMITTED),
    (JobState.RESULT_READY, "ResultSubmitted", WAITING, "ours", 0, Step.SUBMITTED),
    (JobState.RESULT_READY, "ResultSubmitted", WAITING, "theirs", 0, Failure.PAYMENT_CLOSED),
    (JobState.RESULT_READY, "FundsLocked", OPERATOR, "", 0, Step.WAIT),
    (JobState.RESULT_READY, None, WAITING, "", 0, Step.WAIT),
    (JobState.RESULT_READY, "FundsLocked", WAITING, "", SUBMIT_BY, Failure.RESULT_NOT_SUBMITTED),
    (JobState.RESULT_READY, "FundsLocked", OPERATOR, "", SUBMIT_BY, Failure.RESULT_NOT_SUBMITTED),
    (JobState.RESULT_READY, "RefundWithdrawn", "None", "", 0, Failure.PAYMENT_CLOSED),
    (JobState.RESULT_READY, "ResultSubmitted", WAITING, "ours", DISPUTE, Step.SUBMITTED),
    (JobState.SUBMITTED, "FundsLocked", "SubmitResultInitiated", "", 0, Step.WAIT),
    (JobState.SUBMITTED, "FundsLocked", OPERATOR, "", 0, Step.WAIT),
    (JobState.SUBMITTED, "FundsLocked", WAITING, "", 0, Step.SUBMIT),
    (JobState.SUBMITTED, "FundsLocked", WAITING, "", SUBMIT_BY, Step.WAIT),
    (JobState.SUBMITTED, "ResultSubmitted", WAITING, "ours", 0, Step.SETTLE),
    (JobState.SUBMITTED, "Disputed", WAITING, "ours", 0, Step.SETTLE),
    (JobState.SUBMITTED, "Withdrawn", "None", "ours", 0, Step.SETTLE),
    (JobState.SUBMITTED, "RefundWithdrawn", "None", "", 0, Step.CLOSE),
    (JobState.SUBMITTED, "FundsLocked", OPERATOR, "", DISPUTE + 1, Step.CLOSE),
    (JobState.COMPLETED, "ResultSubmitted", WAITING, "ours", UNLOCK, Step.WAIT),
    (JobState.COMPLETED, "Disputed", WAITING, "ours", UNLOCK, Step.WAIT),
    (JobState.COMPLETED, "Withdrawn", "None", "ours", 0, Step.CLOSE),
    (JobState.COMPLETED, "ResultSubmitted", WAITING, "ours", DISPUTE + 1, Step.CLOSE),
]


@pytest.mark.parametrize(("state", "on_chain", "action", "found_hash", "now", "expected"), CASES)
def test_the_next_step_follows_from_job_payment_and_time(
    state: JobState, on_chain: str | None, action: str, found_hash: str | None, now: int, expected: Step | Failure
) -> None:
    job = Job(input_data={}, agent_identifier="ab", state=state, payment=TERMS, result_hash="ours")
    assert next_step(job, TERMS, payment(on_chain, action, found_hash), now=now, settle_ms=SETTLE) is expected


@pytest.mark.parametrize(
    ("now", "transaction", "expected"),
    [
        (PAY_BY + 1, None, Failure.PAYMENT_EXPIRED),
        (PAY_BY + 1, {"txHash": "ab", "status": "Confirmed"}, Failure.PAYMENT_INVALID),
        (PAY_BY + SETTLE + 1, {"txHash": "ab"}, Failure.PAYMENT_INVALID),
        (PAY_BY, None, Failure.PAYMENT_INVALID),
    ],
    ids=["nothing was locked in time", "wrong funds", "wrong funds, seen late", "before its time was over"],
)
def test_a_payment_that_nobody_made_is_told_from_one_of_the_wrong_funds(
    now: int, transaction: dict[str, str] | None, expected: Failure
) -> None:
    job = Job(input_data={}, agent_identifier="ab", state=JobState.AWAITING_PAYMENT, payment=TERMS)
    found = payment("FundsOrDatumInvalid", OPERATOR, None, transaction)
    assert next_step(job, TERMS, found, now=now, settle_ms=SETTLE) is expected


def test_a_hash_is_not_taken_for_ours_as_long_as_there_is_none() -> None:
    job = Job(input_data={}, agent_identifier="ab", state=JobState.RESULT_READY, payment=TERMS, result_hash="ours")
    other = dataclasses.replace(job, result_hash="theirs")
    found = payment("ResultSubmitted", WAITING, "theirs")
    assert next_step(job, TERMS, found, now=0, settle_ms=0) is Failure.PAYMENT_CLOSED
    assert next_step(other, TERMS, found, now=0, settle_ms=0) is Step.SUBMITTED


def payment(
    on_chain_state: str | None, action: str, result_hash: str | None, transaction: dict[str, str] | None = None
) -> Payment:
    return Payment.model_validate(
        {
            "id": "p",
            "blockchainIdentifier": "b",
            "onChainState": on_chain_state,
            "resultHash": result_hash,
            "NextAction": NextAction(requestedAction=action).model_dump(by_alias=True),
            "payByTime": str(PAY_BY),
            "submitResultTime": str(SUBMIT_BY),
            "unlockTime": str(UNLOCK),
            "externalDisputeUnlockTime": str(DISPUTE),
            "PaymentSource": {"paymentSourceType": "Web3CardanoV1"},
            "CurrentTransaction": transaction,
        }
    )
