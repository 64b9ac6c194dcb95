"""What the log says of a collector that is away."""

import logging
from typing import Final, Literal

from crew_runtime.common.logs import event

_log: Final = logging.getLogger(__name__)


class Outage:
    """Logs once that the collector does not take something any more, and once that it does again."""

    def __init__(self, what: Literal["traces", "metrics"]) -> None:
        self._what = what
        self.lasts = False

    def note(self, problem: str | None) -> None:
        """Hear what came of the last time that something was sent: None if it was taken, else why not."""
        if problem is not None and not self.lasts:
            event(_log, logging.WARNING, f"{self._what}_not_sent", problem=problem)
        if problem is None and self.lasts:
            event(_log, logging.INFO, f"{self._what}_sent_again")
        self.lasts = problem is not None
