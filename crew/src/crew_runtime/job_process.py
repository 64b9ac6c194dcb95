"""Runs a function in a fresh process with a hard time limit."""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

_CONTEXT: Final = multiprocessing.get_context("forkserver")
_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_KILL_AFTER_SECONDS: Final = 5.0

# multiprocessing looks after all children whenever one is started, which races with a wait in another thread.
_starting = threading.Lock()


def start_fork_server(preload: str) -> None:
    """Start the process that job processes are forked from; it imports `preload` in the background."""
    _CONTEXT.set_forkserver_preload([preload])
    forkserver.ensure_running()


class TimedOutError(Exception):
    """The process did not answer in time and was ended."""


class DiedError(Exception):
    """The process ended without an answer."""


class JobProcess:
    """One process that runs `target(connection, argument)`; the target sends one JSON object as bytes.

    Making one blocks until the fork server is ready.
    """

    def __init__(self, target: Callable[[Connection, Any], None], argument: object) -> None:
        self._answers, answering = _CONTEXT.Pipe(duplex=False)
        self._process: BaseProcess = _CONTEXT.Process(target=target, args=(answering, argument), daemon=True)
        try:
            with _starting:
                try:
                    self._process.start()
                except (EOFError, OSError):
                    self._process.start()  # the fork server was gone; this begins with starting another
        finally:
            answering.close()
        self._pid = self._process.pid

    def answer(self, *, timeout: float, kill_after: float = _KILL_AFTER_SECONDS) -> dict[str, Any]:
        """Wait for the answer at most `timeout` seconds; the process is gone afterwards, whatever happened.

        Raises:
            TimedOutError: after SIGTERM, and SIGKILL if the process still lived `kill_after` seconds later.
            DiedError: the process ended by itself, or by `kill`.

        """
        try:
            if not self._answers.poll(timeout):
                self._signal(signal.SIGTERM)
                raise TimedOutError
            answer: dict[str, Any] = json.loads(self._answers.recv_bytes(_LARGEST_ANSWER))
        except (EOFError, OSError, ValueError) as error:
            raise DiedError from error
        else:
            return answer
        finally:
            self._end(kill_after)

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer gets a DiedError."""
        self._signal(signal.SIGKILL)

    def _end(self, kill_after: float) -> None:
        if not self._is_gone(kill_after):
            self._signal(signal.SIGKILL)
        with _starting:
            self._process.join(kill_after)
        self._pid = None
        self._answers.close()

    def _is_gone(self, within: float) -> bool:
        """Tell whether the pipe closes in time, which it does when the process, its last holder, ends."""
        try:
            while self._answers.poll(within):
                self._answers.recv_bytes(_LARGEST_ANSWER)
        except EOFError:
            return True
        except OSError:
            return False
        return False

    def _signal(self, number: signal.Signals) -> None:
        """Signal the process and what it started; it leads a group of its own as soon as it runs its target."""
        for send in (os.killpg, os.kill):
            try:
                if self._pid is not None:
                    send(self._pid, number)
            except ProcessLookupError:
                continue
            else:
                return
