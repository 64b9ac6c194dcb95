"""Knows callers, and lets none of them ask for jobs too often."""

from starlette.requests import Request

from crew_runtime.http.admission.callers import Caller, address_of
from crew_runtime.http.admission.request_secret import read_secret_hash
from crew_runtime.http.admission.start_rate import StartRate


class Doorman:
    """Stands before one agent."""

    def __init__(self, *, proxy_hops: int, starts_per_minute: int) -> None:
        self._proxy_hops = proxy_hops
        self._rate = StartRate(starts_per_minute)

    def admit(self, request: Request) -> Caller:
        """Return who asks for a job.

        Raises:
            ApiError: 429 TOO_MANY_STARTS, 400 IDEMPOTENCY_KEY_INVALID.

        """
        address = self.address(request)
        self._rate.admit(address)
        return Caller(address=address, secret_hash=read_secret_hash(request.headers))

    def address(self, request: Request) -> str:
        """Return by what the one is counted who sends a request."""
        return address_of(request, proxy_hops=self._proxy_hops)
