"""Builds the runtime from its settings and the declaration: the one module in which all packages meet."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from threading import Thread
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.types import ASGIApp, Lifespan

from crew_runtime.configuration import ConfigurationError
from crew_runtime.declared.declaration import Declaration, code_of, documents_of, fetched_documents
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.documents.fetch_request import Bucket
from crew_runtime.http.agent import Agent
from crew_runtime.http.app import Doorman, create_app
from crew_runtime.http.connections import Connection
from crew_runtime.http.job_intake import IntakeLimits
from crew_runtime.http.operations import Operations
from crew_runtime.job_spec import JobSpec
from crew_runtime.logs import event
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.machine.model_probe import embedder_probe, model_probe
from crew_runtime.machine.settings import Settings
from crew_runtime.machine.task_protection import TaskProtection
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.model.gateway import ModelGateway
from crew_runtime.model_access import ModelAccess
from crew_runtime.payments.checkout import Checkout, Windows
from crew_runtime.payments.client import PaymentService
from crew_runtime.payments.watch import PaymentWatch, WatchTimes
from crew_runtime.runner.job_runner import JobRunner, Limits
from crew_runtime.runner.leases import LeaseKeeper
from crew_runtime.runner.worker_launcher import WorkerLauncher
from crew_runtime.store import JobStore, Retention, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
WORK_FOLDER: Final = "work"
"""The folder of jobs in DATA_DIR."""
Loop = Callable[[], Awaitable[None]]
"""Runs in the background until it is cancelled, or done."""
# By these ECS tells a task where its role's credentials are.
_CREDENTIALS: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


class _JobConnection(Connection):
    """A job's to the gateway, where a call may have to wait for earlier ones before its body is read."""

    body_within = 900


def assemble(
    settings: Settings,
    declaration: Declaration,
    store: JobStore,
    identity: IdentitySource,
    on_unusable: Callable[[str], None],
    *,
    fetch: DocumentFetch | None = None,
) -> tuple[FastAPI, ASGIApp]:
    """Build the runtime and return its public application, and the one for operators.

    `on_unusable` is called with the reason, also from another thread, if the documents that `fetch` gets do not arrive
    or CrewAI refuses the crew.
    """
    gateway = model_gateway(settings, declaration, store)
    model, day = gateway.access, gateway.day
    runner = job_runner(settings, declaration, store, gateway)
    protection = TaskProtection(str(settings.ecs_agent_uri)) if settings.ecs_agent_uri else None
    keeper = LeaseKeeper(store=store, runner=runner, lease_seconds=settings.lease_seconds, protection=protection)
    service = _payment_service(settings, declaration)
    watch = _watch(settings, store, service, runner) if service else None
    loops: list[Loop] = [
        partial(_make_ready, runner, fetch, on_unusable, has_documents=bool(declaration.documents)),
        keeper.keep,
        day.keep,
        Retention(store=store, keep_days=settings.keep_days).keep,
    ]
    loops += [one.keep for one in (protection, watch) if one]
    agent = Agent(
        declaration=declaration,
        identity=identity,
        store=store,
        runner=runner,
        checkout=_checkout(settings, declaration, store, service) if service else None,
        seller_vkey=settings.seller_vkey,
        limits=IntakeLimits(unpaid=settings.max_unpaid, per_client=settings.max_per_client),
    )
    app = create_app(
        agent,
        Doorman(proxy_hops=settings.proxy_hops, starts_per_minute=settings.start_rate),
        health={"status": "ok", "agent": declaration.id, "instance": settings.agent_instance},
        max_body=settings.max_body,
        allowed_hosts=settings.allowed_hosts,
        cors_origins=settings.cors_origins,
        lifespan=_lifespan(runner, store, service, loops, grace_seconds=settings.shutdown_grace),
    )
    operations = Operations(
        agent=agent,
        store=store,
        runner=runner,
        keeper=keeper,
        watch=watch,
        model=model_probe(model),
        day=day,
        embedder=embedder_probe(model) if declaration.needs_embeddings else None,
        data_dir=settings.data_dir,
        min_free_disk=settings.min_free_disk,
    )
    return app, operations.app()


def document_fetch(
    settings: Settings, declaration: Declaration, environment: Mapping[str, str]
) -> DocumentFetch | None:
    """Find out what has to be fetched; None if every document lies beside the declaration.

    `environment` is the container's as it started: it says where the task's credentials are.

    Raises:
        ConfigurationError: documents have to be fetched, and no setting says from where.

    """
    beside = settings.agent_declaration.resolve().parent
    wanted = fetched_documents(declaration, beside, cache=settings.documents_cache)
    if not wanted:
        return None
    if settings.documents_location is None:
        names = ", ".join(document["name"] for document in wanted)
        problem = (
            f"DOCUMENTS_LOCATION: is missing, and {names} does not lie beside the declaration. "
            "Set it to the folder in a bucket that the document is in, such as s3://documents/my-agent."
        )
        raise ConfigurationError([problem])
    place = urlsplit(settings.documents_location)
    key = settings.documents_key
    bucket = Bucket(
        bucket=place.netloc,
        folder=place.path.strip("/"),
        region=settings.documents_region,
        endpoint=str(settings.documents_endpoint).rstrip("/") if settings.documents_endpoint else None,
        key=key.get_secret_value() if key else None,
        environment={name: environment[name] for name in _CREDENTIALS if name in environment},
    )
    return DocumentFetch(bucket, wanted, settings.documents_within)


