"""Command line: `python -m crew_runtime`; everything else is set by environment variables (README.md lists them)."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.machine.environment import scrubbed
from crew_runtime.machine.users import become_runtime, give_up_rights
from crew_runtime.runner.forking import LIBRARIES, SERVER

EXIT_CONFIGURATION: Final = 2


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 0 after that, 2 if there is an agent and it cannot be served."""
    parser = ArgumentParser(prog="crew_runtime", description=__doc__)
    parser.add_argument("--instance", help="ignored; makes this start recognizable in a process list")
    parser.add_argument(
        "--separate-users",
        action="store_true",
        help="start as root and become another user, and let each job be one of its own (in a container, on Linux)",
    )
    arguments = parser.parse_args()
    try:
        _start_fork_server(separate_users=arguments.separate_users)
        from crew_runtime.hosting.process import serve  # noqa: PLC0415 - takes a while, and the fork server longer

        problems = serve()
    except ConfigurationError as error:
        SERVER.abandon()
        problems = error.problems
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        sys.stderr.write(f"crew_runtime cannot serve the agent:\n{lines}\n")
        return EXIT_CONFIGURATION
    return 0


def _start_fork_server(*, separate_users: bool) -> None:
    """Let it load what CrewAI is built upon, while the settings are read.

    With `separate_users` it becomes each job's user, and this process the one that holds the keys: root no more.

    Raises:
        ConfigurationError: this process has not the rights to.

    """
    data_dir = Path(os.environ.get("DATA_DIR", "").strip() or "/")
    environment = scrubbed(os.environ, home=data_dir, temporary=data_dir / "tmp")
    if separate_users:
        give_up_rights()
        SERVER.start_with_users(environment)
        become_runtime()
    SERVER.load(LIBRARIES, environment)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without waiting for threads that wait for the fork server
