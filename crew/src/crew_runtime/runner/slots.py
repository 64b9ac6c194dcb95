"""Slots for jobs that run in parallel, shared by agents in turn: one with many jobs keeps no other's waiting."""

import asyncio
from collections import OrderedDict, defaultdict, deque
from itertools import count
from types import TracebackType
from typing import Final, Protocol, Self

_NICER_BY: Final = 5
_NICEST: Final = 19


class Owner(Protocol):
    """Whose jobs take slots."""

    @property
    def parallel(self) -> int:
        """How many jobs of this owner may run side by side at most."""


class Slots:
    """So many places for the jobs of all owners, who get them round robin; each owner's jobs keep their order.

    No owner ever has more than `most_of_one`: all, unless it is given. An owner's places are numbered from 0.
    """

    def __init__(self, total: int, *, most_of_one: int | None = None) -> None:
        self.total = total
        self._most_of_one = total if most_of_one is None else most_of_one
        self._free = total
        self._parked = 0
        self._taken: defaultdict[Owner, set[int]] = defaultdict(set)
        self._waiting: OrderedDict[Owner, deque[asyncio.Future[int]]] = OrderedDict()

    async def take(self, owner: Owner) -> int:
        """Wait for a place, take it, and return its number: the lowest that is free among the owner's."""
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        self._grant()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(owner, turn.result())
            raise

    def give_back(self, owner: Owner, number: int) -> None:
        """Let another job have a place."""
        self._free += 1
        self._taken[owner].remove(number)
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
                taken = self._taken[owner]
                number = next(number for number in count() if number not in taken)
                turn.set_result(number)
                self._free -= 1
                taken.add(number)

    def _next(self) -> Owner | None:
        return next((owner for owner in self._waiting if self._has_room(owner)), None)

    def _has_room(self, owner: Owner) -> bool:
        return len(self._taken.get(owner, ())) < min(owner.parallel, self._most_of_one)


class Slot:
    """One of an owner's places, taken for the length of a `with`; it may be given back in between."""

    def __init__(self, slots: Slots, owner: Owner) -> None:
        self._slots = slots
        self._owner = owner
        self._number: int | None = None

    @property
    def niceness(self) -> int:
        """Return how nice a job in this place is: not at all in the first of its owner's, then more and more.

        So one agent's many jobs take little CPU time from another's only one.
        """
        return min(_NICER_BY * (self._number or 0), _NICEST)

    async def __aenter__(self) -> Self:
        await self.take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    async def take(self) -> None:
        """Wait for a place, and take it."""
        self._number = await self._slots.take(self._owner)

    def give_back(self) -> None:
        """Let another job have the place, if this one has it."""
        if self._number is not None:
            number, self._number = self._number, None
            self._slots.give_back(self._owner, number)
