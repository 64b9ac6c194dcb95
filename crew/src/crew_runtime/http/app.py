"""The public application: the protocols that agents speak, and what they answer when something goes wrong."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.a2a.routes import a2a_routes
from crew_runtime.http.agent.store_outage import store_outage
from crew_runtime.http.discovery.routes import discovery_routes
from crew_runtime.http.mcp.routes import mcp_routes
from crew_runtime.http.mip003.routes import mip003_routes
from crew_runtime.http.server.pages import PageGuard
from crew_runtime.http.traced import TracedRequests
from crew_runtime.store import StoreUnavailableError


def create_app(
    among: Callable[[ASGIApp], ASGIApp],
    *,
    allowed_hosts: Sequence[str],
    cors_origins: Sequence[str],
    lifespan: Lifespan[FastAPI],
) -> FastAPI:
    """Build the public application; `among` finds the agent that a request is for (see served.py)."""
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.add_middleware(TracedRequests)
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
    for router in (mip003_routes(), discovery_routes(), a2a_routes(), mcp_routes(cors_origins)):
        app.include_router(router)
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


async def _answer_api_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101 - the only class that this handler is registered for
    return JSONResponse(error.body, error.status, error.headers)


async def _answer_http_exception(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the only class that this handler is registered for
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "HTTP_ERROR")
    body = {"error": code, "message": f"{error.detail}. The endpoints are those of MIP-003, /a2a and /mcp."}
    return JSONResponse(body, error.status_code, dict(error.headers or {}))


async def _answer_validation_error(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "REQUEST_INVALID", "message": "The request cannot be read."}, 400)


async def _answer_store_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StoreUnavailableError)  # noqa: S101 - the only class that this handler is registered for
    return await _answer_api_error(request, store_outage(error))


async def _answer_internal_error(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "INTERNAL", "message": "The agent had an internal error. Try again later."}, 500)
