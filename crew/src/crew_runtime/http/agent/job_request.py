"""Reads what a customer sends to /start_job."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import rfc8785

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.input_values import InputError, read_input
from crew_runtime.job.hashes import input_hash

_LONGEST_PURCHASER: Final = 256
_NONCE: Final = re.compile(r"[0-9a-fA-F]{14,26}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A request that fits: the input as received, and its hash by MIP-004 for the purchaser.

    Requests of the same `key` mean the same job; `secret_hash` tells who may be told of it.
    """

    input_data: dict[str, Any]
    purchaser: str | None
    input_hash: str | None
    key: str | None
    secret_hash: str | None


def read_job_request(declaration: Declaration, body: Mapping[str, Any], secret_hash: str | None = None) -> JobRequest:
    """Check the request against the input schema, and that it has a price.

    Who pays names a nonce, `identifier_from_purchaser`: 14 to 26 hexadecimal digits, as the payment service wants it.
    For free jobs any text will do, or none: it does not have to be new, so that two jobs may have the same.

    Raises:
        ApiError: 400 INPUT_INVALID with every problem at once.

    """
    purchaser = body.get("identifier_from_purchaser")
    input_data = body.get("input_data", {})
    hashed = None
    problems: list[str] = []
    if declaration.is_paid and not (isinstance(purchaser, str) and _NONCE.fullmatch(purchaser)):
        problems.append("identifier_from_purchaser: must be a text of 14 to 26 hexadecimal digits, new for each job")
    elif purchaser is not None and not _is_name(purchaser):
        problems.append(f"identifier_from_purchaser: must be a text of 1 to {_LONGEST_PURCHASER} characters")
    try:
        read_input(declaration.input, input_data)
        declaration.funds_for(input_data)
        hashed = input_hash(purchaser if isinstance(purchaser, str) else "", input_data)
    except InputError as error:
        problems += error.problems
    except rfc8785.CanonicalizationError:
        problems.append(
            "input_data: contains a number beyond 2^53, which not every JSON reader can hold; send it as text"
        )
    if problems:
        message = "The request does not match /input_schema. Correct what is listed under problems."
        raise ApiError(400, "INPUT_INVALID", message, problems=problems)
    key = hashed if declaration.is_paid else secret_hash and _digest(f"{secret_hash};{hashed}")
    return JobRequest(
        input_data=input_data,
        purchaser=purchaser,
        input_hash=None if purchaser is None else hashed,
        key=key,
        secret_hash=secret_hash,
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _is_name(purchaser: object) -> bool:
    return isinstance(purchaser, str) and 0 < len(purchaser) <= _LONGEST_PURCHASER and "\0" not in purchaser
