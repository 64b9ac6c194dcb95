"""What callers are told while the job store cannot be reached."""

import logging
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.logs import event
from crew_runtime.store import StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 10


def store_outage(error: StoreUnavailableError) -> ApiError:
    """Log why, and return the error that says to come again."""
    event(_log, logging.ERROR, "store_unavailable", reason=str(error))
    message = "The agent cannot reach its job store. Send the same request again later."
    return ApiError(503, "STORE_UNAVAILABLE", message, retry_after_seconds=_RETRY_SECONDS)
