"""Slots for jobs that run in parallel."""

import asyncio
from types import TracebackType
from typing import Self


class Slot:
    """One of the places that `free` counts, taken for the length of a `with`; it may be given back in between."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._is_taken = False

    async def __aenter__(self) -> Self:
        await self.take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    async def take(self) -> None:
        """Wait for a place, and take it."""
        await self._free.acquire()
        self._is_taken = True

    def give_back(self) -> None:
        """Let another job have the place, if this one has it."""
        if self._is_taken:
            self._is_taken = False
            self._free.release()
