"""The question of a job as an input schema, and the answers that it takes."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import rfc8785

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.input_schema import InputField, InputRule
from crew_runtime.declared.input_values import InputError, read_input
from crew_runtime.job.ask import LONGEST_ANSWER
from crew_runtime.job.job import Job, JobState, Question

_ID: Final = "answer"
_LONGEST: Final = InputRule(validation="max", value=str(LONGEST_ANSWER))
_OPTIONAL: Final = InputRule(validation="optional", value="true")


def schema_of(question: Question) -> dict[str, Any]:
    """Return the input schema of a question: one text, which may be left out to accept a draft."""
    return {"input_data": [_field_of(question).to_wire()]}


def _field_of(question: Question) -> InputField:
    return InputField(
        id=_ID,
        type="textarea",
        name="What has to change (leave empty to accept)" if question.is_draft else "Your answer",
        data={"description": question.prompt},
        validations=(_LONGEST, _OPTIONAL) if question.is_draft else (_LONGEST,),
    )


def read_answer(job: Job, body: Mapping[str, Any]) -> str:
    """Return the customer's answer to the job's open question.

    The request may name the question by `status_id` (MIP-003), by `input_schema_hash` (SHA-256 of the schema by
    RFC 8785, as the network's documentation has it), or not at all.

    Raises:
        ApiError: 400 INPUT_NOT_AWAITED, STATUS_OUTDATED, INPUT_INVALID.

    """
    if job.state is not JobState.AWAITING_INPUT or job.question is None:
        raise not_awaited()
    schema_hash = sha256(rfc8785.dumps(schema_of(job.question))).hexdigest()
    for name, current in (("status_id", job.status_id), ("input_schema_hash", schema_hash)):
        if body.get(name) not in (None, current):
            message = f"This question is no longer open: {name} does not match. Ask /status for the current one."
            raise ApiError(400, "STATUS_OUTDATED", message)
    try:
        return read_input([_field_of(job.question)], body.get("input_data"))[_ID]
    except InputError as error:
        message = "The answer does not match the input_schema of /status. Correct what is listed under problems."
        raise ApiError(400, "INPUT_INVALID", message, problems=error.problems) from None


def not_awaited() -> ApiError:
    """Return the error for an answer to a job that asks nothing."""
    return ApiError(400, "INPUT_NOT_AWAITED", "The job is not waiting for input. Ask /status for its state.")
