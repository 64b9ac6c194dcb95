"""When metrics are sent: each minute, and at the end; whatever the collector does, nothing else waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from crew_runtime.common.metrics import Metric
from crew_runtime.traces.outage import Outage

_EVERY_SECONDS: Final = 60
_ENDS_WITHIN_SECONDS: Final = 5


class Sender(Protocol):
    """Where metrics go."""

    def send(self, metrics: Sequence[Metric]) -> str | None:
        """Send them, and return None, or why they were not taken; blocks for some seconds at most."""

    def close(self) -> None:
        """Give up what is being sent, and send no more; returns at once."""


class MetricsSending:
    """Sends what `measure` returns, by a thread of its own, and logs when that begins or ceases to fail."""

    def __init__(
        self,
        sender: Sender,
        measure: Callable[[], Awaitable[Sequence[Metric]]],
        *,
        every_seconds: float = _EVERY_SECONDS,
    ) -> None:
        self._sender = sender
        self._measure = measure
        self._every_seconds = every_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._outage = Outage("metrics")

    async def keep(self) -> None:
        """Send again and again."""
        while True:
            await asyncio.sleep(self._every_seconds)
            await self._send()

    async def end(self) -> None:
        """Send once more, when nothing runs any more that is measured; waits for some seconds at most."""
        try:
            await asyncio.wait_for(self._send(), _ENDS_WITHIN_SECONDS)
        except TimeoutError:
            self._outage.note("The collector did not answer in time.")
        self._sender.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _send(self) -> None:
        try:
            metrics = await self._measure()
            problem = await asyncio.get_running_loop().run_in_executor(self._thread, self._sender.send, metrics)
        except Exception as fault:  # noqa: BLE001 - no fault of this may end the sending, or keep others from ending
            problem = type(fault).__qualname__
        self._outage.note(problem)
