"""The tokens that an agent uses in a day, by UTC, all its jobs and runtimes together."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, Protocol

from crew_runtime.common.logs import event
from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.store import StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 15
"""After so long at most a runtime knows what the others have used."""


class TokenCount(Protocol):
    """The part of a job store that keeps the count."""

    def add_usage(self, day: str, usages: Sequence[ModelUsage]) -> int:
        """Count tokens, durably, and return those of the day by all runtimes; of a job and model there is one usage."""


def _now() -> datetime:
    return datetime.now(UTC)


class DailyTokens:
    """Counts against a limit; None is none. Safe to use from any thread.

    While the store is unavailable, what was used is kept here, and written as soon as it is back.
    """

    def __init__(self, store: TokenCount, limit: int | None, clock: Callable[[], datetime] = _now) -> None:
        self.limit = limit
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._unwritten: dict[tuple[str, str], ModelUsage] = {}
        self._written = 0
        self._day = self._today()
        self._told = ""

    @property
    def used(self) -> int:
        """Tokens of today, as far as is known here."""
        with self._lock:
            written = self._written if self._day == self._today() else 0
            return written + sum(usage.tokens for usage in self._unwritten.values())

    @property
    def is_spent(self) -> bool:
        """Return whether nothing is left of today's."""
        return self.limit is not None and self.used >= self.limit

    @property
    def seconds_left(self) -> int:
        """Seconds until the next day begins, at least one."""
        moment = self._clock()
        midnight = datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
        return max(1, int((midnight - moment).total_seconds()))

    def add(self, usage: ModelUsage) -> None:
        """Count tokens here; `write` makes it durable."""
        if not usage.tokens:
            return
        of = (usage.job, usage.model)
        with self._lock:
            before = self._unwritten.get(of)
            self._unwritten[of] = before.plus(usage) if before else usage

    def write(self) -> None:
        """Write what was counted here, and learn what others have used. Blocks."""
        with self._writing:
            day = self._today()
            with self._lock:
                usages, self._unwritten = list(self._unwritten.values()), {}
            try:
                # What was used just before midnight may count for the day that has begun.
                written = self._store.add_usage(day, usages)
            except StoreUnavailableError as error:
                event(_log, logging.ERROR, "store_unavailable", reason=str(error))
                for usage in usages:
                    self.add(usage)
                return
            with self._lock:
                self._day, self._written = day, written
        if self.is_spent and self._told != day:
            self._told = day
            event(_log, logging.WARNING, "daily_tokens_spent", limit=self.limit, used=self.used)

    async def look(self) -> float:
        """Write what was counted, learn what others have used, and return the seconds until it is time for it again."""
        await asyncio.to_thread(self.write)
        return _LOOK_SECONDS

    def _today(self) -> str:
        return self._clock().date().isoformat()
