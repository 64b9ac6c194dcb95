"""Limits how often one client may ask for jobs."""

import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.metrics import STARTS_REFUSED

_MINUTE: Final = 60.0
_MOST_CLIENTS: Final = 20_000


class StartRate:
    """So many starts in a minute for each client, at once or one after the other; 0: no limit.

    A client's due time moves on by one share of the minute with each start, and may be a minute ahead at most. Clients
    of whom nothing has been heard the longest are forgotten first.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._share = _MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._due: OrderedDict[str, float] = OrderedDict()

    def admit(self, client: str) -> None:
        """Count a start.

        Raises:
            ApiError: 429 TOO_MANY_STARTS, with Retry-After; the start is not counted.

        """
        if not self._share:
            return
        now = self._clock()
        due = max(now, self._due.get(client, now)) + self._share
        if due - now > _MINUTE + self._share / 2:  # of which half a share is for the error of adding
            raise too_many(
                "START_RATE", "You have asked for many jobs in the last minute.", math.ceil(due - now - _MINUTE)
            )
        self._due[client] = due
        self._due.move_to_end(client)
        if len(self._due) > _MOST_CLIENTS:
            self._due.popitem(last=False)


def too_many(limit: str, what: str, retry_after_seconds: int) -> ApiError:
    """Count a start that is more than a client's part, and return the error for it."""
    STARTS_REFUSED.add(limit=limit)
    message = f"{what} Wait as long as Retry-After says, then ask again."
    return ApiError(429, "TOO_MANY_STARTS", message, retry_after_seconds=max(1, retry_after_seconds))
