"""The secret by which a customer asks again for a job whose id was lost: the header Idempotency-Key.

What else a request has is not secret: the nonce is on the chain, and an input can be guessed.
"""

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.job.job import Job

_HEADER: Final = "Idempotency-Key"
_SHORTEST: Final = 16
_LONGEST: Final = 255


def read_secret_hash(headers: Mapping[str, str]) -> str | None:
    """Return the hash of the request's secret, which alone is kept; None if it has none.

    Raises:
        ApiError: 400 IDEMPOTENCY_KEY_INVALID.

    """
    secret = headers.get(_HEADER)
    if secret is None:
        return None
    if not (_SHORTEST <= len(secret) <= _LONGEST and secret.isascii() and secret.isprintable()):
        message = (
            f"{_HEADER} is not {_SHORTEST} to {_LONGEST} printable characters. It is a secret: choose it at random, "
            "anew for each job, or leave it out."
        )
        raise ApiError(400, "IDEMPOTENCY_KEY_INVALID", message)
    return sha256(secret.encode()).hexdigest()


def require_same_secret(job: Job, secret_hash: str | None) -> None:
    """Refuse to name a job to anybody but who began it.

    Raises:
        ApiError: 409 JOB_EXISTS.

    """
    if job.secret_hash and secret_hash and compare_digest(job.secret_hash, secret_hash):
        return
    message = (
        "A job with this identifier_from_purchaser and input has begun already, and its id is given to nobody else. "
        f"Send the {_HEADER} that it was begun with, or begin another one with a new identifier_from_purchaser."
    )
    raise ApiError(409, "JOB_EXISTS", message)
