"""The time that an agent's runtime is up, and that the processes of its jobs run: what its container is paid for."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from crew_runtime.common.logs import event
from crew_runtime.job.running_time import RunningTime
from crew_runtime.store import StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_WRITE_SECONDS: Final = 60
"""A runtime that is killed forgets this much at most."""


@dataclass(frozen=True, slots=True)
class ContainerSize:
    """What a container may use: CPU units, 1024 of which are one core, and MiB; 0 is as much as there is."""

    cpu: int = 0
    memory: int = 0


class TimeKeeper(Protocol):
    """The part of a job store that keeps the times."""

    def add_running_times(self, day: str, times: Sequence[RunningTime]) -> None:
        """Add times of a day, durably."""


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


class RunningTimes:
    """Measures from its making. Safe to use from any thread.

    `container` is None where the agent has none to itself: then its jobs' times alone are kept. While the store is
    unavailable, what was measured is kept here.
    """

    def __init__(
        self,
        store: TimeKeeper,
        container: ContainerSize | None,
        *,
        today: Callable[[], str] = _today,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._container = container
        self._today = today
        self._clock = clock
        self._since = clock()
        self._jobs: dict[str, int] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self.has_written = False

    def add(self, job: str, seconds: float) -> None:
        """Add the time that a job's process ran."""
        with self._lock:
            self._jobs[job] = self._jobs.get(job, 0) + round(seconds * 1000)

    def write(self) -> None:
        """Write what was measured since it was last written. Blocks."""
        with self._writing:
            with self._lock:
                jobs, self._jobs = self._jobs, {}
                up = round((self._clock() - self._since) * 1000) if self._container else 0
            times = [RunningTime(job=job, milliseconds=spent) for job, spent in jobs.items() if spent]
            if self._container and up:
                size = self._container
                times.append(RunningTime(cpu=size.cpu, memory=size.memory, milliseconds=up))
            if not times:
                return
            try:
                self._store.add_running_times(self._today(), times)
            except StoreUnavailableError as error:
                event(_log, logging.WARNING, "running_times_kept", reason=str(error))
                for job, spent in jobs.items():
                    self.add(job, spent / 1000)
                return
            self._since += up / 1000
            self.has_written = True

    async def look(self) -> float:
        """Write it if it is time for it, which it is not at once, and return the seconds until then."""
        waited = self._clock() - self._since if self._container else 0
        with self._lock:
            is_due = bool(self._jobs) or waited >= _WRITE_SECONDS
        if is_due:
            await asyncio.to_thread(self.write)
        return _WRITE_SECONDS
