"""The runtime's program, with a fork server that comes from the tests', so that CrewAI is loaded but once.

What goes on between runtime, fork server and jobs is the same; only what the fork server was forked from is not.
"""

import os
import pickle
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from crew_runtime.runner import fork_server
from crew_runtime.runner.forking import SERVER

_DESCRIPTOR = "TESTS_FORK_SERVER"


@contextmanager
def new_fork_server() -> Iterator[socket.socket]:
    """Fork a fork server from the tests', and give the end of its socket that a runtime is to inherit."""
    ours, theirs = socket.socketpair()
    with theirs:
        SERVER.fork(theirs.fileno(), None)
    begin = Connection(os.dup(ours.fileno()))
    begin.send_bytes(pickle.dumps((_serve, None)))
    begin.close()
    with ours:
        yield ours


def _serve(connection: Connection, _: object) -> None:
    fork_server.serve(socket.socket(fileno=os.dup(connection.fileno())))


def environment_with(control: socket.socket) -> dict[str, str]:
    """What a runtime finds the fork server at the other end of a socket by."""
    return {_DESCRIPTOR: str(control.fileno())}


if __name__ == "__main__":
    from crew_runtime.__main__ import main

    SERVER.adopt(socket.socket(fileno=int(os.environ.pop(_DESCRIPTOR))))
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
