"""Bounds how many job stores are open at the same time: of a thousand agents, few are asked at once."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from crew_runtime.store.interface import StoreUnavailableError

_WAIT_SECONDS: Final = 3


class Closing(Protocol):
    """A store whose connection can be closed; it is opened anew when the store is asked again."""

    def close_if_idle(self) -> bool:
        """Close the connection unless it is in use; return whether it is closed."""


class Connections:
    """At most so many open ones. Where one more is needed, that which was used the longest ago gives way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._open: OrderedDict[Closing, None] = OrderedDict()

    def admit(self, store: Closing) -> None:
        """Let a store open its connection, or go on with it. The caller uses the store alone.

        Raises:
            StoreUnavailableError: all are in use, and stay so.

        """
        with self._changed:
            if store in self._open:
                self._open.move_to_end(store)
            elif self._changed.wait_for(self._make_room, _WAIT_SECONDS):
                self._open[store] = None
            else:
                raise StoreUnavailableError("SHARED_CONNECTIONS are all in use")

    def used(self) -> None:
        """Note that a store is not in use any more: it may give way."""
        with self._changed:
            self._changed.notify()

    def forget(self, store: Closing) -> None:
        """Note that a store's connection is closed for good, or broken."""
        with self._changed:
            self._open.pop(store, None)
            self._changed.notify()

    def _make_room(self) -> bool:
        if len(self._open) < self._most:
            return True
        for store in self._open:
            if store.close_if_idle():
                del self._open[store]
                return True
        return False


@contextmanager
def admitted(connections: Connections | None, store: Closing) -> Iterator[None]:
    """Use a store's connection in the block, within what is allowed; None: without a bound."""
    if connections is None:
        yield
        return
    connections.admit(store)
    try:
        yield
    finally:
        connections.used()
