"""Limits how often one client may ask for something."""

import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

_MINUTE: Final = 60.0
_MOST_CLIENTS: Final = 20_000


class Rate:
    """So many requests in a minute for each client, at once or one after the other; 0: no limit.

    A client's due time moves on by one share of the minute with each request, and may be a minute ahead at most.
    Clients of whom nothing has been heard the longest are forgotten first.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._share = _MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._due: OrderedDict[str, float] = OrderedDict()

    def wait_for(self, client: str) -> int | None:
        """Count a request, and return None; or return after how many seconds one is counted again."""
        if not self._share:
            return None
        now = self._clock()
        due = max(now, self._due.get(client, now)) + self._share
        if due - now > _MINUTE + self._share / 2:  # of which half a share is for the error of adding
            return max(1, math.ceil(due - now - _MINUTE))
        self._due[client] = due
        self._due.move_to_end(client)
        if len(self._due) > _MOST_CLIENTS:
            self._due.popitem(last=False)
        return None
