"""Command line: `python -m crew_runtime`; everything else is set by environment variables (README.md lists them).

What is imported here is what the settings need. CrewAI takes longest to load, so the fork server begins with it as soon
as they are known to be right, and what serves is imported beside it.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.hosting.configured_agent import ConfiguredAgent, read_agent
from crew_runtime.hosting.held import Held, held
from crew_runtime.machine.environment import scrubbed
from crew_runtime.machine.service_settings import ServiceSettings
from crew_runtime.machine.settings import Settings
from crew_runtime.machine.users import become_runtime, give_up_rights
from crew_runtime.runner.forking import PRELOAD, SERVER

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
        if arguments.separate_users:
            _separate_users()
        problems = _serve()
    except ConfigurationError as error:
        SERVER.abandon()
        problems = error.problems
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        sys.stderr.write(f"crew_runtime cannot serve the agent:\n{lines}\n")
        return EXIT_CONFIGURATION
    return 0


def _separate_users() -> None:
    """Start the process that becomes each job's user, and become the user that holds the keys: from here on no root.

    Raises:
        ConfigurationError: this process has not the rights to.

    """
    give_up_rights()
    data_dir = Path(os.environ.get("DATA_DIR", "").strip() or "/")
    SERVER.start_with_users(scrubbed(os.environ, home=data_dir, temporary=data_dir / "tmp"))
    become_runtime()


def _serve() -> Sequence[str]:
    """Serve one agent or many, until a signal, and return no problems; or why there is nothing to serve any more."""
    environment = dict(os.environ)
    if environment.get("AGENTS", "").strip():
        return _serve_many(environment)
    settings, declaration = read_agent(environment, Settings)
    configured = ConfiguredAgent(settings=settings, declaration=declaration)
    with held(settings) as what:
        _begin_to_load_crewai(what)
        from crew_runtime.hosting.serving import serve_one  # noqa: PLC0415 - takes a while, and CrewAI longer

        return serve_one(what, settings, configured, environment)


def _serve_many(environment: Mapping[str, str]) -> Sequence[str]:
    if environment.get("AGENT_DECLARATION", "").strip():
        raise ConfigurationError(["AGENTS and AGENT_DECLARATION: are both set. Set one of them, the other to nothing."])
    with held(ServiceSettings.from_environment(environment)) as what:
        _begin_to_load_crewai(what)
        from crew_runtime.hosting.serving import serve_many  # noqa: PLC0415 - as above

        return serve_many(what, environment)


def _begin_to_load_crewai(what: Held) -> None:
    SERVER.load(PRELOAD, scrubbed(os.environ, home=what.settings.data_dir, temporary=what.temporary))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without waiting for threads that wait for the fork server
