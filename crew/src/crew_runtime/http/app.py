"""Puts the runtime together: MIP-003's endpoints and /healthz, and what works behind them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from crew_runtime.api_error import ApiError
from crew_runtime.declared.declaration import Declaration, code_of, documents_of
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.http.agent import Agent
from crew_runtime.http.bodies import read_json_object
from crew_runtime.http.operations import Operations
from crew_runtime.job_spec import JobSpec, ModelAccess
from crew_runtime.logs import event
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.machine.model_probe import embedder_probe, model_probe
from crew_runtime.machine.settings import Settings
from crew_runtime.machine.task_protection import TaskProtection
from crew_runtime.payments.checkout import Checkout, Windows
from crew_runtime.payments.client import PaymentService
from crew_runtime.payments.watch import PaymentWatch, WatchTimes
from crew_runtime.runner.job_runner import JobRunner, Limits
from crew_runtime.runner.leases import LeaseKeeper
from crew_runtime.runner.worker_launcher import WorkerLauncher
from crew_runtime.store import JobStore, StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_RETRY_STORE_SECONDS: Final = 10


def create_app(
    settings: Settings,
    declaration: Declaration,
    store: JobStore,
    identity: IdentitySource,
    on_unusable: Callable[[str], None],
    *,
    fetch: DocumentFetch | None = None,
) -> tuple[FastAPI, ASGIApp]:
    """Put the agent together; gives what the world sees, and what operators see.

    `on_unusable` is called, also from another thread, with the reason if the documents that `fetch` gets do not come,
    or CrewAI turns out not to take the crew.
    """
    model = _model_access(settings, declaration)
    runner = _runner(settings, declaration, store, model)
    protection = TaskProtection(str(settings.ecs_agent_uri)) if settings.ecs_agent_uri else None
    keeper = LeaseKeeper(store=store, runner=runner, lease_seconds=settings.lease_seconds, protection=protection)
    service = _payment_service(settings, declaration)
    watch = _watch(settings, store, service, runner) if service else None
    agent = Agent(
        declaration=declaration,
        identity=identity,
        store=store,
        runner=runner,
        checkout=_checkout(settings, declaration, store, service) if service else None,
        seller_vkey=settings.seller_vkey,
        max_unpaid=settings.max_unpaid,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        runner.start()
        loops: list[Coroutine[Any, Any, None]] = [_make_ready(runner, fetch, on_unusable), keeper.keep()]
        if protection:
            loops.append(protection.keep())
        if watch:
            runner.on_result = watch.wake
            loops.append(watch.keep())
        tasks = [asyncio.create_task(loop) for loop in loops]
        yield
        await runner.stop(settings.shutdown_grace)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if service:
            await service.close()
        with suppress(StoreUnavailableError):
            await asyncio.to_thread(store.release)

    health = {"status": "ok", "agent": declaration.id, "instance": settings.agent_instance}
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    _add_cors(app, settings)
    app.include_router(_routes(agent, health, settings.max_body))
    app.add_exception_handler(ApiError, _answer_api_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(StoreUnavailableError, _answer_store_error)
    app.add_exception_handler(Exception, _answer_internal_error)
    operations = Operations(
        agent=agent,
        store=store,
        runner=runner,
        keeper=keeper,
        watch=watch,
        model=model_probe(model),
        embedder=embedder_probe(model) if declaration.needs_embeddings else None,
    )
    return app, operations.app()


async def _make_ready(runner: JobRunner, fetch: DocumentFetch | None, on_unusable: Callable[[str], None]) -> None:
    """Let jobs begin once their documents are there, and try out the crew."""
    if fetch:
        runner.hold_back()
        reason = await fetch.run()
        if reason is not None:
            on_unusable(reason)
            return
        runner.let_begin()

    def try_out() -> None:
        reason = runner.try_out()
        if reason is None:
            event(_log, logging.INFO, "crew_ready")
        else:
            on_unusable(reason)

    Thread(target=try_out, daemon=True).start()


def _model_access(settings: Settings, declaration: Declaration) -> ModelAccess:
    return ModelAccess(
        api=str(settings.model_api).rstrip("/"),
        key=settings.model_key.get_secret_value(),
        name=declaration.model.name or settings.model_name or "",
        temperature=declaration.model.temperature,
        max_tokens=declaration.model.max_tokens,
        embeddings=declaration.model.embeddings,
    )


def _runner(settings: Settings, declaration: Declaration, store: JobStore, model: ModelAccess) -> JobRunner:
    beside = settings.agent_declaration.resolve().parent
    spec = JobSpec(
        crew=declaration.crew.model_dump(mode="json", exclude_none=True),
        code=code_of(declaration, beside),
        files={field.id: field.rules("accept") for field in declaration.input if field.type == "file"},
        documents=documents_of(declaration, beside, cache=settings.documents_cache),
        model=model,
        inputs={},
        max_model_calls=settings.job_model_calls,
        max_tokens=settings.job_tokens,
        folder=settings.data_dir / "work",
    )
    return JobRunner(
        store=store,
        launcher=WorkerLauncher(spec),
        fields=declaration.input,
        limits=Limits(
            parallel=settings.max_parallel,
            queue=settings.max_queue,
            timeout_seconds=settings.job_timeout,
            ask_seconds=settings.ask_timeout,
            submit_margin_seconds=settings.submit_margin,
        ),
        hash_rule=settings.result_hash_rule,
    )


def _payment_service(settings: Settings, declaration: Declaration) -> PaymentService | None:
    """Give the service if there is one to talk to; a free agent may still have jobs from when it had a price."""
    if settings.payment_service_url is None or settings.payment_key is None:
        return None
    url, key = str(settings.payment_service_url), settings.payment_key.get_secret_value()
    return PaymentService(url.rstrip("/"), key, declaration.network)


def _watch(settings: Settings, store: JobStore, service: PaymentService, runner: JobRunner) -> PaymentWatch:
    return PaymentWatch(
        service=service,
        store=store,
        times=WatchTimes(poll_seconds=settings.payment_poll, settle_seconds=settings.settle_seconds),
        run=runner.take,
    )


def _checkout(settings: Settings, declaration: Declaration, store: JobStore, service: PaymentService) -> Checkout:
    return Checkout(
        service=service,
        store=store,
        declaration=declaration,
        windows=Windows(pay_seconds=settings.pay_within, submit_seconds=settings.submit_within),
        seller_vkey=settings.seller_vkey,
    )


def _add_cors(app: FastAPI, settings: Settings) -> None:
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
            expose_headers=["Retry-After"],
        )


def _routes(agent: Agent, health: dict[str, str], max_body: int) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {**health, "crew": "ready" if agent.crew_is_ready else "loading"}

    @router.get("/availability")
    async def availability() -> dict[str, Any]:
        return agent.availability()

    @router.get("/input_schema")
    async def input_schema() -> dict[str, Any]:
        return agent.input_schema()

    @router.get("/demo")
    async def demo() -> dict[str, Any]:
        return agent.demo()

    @router.get("/payment_information")
    @router.get("/payment-information")
    async def payment_information() -> dict[str, Any]:
        return agent.payment_information()

    @router.post("/start_job")
    async def start_job(request: Request) -> dict[str, Any]:
        return await agent.start_job(await read_json_object(request, limit=max_body))

    @router.get("/status")
    async def status(job_id: str | None = None) -> dict[str, Any]:
        return await agent.status(job_id)

    @router.post("/provide_input")
    async def provide_input(request: Request) -> dict[str, Any]:
        return await agent.provide_input(await read_json_object(request, limit=max_body))

    return router


async def _answer_api_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101 - the only class that this handler is registered for
    return JSONResponse(error.body, error.status, error.headers)


async def _answer_http_exception(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the only class that this handler is registered for
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "HTTP_ERROR")
    body = {"error": code, "message": f"{error.detail}. The endpoints are those of MIP-003."}
    return JSONResponse(body, error.status_code, dict(error.headers or {}))


async def _answer_validation_error(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "REQUEST_INVALID", "message": "The request cannot be read."}, 400)


async def _answer_store_error(_request: Request, error: Exception) -> JSONResponse:
    event(_log, logging.ERROR, "store_unavailable", reason=str(error))
    message = "The agent cannot reach its store of jobs. Send the same request again later."
    headers = {"Retry-After": str(_RETRY_STORE_SECONDS)}
    return JSONResponse({"error": "STORE_UNAVAILABLE", "message": message}, 503, headers)


async def _answer_internal_error(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "INTERNAL", "message": "The agent failed. Try again later."}, 500)
