"""Command line: `python -m crew_runtime`; everything is set by environment variables (README.md lists them)."""

import logging
import os
import shutil
import signal
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

import uvicorn

from crew_runtime.configuration import ConfigurationError
from crew_runtime.declared.declaration import Declaration, load_declaration
from crew_runtime.documents.fetch_process import document_fetch
from crew_runtime.http.app import create_app
from crew_runtime.http.ports import by_port
from crew_runtime.logs import configure_logging, event
from crew_runtime.machine.environment import replace_environment, scrubbed
from crew_runtime.machine.identity_source import identity_source
from crew_runtime.machine.settings import Settings
from crew_runtime.store import open_store
from crew_runtime.temporary import make_temporary_folder

EXIT_CONFIGURATION: Final = 2
_REQUESTS_END_WITHIN_SECONDS: Final = 2
# The payment service makes no payment with less between the two times.
_SERVICE_MARGIN_SECONDS: Final = 300
_log: Final = logging.getLogger("crew_runtime")


def main() -> int:
    """Serve the agent until SIGTERM or SIGINT; 0 after that, 2 if the agent cannot be served."""
    parser = ArgumentParser(prog="crew_runtime", description=__doc__)
    parser.add_argument("--instance", help="ignored; lets this start be found in a process list")
    parser.parse_args()
    try:
        settings, declaration = _read_configuration()
        listener = _listen(settings.host, settings.port)
        internal = None if settings.internal_port is None else _listen(settings.host, settings.internal_port)
        store, lock = open_store(settings, declaration.id)
        configure_logging(agent=declaration.id, instance=settings.agent_instance)
        identity = identity_source(settings, os.environ)
        fetch = document_fetch(settings, declaration, os.environ)
    except ConfigurationError as error:
        _complain(error.problems)
        return EXIT_CONFIGURATION

    host, port = listener.getsockname()[:2]
    internal_port = internal.getsockname()[1] if internal else None
    event(_log, logging.INFO, "listening", host=host, port=port, internal_port=internal_port)
    temporary = make_temporary_folder(settings.data_dir)
    replace_environment(scrubbed(os.environ, home=settings.data_dir, temporary=temporary))
    unusable: list[str] = []

    def stop(reason: str) -> None:
        unusable.append(f"the crew cannot be used: {reason}")
        server.should_exit = True

    app, operations = create_app(settings, declaration, store, identity, on_unusable=stop, fetch=fetch)
    server = uvicorn.Server(
        uvicorn.Config(
            by_port(app, {internal_port: operations}),
            loop="asyncio",
            http="h11",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_REQUESTS_END_WITHIN_SECONDS,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn sends the signal on after it has ended gracefully
    server.run(sockets=[listener, *([internal] if internal else [])])
    store.disconnect()
    lock.close()
    shutil.rmtree(temporary, ignore_errors=True)
    if unusable:
        _complain(unusable)
        return EXIT_CONFIGURATION
    return 0


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
    if settings and declaration and not (declaration.model.name or settings.model_name):
        problems.append("MODEL_NAME: is missing, and the declaration names no model either. Set MODEL_NAME.")
    if settings and settings.network and declaration and settings.network != declaration.network:
        problems.append(
            f"NETWORK: the declaration is for {declaration.network}. Set NETWORK to the same, or not at all."
        )
    if settings:
        least = settings.pay_within + max(settings.submit_margin, _SERVICE_MARGIN_SECONDS)
        if settings.submit_within <= least:
            problems.append(
                "SUBMIT_WITHIN: leaves no time for a job that is paid at the last moment. "
                f"Set it to more than PAY_WITHIN and SUBMIT_MARGIN (at least {_SERVICE_MARGIN_SECONDS}) together."
            )
    if problems or settings is None or declaration is None:
        raise ConfigurationError(problems)
    if settings.payment_source_type:
        payment = declaration.payment.of_type(settings.payment_source_type)
        declaration = declaration.model_copy(update={"payment": payment})
    return settings, declaration


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else: it is also what keeps a second runtime off the job store."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problem = f"HOST and PORT: cannot listen on {host} port {port} ({reason}). Set them to a free address."
        raise ConfigurationError([problem]) from None


def _complain(problems: list[str] | tuple[str, ...]) -> None:
    lines = "\n".join(f"- {problem}" for problem in problems)
    sys.stderr.write(f"crew_runtime cannot serve the agent:\n{lines}\n")


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # without waiting for threads that wait for the fork server
