"""The HTTP interface: MIP-003's endpoints and /healthz."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from crew_runtime.agent import Agent
from crew_runtime.bodies import read_json_object
from crew_runtime.crew_worker import ModelAccess
from crew_runtime.declaration import Declaration
from crew_runtime.identity import IdentitySource
from crew_runtime.jobs import JobStore
from crew_runtime.logs import event
from crew_runtime.problems import ApiError
from crew_runtime.runner import JobRunner, Limits
from crew_runtime.settings import Settings
from crew_runtime.task_protection import TaskProtection

_log: Final = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    declaration: Declaration,
    store: JobStore,
    identity: IdentitySource,
    on_unusable: Callable[[str], None],
) -> FastAPI:
    """Put the agent together.

    `on_unusable` is called, from another thread, with the reason if CrewAI turns out not to take the crew.
    """
    runner = JobRunner(
        store=store,
        crew=declaration.crew.model_dump(mode="json", exclude_none=True),
        model=ModelAccess(
            api=str(settings.model_api).rstrip("/"),
            key=settings.model_key.get_secret_value(),
            name=declaration.model.name or settings.model_name or "",
            temperature=declaration.model.temperature,
            max_tokens=declaration.model.max_tokens,
        ),
        limits=Limits(
            parallel=settings.max_parallel,
            queue=settings.max_queue,
            timeout_seconds=settings.job_timeout,
            model_calls=settings.job_model_calls,
        ),
        folder=settings.data_dir / "work",
    )

    def try_out() -> None:
        reason = runner.try_out()
        if reason is None:
            event(_log, logging.INFO, "crew_ready")
        else:
            on_unusable(reason)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        protection = TaskProtection(str(settings.ecs_agent_uri)) if settings.ecs_agent_uri else None
        runner.start(protection)
        Thread(target=try_out, daemon=True).start()
        kept = asyncio.create_task(protection.keep()) if protection else None
        yield
        await runner.stop(settings.shutdown_grace)
        if kept:
            kept.cancel()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
        )
    agent = Agent(declaration=declaration, identity=identity, store=store, runner=runner)
    health = {"status": "ok", "agent": declaration.id, "instance": settings.agent_instance}
    app.include_router(_routes(agent, health, settings.max_body))
    app.add_exception_handler(ApiError, _answer_api_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(Exception, _answer_internal_error)
    return app


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


async def _answer_internal_error(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "INTERNAL", "message": "The agent failed. Try again later."}, 500)
