"""Why a job fails, in words for its customer: nothing of the input, the model's answer or a key."""

from enum import StrEnum
from typing import Final


class Failure(StrEnum):
    """Stable codes; each has one message below."""

    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    MODEL_REFUSED = "MODEL_REFUSED"
    MODEL_BUDGET_SPENT = "MODEL_BUDGET_SPENT"
    EMPTY_RESULT = "EMPTY_RESULT"
    CREW_FAILED = "CREW_FAILED"
    JOB_TIMEOUT = "JOB_TIMEOUT"
    JOB_INTERRUPTED = "JOB_INTERRUPTED"
    GUARDRAIL_NOT_MET = "GUARDRAIL_NOT_MET"
    DOCUMENTS_UNUSABLE = "DOCUMENTS_UNUSABLE"
    TOKEN_BUDGET_SPENT = "TOKEN_BUDGET_SPENT"  # noqa: S105 - of a model, not a secret
    DAILY_TOKENS_SPENT = "DAILY_TOKENS_SPENT"
    NO_SPACE = "NO_SPACE"
    FILE_UNUSABLE = "FILE_UNUSABLE"
    INPUT_OUTDATED = "INPUT_OUTDATED"
    INPUT_NOT_PROVIDED = "INPUT_NOT_PROVIDED"
    CANCELED = "CANCELED"
    PAYMENT_NOT_MADE = "PAYMENT_NOT_MADE"
    PAYMENT_EXPIRED = "PAYMENT_EXPIRED"
    GAVE_WAY = "GAVE_WAY"
    PAYMENT_INVALID = "PAYMENT_INVALID"
    PAYMENT_CLOSED = "PAYMENT_CLOSED"
    REFUND_REQUESTED = "REFUND_REQUESTED"
    DEADLINE_PASSED = "DEADLINE_PASSED"
    RESULT_NOT_SUBMITTED = "RESULT_NOT_SUBMITTED"


MESSAGES: Final[dict[Failure, str]] = {
    Failure.MODEL_UNAVAILABLE: "The agent's language model could not be reached. Start the job again later.",
    Failure.MODEL_REFUSED: "The agent's language model refused the request. The operator has to look into it.",
    Failure.MODEL_BUDGET_SPENT: "The job used up its model calls. Ask for something smaller.",
    Failure.EMPTY_RESULT: "The crew ended without a result. Start the job again, or rephrase the request.",
    Failure.CREW_FAILED: "The crew could not finish the job. Start it again, or send the operator its reference.",
    Failure.JOB_TIMEOUT: "The job exceeded its time limit. Ask for something smaller.",
    Failure.GUARDRAIL_NOT_MET: "The result failed its check several times. Start the job again.",
    Failure.DOCUMENTS_UNUSABLE: "The agent's own documents cannot be used. The operator has to look into it.",
    Failure.TOKEN_BUDGET_SPENT: "The job used up its tokens of the language model. Ask for something smaller.",
    Failure.DAILY_TOKENS_SPENT: "The agent used up its tokens of the day. Start the job again after midnight UTC.",
    Failure.NO_SPACE: "The agent's machine has no space left. Ask for a refund if you paid, and try again later.",
    Failure.JOB_INTERRUPTED: "The agent was stopped repeatedly during the job. Ask for a refund if it was paid.",
    Failure.FILE_UNUSABLE: "A file of the input cannot be fetched or read, or is too large. Send another one.",
    Failure.INPUT_OUTDATED: "The agent now asks for other input. Ask for a refund if you paid, and start a new job.",
    Failure.INPUT_NOT_PROVIDED: "The crew's question was not answered in time. Start a new job, or ask for a refund.",
    Failure.CANCELED: "The job was canceled by its customer. Start another one if the result is wanted after all.",
    Failure.PAYMENT_NOT_MADE: "The payment for the job could not be created. Start the job again.",
    Failure.PAYMENT_EXPIRED: "No funds were locked before payByTime. Start the job again.",
    Failure.GAVE_WAY: "Very many unpaid jobs came after this one. Start the job again; ask for a refund if you paid.",
    Failure.PAYMENT_INVALID: "The locked funds do not match the price. Withdraw them, and start the job again.",
    Failure.PAYMENT_CLOSED: "The payment ended before there was a result. Start the job again.",
    Failure.REFUND_REQUESTED: "A refund was requested before the job began. Start a new job if that was a mistake.",
    Failure.DEADLINE_PASSED: "No time was left for the job before submitResultTime. Ask for a refund.",
    Failure.RESULT_NOT_SUBMITTED: "The result did not reach the chain before submitResultTime. Ask for a refund.",
}
