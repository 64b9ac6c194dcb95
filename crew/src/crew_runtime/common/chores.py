"""What has to be done again and again, for one agent or for a thousand: no task and no thread waits for its time."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextvars import copy_context

Work = Callable[[], Awaitable[float]]
"""Does it once, and returns the seconds until it is due again; infinity: not before it is woken. Never raises."""


class Chores:
    """Chores of one kind, of which so many are done side by side: one that hangs does not keep all others waiting."""

    def __init__(self, side_by_side: int) -> None:
        self._places = asyncio.Semaphore(side_by_side)

    def add(self, work: Work) -> "Chore":
        """Return a chore, which begins when it is woken; it is done for the agent that is the current one now."""
        return Chore(work, self._places)


class Chore:
    """One piece of work, never done twice at the same time."""

    def __init__(self, work: Work, places: asyncio.Semaphore) -> None:
        self._work = work
        self._places = places
        self._context = copy_context()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._stopped = False

    def wake(self) -> None:
        """Do it now; if it is being done, do it once more afterwards."""
        if self._stopped:
            return
        if self._task:
            self._again = True
            return
        self._forget_time()
        self._task = asyncio.get_running_loop().create_task(self._do(), context=self._context)

    async def stop(self) -> None:
        """Do it no more; what is being done is cancelled."""
        self._stopped = True
        self._forget_time()
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _do(self) -> None:
        pause = math.inf
        try:
            async with self._places:
                self._again = False
                pause = await self._work()
        finally:
            self._task = None
            if self._again:
                self.wake()
            elif pause < math.inf and not self._stopped:
                self._timer = asyncio.get_running_loop().call_later(pause, self.wake)

    def _forget_time(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
