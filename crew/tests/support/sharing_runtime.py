"""The runtime's program, with the fork server that the tests have: CrewAI, whose import takes seconds, is loaded once.

What goes on between runtime, fork server and jobs is the same; only who started the fork server is not.
"""

import os
import sys
from multiprocessing import forkserver
from typing import Any, Final

_ADDRESS = "TESTS_FORK_SERVER"
_ALIVE = "TESTS_FORK_SERVER_ALIVE"
# Of the standard library, which has no public way to say where a fork server is.
_SERVER: Final[dict[str, Any]] = vars(vars(forkserver)["_forkserver"])


def given_to_runtimes() -> dict[str, str]:
    """The environment by which a runtime finds this process's fork server; nothing if it has started none."""
    if _SERVER["_forkserver_address"] is None:
        return {}
    return {_ADDRESS: _SERVER["_forkserver_address"], _ALIVE: str(_SERVER["_forkserver_alive_fd"])}


def descriptors(environment: dict[str, str]) -> tuple[int, ...]:
    """What a runtime with this environment has to inherit: the end of the pipe that keeps the fork server alive."""
    return (int(environment[_ALIVE]),) if _ALIVE in environment else ()


def _share() -> None:
    _SERVER["_forkserver_address"] = os.environ.pop(_ADDRESS)
    _SERVER["_forkserver_alive_fd"] = int(os.environ.pop(_ALIVE))
    vars(forkserver)["ensure_running"] = _SERVER["ensure_running"] = lambda: None


if __name__ == "__main__":  # jobs' processes import this module as well
    from crew_runtime.__main__ import main

    _share()
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
