"""What is said with whoever lets an agent be tried: one JSON object a line.

In comes `{"run": {"declaration", "input", "model": {"api", "key", "name"}, "schema"}}`, the last only where the result
is to be JSON of that schema; `{"answer"}` to a question, and `{"cancel": true}`. Out goes, each with its name under
"event":

- `task`, `tool_failed`, `model_called` after a call with calls and tokens so far, `asked` with a question
- at the end of a run `completed` with the result and, where there is a schema, `schema_problem`: why the result is not
  JSON of it, or null; or `failed`, `cancelled`, or `refused` with all problems if no job began.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any


@dataclass(frozen=True)
class _Run:
    """What is to be run, and what is said from then on until the next one: it may come before this one begins."""

    wanted: Mapping[str, Any] | None
    answers: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


class Conversation:
    """What comes in, by its kind, and what goes out; `tell` may be called from any thread."""

    def __init__(self) -> None:
        """Begin to read; needs a running loop."""
        self._runs: asyncio.Queue[_Run] = asyncio.Queue()
        self._current = self._last = _Run(None)
        self._is_over = False
        self._telling = Lock()
        Thread(target=self._read, args=(asyncio.get_running_loop(),), daemon=True).start()

    @property
    def answers(self) -> asyncio.Queue[str]:
        """Return the answers to what the current run asks."""
        return self._current.answers

    @property
    def cancelled(self) -> asyncio.Event:
        """Return whether the current run is to end."""
        return self._current.cancelled

    async def next_run(self) -> Mapping[str, Any] | None:
        """Wait for what is to be run next, which what was said before neither cancels nor answers; None at the end."""
        self._current = await self._runs.get()
        if self._is_over:
            self.cancelled.set()
        return self._current.wanted

    def tell(self, event: str, **fields: object) -> None:
        """Say what happened."""
        with self._telling:
            sys.stdout.write(f"{json.dumps({'event': event, **fields})}\n")
            sys.stdout.flush()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(self._take, json.loads(line))
        loop.call_soon_threadsafe(self._end)

    def _take(self, message: Mapping[str, Any]) -> None:
        if "run" in message:
            self._last = _Run(message["run"])
            self._runs.put_nowait(self._last)
        elif "answer" in message:
            self._last.answers.put_nowait(str(message["answer"]))
        else:
            self._last.cancelled.set()

    def _end(self) -> None:
        self._is_over = True
        self.cancelled.set()
        self._runs.put_nowait(_Run(None))
