"""Erases what customers entered and got, once it has served its purpose."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from crew_runtime.common.logs import event
from crew_runtime.job.job import now
from crew_runtime.store.interface import JobStore, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_ROUND_SECONDS: Final = 600
_DAY_MS: Final = 86_400_000


class Retention:
    """Erases inputs when nothing can be disputed any more, and results `keep_days` after their jobs have ended."""

    def __init__(self, *, store: JobStore, keep_days: int, clock: Callable[[], int] = now) -> None:
        self._store = store
        self._keep_ms = keep_days * _DAY_MS
        self._clock = clock

    async def look(self) -> float:
        """Erase what is due, and return the seconds until it is time for that again."""
        try:
            await self.round()
        except StoreUnavailableError as error:
            event(_log, logging.ERROR, "store_unavailable", reason=str(error))
        except Exception:  # noqa: BLE001 - the next look may go well; what it met is logged
            _log.exception("erasing_failed")
        return _ROUND_SECONDS

    async def round(self) -> None:
        """Erase what is due now."""
        at = self._clock()
        erased = await asyncio.to_thread(self._store.erase, at=at, ended_before=at - self._keep_ms)
        if erased:
            event(_log, logging.INFO, "erased", jobs=erased)
