"""Command line: `python -m crew_runtime`; everything else is set by environment variables (README.md lists them)."""

import logging
import os
import shutil
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import uvicorn
from starlette.types import ASGIApp

from crew_runtime.assembly import WORK_FOLDER, assemble, document_fetch
from crew_runtime.configuration import ConfigurationError
from crew_runtime.declared.declaration import Declaration, load_declaration
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.http.connections import IDLE_SECONDS, Connection
from crew_runtime.http.held_ports import HoldingServer
from crew_runtime.http.ports import by_port
from crew_runtime.logs import configure_logging, event
from crew_runtime.machine.confinement import close_to_jobs
from crew_runtime.machine.environment import replace_environment, scrubbed
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.machine.identity_source import identity_source
from crew_runtime.machine.settings import Settings
from crew_runtime.machine.users import become_runtime, give_up_rights
from crew_runtime.runner.forking import SERVER
from crew_runtime.store import JobStore, open_store
from crew_runtime.temporary import make_temporary_folder

EXIT_CONFIGURATION: Final = 2
_REQUESTS_END_WITHIN_SECONDS: Final = 2
# The payment service makes no payment with less between the two times.
_SERVICE_MARGIN_SECONDS: Final = 300
_log: Final = logging.getLogger("crew_runtime")


def main() -> int:
    """Serve the agent until SIGTERM or SIGINT; return 0 after that, 2 if the agent cannot be served."""
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
        problems = _serve(_prepare())
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """What the process holds before it serves."""

    settings: Settings
    declaration: Declaration
    listener: socket.socket
    internal: socket.socket | None
    store: JobStore
    lock: IO[str]
    identity: IdentitySource
    fetch: DocumentFetch | None


def _prepare() -> _Prepared:
    """Read the configuration, then take the ports, the data folder and the store.

    The ports come first: a port that is taken also keeps a second runtime off the job store.
    """
    settings, declaration = _read_configuration()
    listener = _listen(settings.host, settings.port)
    internal = None if settings.internal_port is None else _listen(settings.host, settings.internal_port)
    if SERVER.has_users:
        _close_data_folder(settings)
    store, lock = open_store(settings, declaration.id)
    configure_logging(agent=declaration.id, instance=settings.agent_instance)
    return _Prepared(
        settings=settings,
        declaration=declaration,
        listener=listener,
        internal=internal,
        store=store,
        lock=lock,
        identity=identity_source(settings, os.environ),
        fetch=document_fetch(settings, declaration, os.environ),
    )


def _close_data_folder(settings: Settings) -> None:
    try:
        close_to_jobs(settings.data_dir, open_folders={WORK_FOLDER, settings.documents_cache.name})
    except OSError as error:
        description = Settings.model_fields["data_dir"].description
        problem = f"DATA_DIR: {settings.data_dir} cannot be used ({error.strerror}). {description}"
        raise ConfigurationError([problem]) from None


def _serve(prepared: _Prepared) -> Sequence[str]:
    """Serve until a signal, and return no problems; or until the agent turns out to be unusable, and return why."""
    settings, internal = prepared.settings, prepared.internal
    host, port = prepared.listener.getsockname()[:2]
    internal_port = internal.getsockname()[1] if internal else None
    event(_log, logging.INFO, "listening", host=host, port=port, internal_port=internal_port)
    temporary = make_temporary_folder(settings.data_dir)
    replace_environment(scrubbed(os.environ, home=settings.data_dir, temporary=temporary))
    problems: list[str] = []

    def stop(reason: str) -> None:
        problems.append(f"the crew cannot be used: {reason}")
        server.should_exit = True

    app, operations = assemble(
        settings, prepared.declaration, prepared.store, prepared.identity, on_unusable=stop, fetch=prepared.fetch
    )
    SERVER.on_end = lambda: stop("the process that starts jobs has ended")
    server = server_for(by_port(app, {internal_port: operations}))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal again after it has ended gracefully
    server.run(sockets=[prepared.listener, *([internal] if internal else [])])
    prepared.store.disconnect()
    prepared.lock.close()
    shutil.rmtree(temporary, ignore_errors=True)
    return problems


def server_for(app: ASGIApp) -> uvicorn.Server:
    """Return the server, with its connections' limits."""
    kind = HoldingServer if sys.platform == "linux" else uvicorn.Server
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
        )
    )


def _read_configuration() -> tuple[Settings, Declaration]:
    problems: list[str] = []
    settings = declaration = None
    try:
        settings = Settings.from_environment(os.environ)
    except ConfigurationError as error:
        problems += error.problems
    path = os.environ.get("AGENT_DECLARATION", "").strip()
    if path:
        try:
            declaration = load_declaration(Path(path))
        except ConfigurationError as error:
            problems += error.problems
    problems += _contradictions(settings, declaration)
    if problems or settings is None or declaration is None:
        raise ConfigurationError(problems)
    if settings.payment_source_type:
        payment = declaration.payment.of_type(settings.payment_source_type)
        declaration = declaration.model_copy(update={"payment": payment})
    return settings, declaration


def _contradictions(settings: Settings | None, declaration: Declaration | None) -> Iterator[str]:
    """Yield what is wrong with settings that are valid one by one; None stands for what could not be read."""
    if settings is None:
        return
    if declaration and not (declaration.model.name or settings.model_name):
        yield "MODEL_NAME: is missing, and the declaration names no model either. Set MODEL_NAME."
    if declaration and settings.network and settings.network != declaration.network:
        yield f"NETWORK: the declaration is for {declaration.network}. Set NETWORK to the same, or not at all."
    yield from _wrong_times(settings, is_paid=declaration is not None and declaration.is_paid)


def _wrong_times(settings: Settings, *, is_paid: bool) -> Iterator[str]:
    """Yield what is wrong with the times of a job, its payment and its result together."""
    margin = max(settings.submit_margin, _SERVICE_MARGIN_SECONDS)
    besides = settings.pay_within + settings.settle_seconds + margin
    least = besides + settings.job_timeout
    if is_paid and settings.submit_within < least:
        left = max(0, settings.submit_within - besides)
        yield (
            f"SUBMIT_WITHIN and JOB_TIMEOUT: a job may run for {settings.job_timeout:.0f} seconds, but if paid at "
            f"the last moment, {left:.0f} are left until its result is due. Set SUBMIT_WITHIN to at least {least:.0f}, "
            "which is PAY_WITHIN, SETTLE_SECONDS, JOB_TIMEOUT and SUBMIT_MARGIN "
            f"(at least {_SERVICE_MARGIN_SECONDS}) together, or set JOB_TIMEOUT to less."
        )
    elif settings.submit_within <= settings.pay_within + margin:
        yield (
            "SUBMIT_WITHIN: leaves no time for a job that is paid at the last moment. "
            f"Set it to more than PAY_WITHIN and SUBMIT_MARGIN (at least {_SERVICE_MARGIN_SECONDS}) together."
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
