"""Slots for jobs that run in parallel, shared by agents in turn: one with many jobs keeps no other's waiting."""

import asyncio
from collections import Counter, OrderedDict, deque
from types import TracebackType
from typing import Protocol, Self


class Owner(Protocol):
    """Whose jobs take slots."""

    @property
    def parallel(self) -> int:
        """How many jobs of this owner may run side by side at most."""


class Slots:
    """So many places for the jobs of all owners, who get them round robin; each owner's jobs keep their order."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._parked = 0
        self._taken: Counter[Owner] = Counter()
        self._waiting: OrderedDict[Owner, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, owner: Owner) -> None:
        """Wait for a place, and take it."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(owner)
            raise

    def give_back(self, owner: Owner) -> None:
        """Let another job have a place."""
        self._free += 1
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
        self._grant()

    def park(self) -> bool:
        """Let one more process wait for its customer beside those that run; return whether there is room for it."""
        if self._parked >= self.total:
            return False
        self._parked += 1
        return True

    def unpark(self) -> None:
        """Note that such a process waits no longer."""
        self._parked -= 1

    def _grant(self) -> None:
        while self._free and (owner := self._next()):
            self._waiting.move_to_end(owner)
            turns = self._waiting[owner]
            turn = turns.popleft()
            if not turns:
                del self._waiting[owner]
            if not turn.done():  # whoever was cancelled waits no longer
                turn.set_result(None)
                self._free -= 1
                self._taken[owner] += 1

    def _next(self) -> Owner | None:
        return next((owner for owner in self._waiting if self._taken[owner] < owner.parallel), None)


class Slot:
    """One of an owner's places, taken for the length of a `with`; it may be given back in between."""

    def __init__(self, slots: Slots, owner: Owner) -> None:
        self._slots = slots
        self._owner = owner
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
        await self._slots.take(self._owner)
        self._is_taken = True

    def give_back(self) -> None:
        """Let another job have the place, if this one has it."""
        if self._is_taken:
            self._is_taken = False
            self._slots.give_back(self._owner)
