"""Why a job fails, in words that its customer may read: nothing of the input, the model's answer or a key."""

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


MESSAGES: Final[dict[Failure, str]] = {
    Failure.MODEL_UNAVAILABLE: "The agent's language model could not be reached. Start the job again later.",
    Failure.MODEL_REFUSED: "The agent's language model refused the request. The operator has to look into it.",
    Failure.MODEL_BUDGET_SPENT: "The job needed the language model too often. Ask for something smaller.",
    Failure.EMPTY_RESULT: "The crew ended without a result. Start the job again, or ask in another way.",
    Failure.CREW_FAILED: "The crew could not finish the job. Start it again, or tell the operator the job's id.",
    Failure.JOB_TIMEOUT: "The job took longer than one job may. Ask for something smaller.",
    Failure.JOB_INTERRUPTED: "The agent was stopped while the job was open. Start the job again.",
    Failure.GUARDRAIL_NOT_MET: "The result was not as it has to be, several times. Start the job again.",
    Failure.DOCUMENTS_UNUSABLE: "The agent's own documents cannot be used. The operator has to look into it.",
    Failure.TOKEN_BUDGET_SPENT: "The job took more of the language model than one job may. Ask for something smaller.",
}
