"""Who may come in: tells clients apart, and refuses those that ask too often."""

from typing import Final

from starlette.requests import Request

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.metrics import REQUESTS_REFUSED, STARTS_REFUSED
from crew_runtime.http.admission.callers import Caller, address_of
from crew_runtime.http.admission.rate import Rate
from crew_runtime.http.admission.request_secret import read_secret_hash

_WAIT: Final = "Wait as long as Retry-After says, then ask again."


class Doorman:
    """Stands before one agent."""

    def __init__(self, *, proxy_hops: int, starts_per_minute: int, requests_per_minute: int = 0) -> None:
        self._proxy_hops = proxy_hops
        self._starts = Rate(starts_per_minute)
        self._requests = Rate(requests_per_minute)

    def let_in(self, request: Request) -> None:
        """Count a request that only its body tells more of, before that is read.

        Raises:
            ApiError: 429 TOO_MANY_REQUESTS.

        """
        wait = self._requests.wait_for(self.address(request))
        if wait is not None:
            REQUESTS_REFUSED.add()
            message = f"You have sent many requests in the last minute. {_WAIT}"
            raise ApiError(429, "TOO_MANY_REQUESTS", message, retry_after_seconds=wait)

    def admit(self, request: Request) -> Caller:
        """Return who asks for a job.

        Raises:
            ApiError: 429 TOO_MANY_STARTS, 400 IDEMPOTENCY_KEY_INVALID.

        """
        address = self.address(request)
        wait = self._starts.wait_for(address)
        if wait is not None:
            raise too_many("START_RATE", "You have asked for many jobs in the last minute.", wait)
        return Caller(address=address, secret_hash=read_secret_hash(request.headers))

    def address(self, request: Request) -> str:
        """Return by what the one is counted who sends a request."""
        return address_of(request, proxy_hops=self._proxy_hops)


def too_many(limit: str, what: str, retry_after_seconds: int) -> ApiError:
    """Count a start that is more than a client's part, and return the error for it."""
    STARTS_REFUSED.add(limit=limit)
    return ApiError(429, "TOO_MANY_STARTS", f"{what} {_WAIT}", retry_after_seconds=retry_after_seconds)
