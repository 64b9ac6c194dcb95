"""The fork server: loads CrewAI once, and forks a process for each job: `python -m crew_runtime.runner.fork_server 3`.

The argument is the descriptor of its socket, over which one request comes after another (`forking.py` sends them). It
never sees what a job is given: that comes over a pipe which only the job reads, so that no job finds another's in its
memory.

As root, which it is in a container, it runs each job as the user that it is told. Elsewhere jobs run as its own user.
"""

import os
import pickle
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NoReturn

from crew_runtime.machine import users
from crew_runtime.runner.fork_messages import receive, tell
from crew_runtime.runner.leftovers import remove_all_of

# If memory runs out, the kernel ends a job rather than the runtime.
_ENDED_FIRST: Final = "1000"


def serve(control: socket.socket) -> None:
    """Do what is asked for until the other side closes the socket; then end all jobs."""
    if sys.platform == "linux":
        users.adopt_orphans()
    _Server(control).serve()


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._wake, self._woken = os.pipe()
        self._users: dict[int, int | None] = {}
        self._reports: dict[int, int] = {}
        """By process: its user, and the descriptor on which its end is reported."""

    def serve(self) -> None:
        for descriptor in (self._wake, self._woken):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._reap()
            if self._control.fileno() in ready:
                request = receive(self._control)
                if request is None:
                    break
                self._do(*request)
        for process, user in self._users.items():
            if user is None:  # the others end with this process
                _signal(process, signal.SIGKILL)

    def _do(self, request: dict[str, Any], descriptors: list[int]) -> None:
        user: int | None = request.get("user")
        match request["do"]:
            case "load":
                _load(request["module"], request["environment"], user)
            case "start":
                connection, report = descriptors
                niceness: int = request["niceness"]
                self._fork(lambda: _work(connection, niceness), user, report, request.get("group"))
                os.close(connection)
            case "signal":
                self._signal(request["process"], signal.Signals(request["signal"]))
            case "clear" if user is not None:
                folder = Path(request["folder"])
                self._fork(lambda: remove_all_of(user, folder), user, descriptors[0], request.get("group"))

    def _signal(self, process: int, number: signal.Signals) -> None:
        if process not in self._users:  # it is gone, and its number may be another's by now
            return
        user = self._users[process]
        if user is None:
            _signal(process, number)
        else:  # this process has no right to
            self._fork(lambda: _signal(process, number), user, None)

    def _fork(self, run: Callable[[], int], user: int | None, report: int | None, group: int | None = None) -> None:
        """Run a function in a process of its own, as `user`; its number and then its exit code go to `report`."""
        parent = os.getpid()
        try:
            process = os.fork()
        except OSError:  # too many; whoever waits for the report learns it by its end
            if report is not None:
                os.close(report)
            return
        if process == 0:
            self._be_forked(run, user, report, parent, group)
        if report is not None:
            self._users[process] = user
            self._reports[process] = report
            tell(report, process)

    def _be_forked(
        self, run: Callable[[], int], user: int | None, report: int | None, parent: int, group: int | None
    ) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            for descriptor in (self._wake, self._woken, report, *self._reports.values()):
                if descriptor is not None:
                    os.close(descriptor)
            os.setsid()  # a signal to the runtime's group must not end jobs that it still waits for
            _be_ended_first()
            if user is not None:
                users.become_job(user, group)
            if sys.platform == "linux":
                users.end_with(parent)
            code = run()
        finally:
            os._exit(code)  # without waiting for threads that CrewAI leaves

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                process, status = os.waitpid(-1, os.WNOHANG)
                if process == 0:
                    return
                self._users.pop(process, None)
                report = self._reports.pop(process, None)
                if report is not None:
                    tell(report, os.waitstatus_to_exitcode(status))
                    os.close(report)


def _work(connection: int, niceness: int) -> int:
    """Run what comes over the connection: a function, and what it is given."""
    _give_way(niceness)
    pipe = Connection(connection)
    target, argument = pickle.loads(pipe.recv_bytes())  # noqa: S301 - it comes from the runtime
    target(pipe, argument)
    return 0


def _load(module: str, environment: dict[str, str], user: int | None) -> None:
    """Import what jobs begin with; the files that it makes are `user`'s."""
    os.environ.clear()
    os.environ.update(environment)
    with _acting_as(user):
        import_module(module)


@contextmanager
def _acting_as(user: int | None) -> Iterator[None]:
    if user is None:
        yield
        return
    os.setegid(user)
    os.seteuid(user)
    os.umask(0o077)
    yield
    os.seteuid(0)
    os.setegid(0)


def _signal(process: int, number: signal.Signals) -> int:
    """Signal a job's process and what it has started; it leads a group of its own as soon as it runs."""
    for send in (os.killpg, os.kill):
        try:
            send(process, number)
        except (ProcessLookupError, PermissionError):
            continue
        else:
            break
    return 0


def _be_ended_first() -> None:
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_ENDED_FIRST)


def _give_way(niceness: int) -> None:
    if niceness == 0:
        return
    os.nice(niceness)
    # Where the kernel groups processes by session, which on most desktops it does, the group's niceness is what counts.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
