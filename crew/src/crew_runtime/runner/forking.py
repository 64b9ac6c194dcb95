"""The runtime's side of the fork server: starts it, and asks it for processes."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from crew_runtime.machine import users
from crew_runtime.runner.fork_messages import send, told
from crew_runtime.runner.fork_server import serve

_MODULE: Final = "crew_runtime.runner.fork_server"
LIBRARIES: Final = "crew_runtime.crewai.libraries"
"""What the next is built upon."""
PRELOAD: Final = "crew_runtime.crewai.preload"
"""What jobs begin with."""


class Forked:
    """A process that the fork server has started for this one, and reports the end of."""

    def __init__(self, server: "ForkServer", report: int) -> None:
        """Wait until it is started.

        Raises:
            EOFError: it is not.

        """
        self._server = server
        self._report = report
        self.code: int | None = None
        try:
            self.id = told(report)
        except EOFError:
            os.close(report)
            raise

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the process, and what it has started; nothing happens if it is gone."""
        if self.code is None:
            self._server.signal(self.id, number)

    def wait(self, timeout: float) -> int | None:
        """Wait for its exit code; None if it still runs."""
        if self.code is None and self._is_told(timeout):
            try:
                self.code = told(self._report)
            except EOFError:
                self.code = -signal.SIGKILL
            os.close(self._report)
        return self.code

    def _is_told(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        return bool(poll.poll(timeout * 1000))


class ForkServer:
    """One fork server. Requests may come from any thread.

    Where it starts jobs as users of their own, it cannot be started again after its end, as only root could, which this
    process is no longer: `on_end` is called then, from another thread. Elsewhere it is started again.
    """

    def __init__(self) -> None:
        self._requesting = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._module: str | None = None
        self._environment: dict[str, str] = {}
        self.has_users = False
        self.on_end: Callable[[], None] = lambda: None

    @property
    def is_running(self) -> bool:
        """Return whether it has been started; it may have ended since."""
        return self._control is not None

    def start_with_users(self, environment: Mapping[str, str]) -> None:
        """Start it while this process is root, so that jobs can be users of their own."""
        self._control = self._started(environment)
        self.has_users = True
        threading.Thread(target=self._await_end, args=(self._control,), daemon=True).start()

    def adopt(self, control: socket.socket) -> None:
        """Use one that serves the other end of a socket, and has loaded everything."""
        self._control = control

    def start_as_copy(self) -> None:
        """Start it as a copy of this process, which spares it a start of its own; no other thread may run yet."""
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            try:
                ours.close()
                os.setpgid(0, 0)
                with Path(os.devnull).open() as nothing:
                    os.dup2(nothing.fileno(), sys.stdin.fileno())
                serve(theirs)
            finally:
                os._exit(0)  # it must not go on as this process
        theirs.close()
        self._control = ours

    def load(self, module: str, environment: Mapping[str, str] | None = None) -> None:
        """Let it import what jobs begin with, in the background.

        It sees that environment from then on; without one, that which this process has now.
        """
        with self._requesting:
            self._module, self._environment = module, dict(os.environ if environment is None else environment)
            if self._control is None:
                self._control = self._started(self._environment)
            try:
                self._send_load(self._control)
            except OSError:  # it has ended since
                if self.has_users:
                    raise
                self._start_again(self._control)

    def abandon(self) -> None:
        """End it at once if this process may; otherwise it ends with this process, when it has loaded its module."""
        if self._process is not None:
            with suppress(PermissionError):
                self._process.kill()
                self._process.wait()

    def fork(self, connection: int, user: int | None, group: int | None = None, niceness: int = 0) -> Forked:
        """Start a process that runs what comes over `connection`. Blocks until the fork server has loaded its module.

        Raises:
            EOFError, OSError: no process could be started.

        """
        request = {"do": "start", "user": user, "group": group, "niceness": niceness}
        control = self._control
        try:
            return self._forked(request, [connection])
        except (EOFError, OSError):
            if self.has_users:
                raise
        with self._requesting:
            if self._control is control:  # no other thread has noticed it before
                self._start_again(control)
        return self._forked(request, [connection])

    def signal(self, process: int, number: signal.Signals) -> None:
        """Signal one of its processes, with what that has started; does not wait for anything."""
        with suppress(OSError), self._requesting:  # if it is gone, so are they
            self._send({"do": "signal", "process": process, "signal": int(number)})

    def clear(self, user: int, folder: Path, group: int | None = None) -> Forked:
        """End all processes of a job's user and empty its folder; the exit code is 0 if nothing is left.

        `group` is the one by which the user reaches the folder, if there is one.

        Raises:
            EOFError, OSError: the fork server is gone.

        """
        return self._forked({"do": "clear", "user": user, "folder": str(folder), "group": group}, [])

    def _forked(self, request: Mapping[str, object], descriptors: Sequence[int]) -> Forked:
        report, reporting = os.pipe()
        try:
            with self._requesting:
                self._send(request, [*descriptors, reporting])
        except BaseException:
            os.close(report)
            raise
        finally:
            os.close(reporting)
        return Forked(self, report)

    def _send(self, request: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
        if self._control is None:
            raise EOFError
        send(self._control, request, descriptors)

    def _send_load(self, control: socket.socket) -> None:
        if self._module is not None:
            user = users.RUNTIME if self.has_users else None
            request = {"do": "load", "module": self._module, "environment": self._environment, "user": user}
            send(control, request)

    def _start_again(self, gone: socket.socket | None) -> None:
        if gone is not None:
            gone.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._started(self._environment)
        self._send_load(self._control)

    def _started(self, environment: Mapping[str, str]) -> socket.socket:
        ours, theirs = socket.socketpair()
        # Neither finds modules in the folder where it works, which stand in for the runtime's.
        isolated = ["-I"] if sys.flags.isolated else ["-P"] if sys.flags.safe_path else []
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, *isolated, "-m", _MODULE, str(theirs.fileno())],
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        return ours

    def _await_end(self, control: socket.socket) -> None:
        with suppress(OSError):
            control.recv(1)  # it never says anything
        self.on_end()


SERVER: Final = ForkServer()
"""The runtime's."""
