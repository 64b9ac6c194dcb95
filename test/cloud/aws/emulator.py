"""MiniStack, with what Fargate gives a task and it does not: its region, and credentials (TASK_ENVIRONMENT)."""

import json
import os
import signal
import sys
import threading
from typing import Any

from ministack.app import main
from ministack.services import ecs

_ADDED: dict[str, str] = json.loads(os.environ.get("TASK_ENVIRONMENT", "{}"))
_register_metadata = ecs._register_metadata


def _with_environment(task_arn: str, cluster: str, td: Any, cdef: Any, launch: str, env: dict[str, str], *rest: Any) -> Any:
    token = _register_metadata(task_arn, cluster, td, cdef, launch, env, *rest)
    for name, value in _ADDED.items():
        env.setdefault(name, value)
    return token



def _end_with_parent() -> None:
    """The standard input is a pipe of whoever started this: when it ends, nobody is left to stop it and its containers."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


ecs._register_metadata = _with_environment
threading.Thread(target=_end_with_parent, daemon=True).start()
main()
