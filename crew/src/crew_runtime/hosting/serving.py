"""Serves one agent or many on the ports that the process holds, until a signal."""

import asyncio
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from crew_runtime.agents.choice import source_of
from crew_runtime.common.logs import configure_logging, event
from crew_runtime.hosting.assembly import document_fetch
from crew_runtime.hosting.configured_agent import ConfiguredAgent
from crew_runtime.hosting.held import Held
from crew_runtime.hosting.service import many_agents, one_agent
from crew_runtime.http.server.connections import IDLE_SECONDS, Connection
from crew_runtime.http.server.held_ports import ClosingServer, HoldingServer
from crew_runtime.http.server.ports import by_port
from crew_runtime.machine.environment import replace_environment, scrubbed
from crew_runtime.machine.identity_source import identity_source
from crew_runtime.machine.settings import Settings
from crew_runtime.runner.forking import SERVER
from crew_runtime.store import open_store

_REQUESTS_END_WITHIN_SECONDS: Final = 2
_log: Final = logging.getLogger("crew_runtime")


def serve_one(
    held: Held, settings: Settings, configured: ConfiguredAgent, environment: Mapping[str, str]
) -> Sequence[str]:
    """Serve an agent, and return no problems after a signal; or why it cannot be served any more.

    `environment` is the process's as it started.

    Raises:
        ConfigurationError: it cannot even begin.

    """
    declaration = configured.declaration
    store = open_store(settings, declaration.id)
    configure_logging(agent=declaration.id, instance=settings.agent_instance)
    identity = identity_source(settings, environment)
    fetch = document_fetch(settings, declaration, environment)
    problems = _serve(
        held,
        lambda stop: one_agent(
            settings,
            configured,
            store,
            identity,
            on_unusable=lambda reason: stop(f"the crew cannot be used: {reason}"),
            fetch=fetch,
        ),
    )
    store.disconnect()
    return problems


def serve_many(held: Held, environment: Mapping[str, str]) -> Sequence[str]:
    """Serve the agents that the settings name the place of, as `serve_one` serves one."""
    settings = held.settings
    configure_logging(instance=settings.agent_instance)
    source = source_of(settings, environment, apart_from_jobs=SERVER.has_users)
    return _serve(held, lambda _: many_agents(settings, source, environment))


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


def _serve(held: Held, make: Callable[[Callable[[str], None]], tuple[FastAPI, ASGIApp]]) -> list[str]:
    """Serve until a signal, or until what is made calls what it is given with a reason; return the reasons."""
    settings, internal = held.settings, held.internal
    host, port = held.listener.getsockname()[:2]
    internal_port = internal.getsockname()[1] if internal else None
    event(_log, logging.INFO, "listening", host=host, port=port, internal_port=internal_port)
    replace_environment(scrubbed(os.environ, home=settings.data_dir, temporary=held.temporary))
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
    server.run(sockets=[held.listener, *([internal] if internal else [])])
    shutil.rmtree(held.temporary, ignore_errors=True)
    return problems
