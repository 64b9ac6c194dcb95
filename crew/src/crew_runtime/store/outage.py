"""Remembers that a database does not answer, so that it holds up nobody but who looks whether it does again."""

import time


class Outage:
    """None, to begin with. May be used from any thread."""

    def __init__(self) -> None:
        self._next_look: float | None = None

    @property
    def is_known(self) -> bool:
        """Return whether the database did not answer when it was last asked."""
        return self._next_look is not None

    @property
    def is_resting(self) -> bool:
        """Return whether it is too early to look again."""
        return self._next_look is not None and time.monotonic() < self._next_look

    def begin(self, rest_seconds: float = 0) -> None:
        """Note that the database does not answer, and let nobody look for so long."""
        self._next_look = time.monotonic() + rest_seconds

    def end(self) -> None:
        """Note that it answers."""
        self._next_look = None
