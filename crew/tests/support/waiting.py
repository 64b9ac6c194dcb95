"""Waits for what another process does."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120


def wait_for(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
