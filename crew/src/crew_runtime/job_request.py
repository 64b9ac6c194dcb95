"""Reads what a customer sends to /start_job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import rfc8785

from crew_runtime.input_schema import InputField
from crew_runtime.input_values import InputError, read_input
from crew_runtime.problems import ApiError

_LONGEST_PURCHASER: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A request that fits: the input as received, as the crew's texts, and its hash by MIP-004 for the purchaser."""

    input_data: dict[str, Any]
    inputs: dict[str, str]
    purchaser: str | None
    input_hash: str | None


def read_job_request(fields: Sequence[InputField], body: Mapping[str, Any]) -> JobRequest:
    """Check the request against the input schema. The purchaser's identifier may be absent: free jobs need none.

    Raises:
        ApiError: 400 INPUT_INVALID with every problem at once.

    """
    purchaser = body.get("identifier_from_purchaser")
    input_data = body.get("input_data", {})
    inputs: dict[str, str] = {}
    canonical = b""
    problems: list[str] = []
    if purchaser is not None and not (isinstance(purchaser, str) and 0 < len(purchaser) <= _LONGEST_PURCHASER):
        problems.append(f"identifier_from_purchaser: must be a text of 1 to {_LONGEST_PURCHASER} characters")
    try:
        inputs = read_input(fields, input_data)
        canonical = rfc8785.dumps(input_data)
    except InputError as error:
        problems += error.problems
    except rfc8785.CanonicalizationError:
        problems.append("input_data: has a number that not all can read (beyond 2^53); send it as text")
    if problems:
        message = "The request does not fit /input_schema. Correct what is named under problems."
        raise ApiError(400, "INPUT_INVALID", message, problems=problems)
    return JobRequest(
        input_data=input_data,
        inputs=inputs,
        purchaser=purchaser,
        input_hash=None if purchaser is None else sha256(purchaser.encode() + b";" + canonical).hexdigest(),
    )
