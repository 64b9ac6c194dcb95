"""The applications of a process, for the public and for operators, and what runs behind them from start to end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from crew_runtime.agents.source import AgentSource
from crew_runtime.common.metrics import Metric
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.hosting.assembly import Shared
from crew_runtime.hosting.configured_agent import ConfiguredAgent
from crew_runtime.hosting.hosted_agent import HostedAgent
from crew_runtime.hosting.left_behind import LeftBehind
from crew_runtime.hosting.opening import Opening
from crew_runtime.hosting.table import AgentTable, Entry
from crew_runtime.http.app import create_app
from crew_runtime.http.operations.agent_operations import Disk, metrics_of, operations_of
from crew_runtime.http.operations.service_operations import AgentReport, service_metrics, service_operations
from crew_runtime.http.served import Served, by_path, only
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.machine.service_settings import HOSTED_FOLDER, ServiceSettings
from crew_runtime.machine.settings import WORK_FOLDER, Settings
from crew_runtime.machine.task_protection import TaskProtection
from crew_runtime.runner.running_times import ContainerSize
from crew_runtime.runner.workplaces import hold_users_of
from crew_runtime.store import Connections, JobStore
from crew_runtime.traces.metrics_sending import MetricsSending
from crew_runtime.traces.span import Traces

_SERVICE: Final = "crew-service"
"""What a process that serves many agents is called at a collector."""
_THREADS: Final = 32
"""For what blocks for a moment, such as a job store; one agent's that hangs must leave some to the others."""


def one_agent(
    settings: Settings,
    configured: ConfiguredAgent,
    store: JobStore,
    identity: IdentitySource,
    on_unusable: Callable[[str], None],
    *,
    fetch: DocumentFetch | None = None,
) -> tuple[FastAPI, ASGIApp]:
    """Serve one agent: return its public application, and the one for operators.

    `on_unusable` is called with the reason if the documents that `fetch` gets do not arrive or CrewAI refuses the crew.
    """
    protection = _protection(settings)
    shared = Shared.of(settings.max_parallel, protection, traces=_traces(settings, configured.declaration.id))
    hosted = HostedAgent(
        shared,
        configured,
        store,
        identity,
        facts={"agent": configured.declaration.id, "instance": settings.agent_instance},
        proxy_hops=settings.proxy_hops,
        url=settings.public_base,
        container=ContainerSize(settings.container_cpu, settings.container_memory),
    )
    disk = Disk(folder=settings.data_dir, least=settings.min_free_disk)
    sending = _sending(settings, configured.declaration.id, lambda: metrics_of(hosted.operations, disk))

    async def make_ready() -> None:
        if (reason := await hosted.make_ready(fetch)) is not None:
            on_unusable(reason)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        shared.start()
        await hosted.start()
        async with _running(make_ready(), *_kept(protection, sending)):
            yield
            await hosted.stop(settings.shutdown_grace)
        await asyncio.gather(shared.stop(), *([sending.end()] if sending else []))

    app = create_app(
        only(hosted.served),
        allowed_hosts=settings.allowed_hosts,
        cors_origins=settings.cors_origins,
        lifespan=lifespan,
    )
    return app, operations_of(hosted.operations, disk)


def many_agents(
    settings: ServiceSettings, source: AgentSource, environment: Mapping[str, str]
) -> tuple[FastAPI, ASGIApp]:
    """Serve the agents of a source: return the public application, and the one for operators.

    `environment` is the process's as it started, from which agents have what they do not set themselves.
    """
    protection = _protection(settings)
    connections = Connections(settings.shared_connections)
    shared = Shared.of(settings.shared_parallel, protection, connections, _traces(settings, _SERVICE))
    table = AgentTable(source, Opening(shared, settings, source, environment), settings.agents_poll_seconds)
    shared.agents = lambda: len(table.entries)
    hosted = settings.data_dir / HOSTED_FOLDER
    hold_users_of(hosted.glob(f"*/{WORK_FOLDER}"))
    left = LeftBehind(hosted, table.entries.__contains__)
    stopping = asyncio.Event()
    disk = Disk(folder=settings.data_dir, least=settings.min_free_disk)

    def reports() -> dict[str, AgentReport]:
        return {agent_id: _report(entry) for agent_id, entry in table.entries.items()}

    async def measure() -> list[Metric]:
        return service_metrics(reports(), disk)

    sending = _sending(settings, _SERVICE, measure)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="blocking"))
        shared.start()
        work = [table.keep(), left.keep(lambda: table.is_known), *_kept(protection, sending)]
        async with _running(*work):
            yield
            stopping.set()
        await table.stop(settings.shutdown_grace)
        await asyncio.gather(shared.stop(), *([sending.end()] if sending else []))

    def health() -> dict[str, object]:
        crew = "ready" if table.is_known else "loading"
        return {"status": "ok", "instance": settings.agent_instance, "agents": len(table.entries), "crew": crew}

    app = create_app(
        by_path(lambda agent_id: _answering(table.entries.get(agent_id)), health),
        allowed_hosts=settings.allowed_hosts,
        cors_origins=settings.cors_origins,
        lifespan=lifespan,
    )
    operations = service_operations(reports, lambda: {"agents": table.is_known}, disk, stopping.is_set)
    return app, operations


def _answering(entry: Entry | None) -> Served | ASGIApp | None:
    if entry is None:
        return None
    return entry.hosted.served if entry.hosted else entry.substitute


def _report(entry: Entry) -> AgentReport:
    operations = entry.hosted.operations if entry.hosted else None
    return AgentReport(state=entry.state, problems=entry.problems, operations=operations)


def _traces(settings: ServiceSettings, service: str) -> Traces | None:
    """Return where spans go; OpenTelemetry is not even loaded where that is nowhere."""
    if settings.traces_endpoint is None:
        return None
    from crew_runtime.traces.otlp import OtlpTraces  # noqa: PLC0415

    return OtlpTraces(
        str(settings.traces_endpoint),
        settings.traces_header_fields,
        service=service,
        instance=settings.agent_instance,
        captures_content=settings.traces_message_content,
    )


def _sending(
    settings: ServiceSettings, service: str, measure: Callable[[], Awaitable[Sequence[Metric]]]
) -> MetricsSending | None:
    """Return what sends metrics to the collector of traces; None where there is none."""
    if settings.traces_endpoint is None:
        return None
    from crew_runtime.traces.otlp_metrics import OtlpMetrics  # noqa: PLC0415

    endpoint, headers = str(settings.traces_endpoint), settings.traces_header_fields
    return MetricsSending(OtlpMetrics(endpoint, headers, service=service, instance=settings.agent_instance), measure)


def _kept(protection: TaskProtection | None, sending: MetricsSending | None) -> list[Coroutine[Any, Any, None]]:
    """Return the work for the whole process, as far as there is some."""
    return [*([protection.keep()] if protection else []), *([sending.keep()] if sending else [])]


def _protection(settings: ServiceSettings) -> TaskProtection | None:
    return TaskProtection(str(settings.ecs_agent_uri)) if settings.ecs_agent_uri else None


@asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let work run beside the block, and end it with it."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
