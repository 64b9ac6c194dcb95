"""MIP-003's endpoints, /healthz and an agent's card over HTTP, and what they answer when something goes wrong."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.logs import event
from crew_runtime.http.served import served
from crew_runtime.http.server.bodies import read_json_object
from crew_runtime.http.server.pages import PageGuard
from crew_runtime.store import StoreUnavailableError

_log: Final = logging.getLogger(__name__)
_RETRY_STORE_SECONDS: Final = 10


def create_app(
    among: Callable[[ASGIApp], ASGIApp],
    *,
    allowed_hosts: Sequence[str],
    cors_origins: Sequence[str],
    lifespan: Lifespan[FastAPI],
) -> FastAPI:
    """Build the public application; `among` finds the agent that a request is for (see served.py)."""
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.add_middleware(_Among, among=among)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["*"],  # there are no cookies, and no header that a browser adds by itself means anything
            expose_headers=["Retry-After"],
        )
    app.add_middleware(PageGuard, allowed_hosts=allowed_hosts, cors_origins=cors_origins)  # the outermost
    app.include_router(_routes())
    app.add_exception_handler(ApiError, _answer_api_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(StoreUnavailableError, _answer_store_error)
    app.add_exception_handler(Exception, _answer_internal_error)
    return app


class _Among:
    """What `among` makes of the rest, as Starlette wants a middleware."""

    def __init__(self, app: ASGIApp, *, among: Callable[[ASGIApp], ASGIApp]) -> None:
        self._app = among(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _routes() -> APIRouter:
    router = APIRouter()
    get = partial(router.api_route, methods=["GET", "HEAD"])
    _add_documents(router)

    @get("/healthz")
    async def healthz(request: Request) -> dict[str, str]:
        return served(request).health()

    @get("/availability")
    async def availability(request: Request) -> dict[str, Any]:
        return served(request).agent.availability()

    @get("/input_schema")
    async def input_schema(request: Request) -> dict[str, Any]:
        return served(request).agent.input_schema()

    @get("/demo")
    async def demo(request: Request) -> dict[str, Any]:
        return served(request).agent.demo()

    @get("/payment_information")
    @get("/payment-information")
    async def payment_information(request: Request) -> dict[str, Any]:
        return served(request).agent.payment_information()

    @router.post("/start_job")
    async def start_job(request: Request) -> dict[str, Any]:
        one = served(request)
        caller = one.doorman.admit(request)
        return await one.agent.start_job(await read_json_object(request, limit=one.max_body), caller)

    @get("/status")
    async def status(request: Request, job_id: str | None = None) -> dict[str, Any]:
        return await served(request).agent.status(job_id)

    @router.post("/provide_input")
    async def provide_input(request: Request) -> dict[str, Any]:
        one = served(request)
        return await one.agent.provide_input(await read_json_object(request, limit=one.max_body))

    return router


def _add_documents(router: APIRouter) -> None:
    """Add what describes an agent to readers who do not know MIP-003."""
    get = partial(router.api_route, methods=["GET", "HEAD"])

    @get("/.well-known/agent-card.json")
    async def card(request: Request) -> dict[str, Any]:
        one = served(request)
        return one.agent.card(one.url)

    @get("/openapi.json")
    async def openapi(request: Request) -> dict[str, Any]:
        one = served(request)
        return one.agent.openapi(one.url)


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
    message = "The agent cannot reach its job store. Send the same request again later."
    headers = {"Retry-After": str(_RETRY_STORE_SECONDS)}
    return JSONResponse({"error": "STORE_UNAVAILABLE", "message": message}, 503, headers)


async def _answer_internal_error(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "INTERNAL", "message": "The agent had an internal error. Try again later."}, 500)
