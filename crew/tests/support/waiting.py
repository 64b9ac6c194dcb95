"""Waits for what another process does."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120


def wait_for(reached: Callable[[], object], *, within: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + within
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
