"""The parent's side of a worker: runs a function in a fresh process with a hard time limit, and talks to it."""

import json
import pickle
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Final

from crew_runtime.runner.forking import SERVER, Forked

_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_KILL_AFTER_SECONDS: Final = 5.0


def start_fork_server(preload: str) -> None:
    """Let the process that workers are forked from import `preload` in the background; start it if necessary."""
    SERVER.load(preload)


class TimedOutError(Exception):
    """The process did not answer in time and was ended."""


class DiedError(Exception):
    """The process ended without an answer."""


class AskedError(DiedError):
    """The process asked a question that nobody can answer, and was ended."""


def is_ask(message: Mapping[str, object]) -> bool:
    """Return whether a message is a question, and thus not the last one."""
    return "ask" in message


def is_progress(message: Mapping[str, object]) -> bool:
    """Return whether a message only tells how far a job is, and is not the last one either."""
    return "progress" in message


def is_span(message: Mapping[str, object]) -> bool:
    """Return whether a message tells of a step for a trace, and is not the last one either."""
    return "span" in message


class WorkerProcess:
    """One process that runs `target(connection, argument)`, which sends JSON objects as bytes; the last is its answer.

    One that has the key `ask` is no answer, as the target waits for a `reply`, nor is one that has `progress` or
    `span`. Making a process blocks until the fork server is ready. It runs as `user`, and in `group` as well, if they
    are given, which only a fork server with users can do. `niceness` is that of nice(1): how much it gives way to other
    processes.
    """

    def __init__(
        self,
        target: Callable[[Connection, Any], None],
        argument: object,
        *,
        user: int | None = None,
        group: int | None = None,
        niceness: int = 0,
    ) -> None:
        self._ending = threading.Lock()
        self._messages, answering = Pipe()
        try:
            self._process: Forked | None = SERVER.fork(answering.fileno(), user, group, niceness)
        except BaseException:
            self._messages.close()
            raise
        finally:
            answering.close()
        with suppress(OSError):  # if it is gone, the first message will not come
            self._messages.send_bytes(pickle.dumps((target, argument)))

    def answer(self, *, timeout: float, kill_after: float = _KILL_AFTER_SECONDS) -> dict[str, Any]:
        """Wait for the answer at most `timeout` seconds; the process is gone afterwards, whatever happened.

        Raises:
            TimedOutError: after SIGTERM, and SIGKILL if the process still lived `kill_after` seconds later.
            DiedError: the process ended by itself, or by `kill`.
            AskedError: it asks back.

        """
        end = time.monotonic() + timeout
        message = self.next_message(timeout=timeout, kill_after=kill_after)
        while is_progress(message) or is_span(message):
            message = self.next_message(timeout=max(0, end - time.monotonic()), kill_after=kill_after)
        if is_ask(message):
            self.kill()
            self.end(kill_after=kill_after)
            raise AskedError
        return message

    def next_message(self, *, timeout: float, kill_after: float = _KILL_AFTER_SECONDS) -> dict[str, Any]:
        """Wait for what the process says next, at most `timeout` seconds: an ask, a progress, a span, or its answer.

        After an `ask` the process waits for `reply` or `end`, however long that takes; after its answer it is gone.

        Raises:
            TimedOutError, DiedError: as for `answer`.

        """
        goes_on = False
        try:
            if not self._messages.poll(timeout):
                self._signal(signal.SIGTERM)
                raise TimedOutError
            message: dict[str, Any] = json.loads(self._messages.recv_bytes(_LARGEST_ANSWER))
            if not isinstance(message, dict):
                raise ValueError  # noqa: TRY004, TRY301 - as if it were no JSON
            goes_on = is_ask(message) or is_progress(message) or is_span(message)
        except (EOFError, OSError, ValueError, RecursionError) as error:
            raise DiedError from error
        else:
            return message
        finally:
            if not goes_on:
                self.end(kill_after=kill_after)

    def reply(self, text: str) -> None:
        """Answer what the process asks; it goes on then, and `next_message` tells how.

        Raises:
            DiedError: the process is gone.

        """
        try:
            self._messages.send_bytes(json.dumps({"input": text}).encode())
        except OSError as error:
            self.kill()
            self.end()
            raise DiedError from error

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer gets a DiedError."""
        self._signal(signal.SIGKILL)

    def end(self, *, kill_after: float = _KILL_AFTER_SECONDS) -> None:
        """Return the process `kill_after` seconds to end by itself, then end it; it is gone afterwards."""
        with self._ending:  # two threads that close the pipe at once might close somebody else's
            if self._process is None:
                return
            if not self._is_gone(kill_after):
                self._signal(signal.SIGKILL)
            self._process.wait(kill_after)
            self._process = None
            self._messages.close()

    def _is_gone(self, within: float) -> bool:
        """Return whether the pipe closes in time, which it does when the process, its last holder, ends."""
        try:
            while self._messages.poll(within):
                self._messages.recv_bytes(_LARGEST_ANSWER)
        except (EOFError, ConnectionResetError):
            return True
        except OSError:
            return False
        return False

    def _signal(self, number: signal.Signals) -> None:
        """Signal the process and what it started."""
        process = self._process
        if process is not None:
            process.send_signal(number)
