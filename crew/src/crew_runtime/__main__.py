"""Command line: `python -m crew_runtime`; everything else is set by environment variables (README.md lists them)."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from crew_runtime.agents.choice import source_of
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.logs import configure_logging, event
from crew_runtime.common.temporary import make_temporary_folder
from crew_runtime.hosting.assembly import WORK_FOLDER, document_fetch
from crew_runtime.hosting.configured_agent import ConfiguredAgent, read_agent
from crew_runtime.hosting.service import many_agents, one_agent
from crew_runtime.http.server.connections import IDLE_SECONDS, Connection
from crew_runtime.http.server.held_ports import ClosingServer, HoldingServer
from crew_runtime.http.server.ports import by_port
from crew_runtime.machine.confinement import close_to_jobs
from crew_runtime.machine.environment import replace_environment, scrubbed
from crew_runtime.machine.identity_source import identity_source
from crew_runtime.machine.service_settings import HOSTED_FOLDER, ServiceSettings
from crew_runtime.machine.settings import DOCUMENTS_FOLDER, Settings
from crew_runtime.machine.users import become_runtime, give_up_rights
from crew_runtime.runner.forking import SERVER
from crew_runtime.store import lock_data, open_store

EXIT_CONFIGURATION: Final = 2
_REQUESTS_END_WITHIN_SECONDS: Final = 2
_log: Final = logging.getLogger("crew_runtime")


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
    """Serve one agent or many, until a signal, and return no problems; or why there is nothing to serve any more.

    The ports come first: a port that is taken also keeps a second runtime off the job store.
    """
    environment = dict(os.environ)
    if environment.get("AGENTS", "").strip():
        return _serve_many(environment)
    settings, declaration = read_agent(environment, Settings)
    with _held(settings) as held:
        store = open_store(settings, declaration.id)
        configure_logging(agent=declaration.id, instance=settings.agent_instance)
        identity = identity_source(settings, environment)
        fetch = document_fetch(settings, declaration, environment)
        configured = ConfiguredAgent(settings=settings, declaration=declaration)
        problems = held.serve(
            lambda stop: one_agent(
                settings,
                configured,
                store,
                identity,
                on_unusable=lambda reason: stop(f"the crew cannot be used: {reason}"),
                fetch=fetch,
            )
        )
        store.disconnect()
    return problems


def _serve_many(environment: Mapping[str, str]) -> Sequence[str]:
    if environment.get("AGENT_DECLARATION", "").strip():
        raise ConfigurationError(["AGENTS and AGENT_DECLARATION: are both set. Set one of them, the other to nothing."])
    settings = ServiceSettings.from_environment(environment)
    with _held(settings) as held:
        configure_logging(instance=settings.agent_instance)
        source = source_of(settings, environment, apart_from_jobs=SERVER.has_users)
        return held.serve(lambda _: many_agents(settings, source, environment))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What the process holds before it serves."""

    settings: ServiceSettings
    listener: socket.socket
    internal: socket.socket | None

    def serve(self, make: Callable[[Callable[[str], None]], tuple[FastAPI, ASGIApp]]) -> list[str]:
        """Serve until a signal, or until what is made calls what it is given with a reason; return the reasons."""
        settings, internal = self.settings, self.internal
        host, port = self.listener.getsockname()[:2]
        internal_port = internal.getsockname()[1] if internal else None
        event(_log, logging.INFO, "listening", host=host, port=port, internal_port=internal_port)
        temporary = make_temporary_folder(settings.data_dir)
        replace_environment(scrubbed(os.environ, home=settings.data_dir, temporary=temporary))
        problems: list[str] = []

        def stop(reason: str) -> None:
            problems.append(reason)
            server.should_exit = True

        app, operations = make(stop)
        SERVER.on_end = lambda: stop("the process that starts jobs has ended")
        closing = asyncio.Event()
        server = server_for(by_port(app, {internal_port: operations}, closing), closing)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # uvicorn raises the signal again after it has ended gracefully
        server.run(sockets=[self.listener, *([internal] if internal else [])])
        shutil.rmtree(temporary, ignore_errors=True)
        return problems


@contextmanager
def _held(settings: ServiceSettings) -> Iterator[_Held]:
    """Take the ports and the data folder."""
    listener = _listen(settings.host, settings.port)
    internal = None if settings.internal_port is None else _listen(settings.host, settings.internal_port)
    if SERVER.has_users:
        _close_data_folder(settings)
    with lock_data(settings.data_dir):
        yield _Held(settings=settings, listener=listener, internal=internal)


def _close_data_folder(settings: ServiceSettings) -> None:
    """Keep jobs out of what is in the data folder, but for what an agent's jobs read."""
    try:
        if settings.agents:
            close_to_jobs(settings.data_dir, open_folders={HOSTED_FOLDER})
            close_to_jobs(settings.data_dir / HOSTED_FOLDER, open_folders=set())
        else:
            close_to_jobs(settings.data_dir, open_folders={WORK_FOLDER, DOCUMENTS_FOLDER})
    except OSError as error:
        description = ServiceSettings.model_fields["data_dir"].description
        problem = f"DATA_DIR: {settings.data_dir} cannot be used ({error.strerror}). {description}"
        raise ConfigurationError([problem]) from None


def server_for(app: ASGIApp, closing: asyncio.Event) -> uvicorn.Server:
    """Return the server, with its connections' limits; it sets `closing` when it stops."""
    kind = HoldingServer if sys.platform == "linux" else ClosingServer
    return kind(
        uvicorn.Config(
            app,
            loop="asyncio",
            http=Connection,
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # http/callers.py reads them, and believes PROXY_HOPS of them alone
            timeout_keep_alive=IDLE_SECONDS,
            server_header=False,
            timeout_graceful_shutdown=_REQUESTS_END_WITHIN_SECONDS,
        ),
        closing,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problem = f"HOST and PORT: cannot listen on {host} port {port} ({reason}). Set them to a free address."
        raise ConfigurationError([problem]) from None


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without waiting for threads that wait for the fork server