def _lifespan(
    runner: JobRunner,
    store: JobStore,
    service: PaymentService | None,
    loops: Sequence[Loop],
    *,
    grace_seconds: float,
) -> Lifespan[FastAPI]:
    """Return what runs behind the endpoints, from the application's start to its end."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        runner.start()
        tasks = [asyncio.ensure_future(loop()) for loop in loops]
        yield
        await runner.stop(grace_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if service:
            await service.close()
        with suppress(StoreUnavailableError):
            await asyncio.to_thread(store.release)

    return lifespan


async def _make_ready(
    runner: JobRunner, fetch: DocumentFetch | None, on_unusable: Callable[[str], None], *, has_documents: bool
) -> None:
    """Try out the crew once its documents have arrived; where it has any, jobs wait until they have been read."""
    loop = asyncio.get_running_loop()
    if has_documents:
        runner.hold_back()
    if fetch and (reason := await fetch.run()) is not None:
        on_unusable(reason)
        return

    def try_out() -> None:
        reason = runner.try_out()
        if reason is None:
            event(_log, logging.INFO, "crew_ready")
            with suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(runner.let_begin)
        else:
            on_unusable(reason)

    Thread(target=try_out, daemon=True).start()


def model_gateway(settings: Settings, declaration: Declaration, store: JobStore) -> ModelGateway:
    """Return the gateway that jobs ask for the model; it serves once it is started."""
    day = DailyTokens(store, settings.daily_tokens)
    return ModelGateway(_model_access(settings, declaration), day, connection=_JobConnection)


def _model_access(settings: Settings, declaration: Declaration) -> ModelAccess:
    return ModelAccess(
        api=str(settings.model_api).rstrip("/"),
        key=settings.model_key.get_secret_value(),
        name=declaration.model.name or settings.model_name or "",
        temperature=declaration.model.temperature,
        max_tokens=declaration.model.max_tokens,
        embeddings=declaration.model.embeddings,
    )


def job_runner(
    settings: Settings,
    declaration: Declaration,
    store: JobStore,
    gateway: ModelGateway,
    *,
    tells_progress: bool = False,
) -> JobRunner:
    """Return what runs the agent's jobs; it begins once it is started."""
    beside = settings.agent_declaration.resolve().parent
    spec = JobSpec(
        crew=declaration.crew.model_dump(mode="json", exclude_none=True),
        code=code_of(declaration, beside),
        files={field.id: field.rules("accept") for field in declaration.input if field.type == "file"},
        documents=documents_of(declaration, beside, cache=settings.documents_cache),
        model=replace(gateway.access, api="", key=""),  # each worker is given its own
        inputs={},
        folder=settings.data_dir / WORK_FOLDER,
        tells_progress=tells_progress,
    )
    return JobRunner(
        store=store,
        launcher=WorkerLauncher(spec),
        gateway=gateway,
        fields=declaration.input,
        limits=Limits(
            parallel=settings.max_parallel,
            queue=settings.max_queue,
            timeout_seconds=settings.job_timeout,
            ask_seconds=settings.ask_timeout,
            submit_margin_seconds=settings.submit_margin,
            model_calls=settings.job_model_calls,
            tokens=settings.job_tokens,
        ),
        hash_rule=settings.result_hash_rule,
    )


def _payment_service(settings: Settings, declaration: Declaration) -> PaymentService | None:
    """Return the service if there is one to talk to; a free agent may still have jobs from when it had a price."""
    if settings.payment_service_url is None or settings.payment_key is None:
        return None
    url, key = str(settings.payment_service_url), settings.payment_key.get_secret_value()
    return PaymentService(url.rstrip("/"), key, declaration.network)


def _watch(settings: Settings, store: JobStore, service: PaymentService, runner: JobRunner) -> PaymentWatch:
    watch = PaymentWatch(
        service=service,
        store=store,
        times=WatchTimes(poll_seconds=settings.payment_poll, settle_seconds=settings.settle_seconds),
        run=runner.take,
    )
    runner.on_result = watch.wake
    return watch


def _checkout(settings: Settings, declaration: Declaration, store: JobStore, service: PaymentService) -> Checkout:
    return Checkout(
        service=service,
        store=store,
        declaration=declaration,
        windows=Windows(pay_seconds=settings.pay_within, submit_seconds=settings.submit_within),
        seller_vkey=settings.seller_vkey,
    )
