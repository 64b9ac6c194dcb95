"""The documents over HTTP."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.discovery.card import agent_card
from crew_runtime.http.discovery.openapi import openapi
from crew_runtime.http.discovery.x402 import x402_manifest
from crew_runtime.http.served import served


def discovery_routes() -> APIRouter:
    """Return what describes an agent to readers who do not know it."""
    router = APIRouter()
    get = partial(router.api_route, methods=["GET", "HEAD"])

    @get("/.well-known/agent-card.json")
    async def card(request: Request) -> dict[str, Any]:
        one = served(request)
        if one.url is None:
            message = "This agent has no card: it is not told its public address (PUBLIC_URL)."
            raise ApiError(404, "NO_CARD", message)
        return agent_card(one.agent.declaration, one.url, one.agent.offer())

    @get("/.well-known/x402.json")
    async def manifest(request: Request) -> dict[str, Any]:
        one = served(request)
        if one.url is None or one.agent.declaration.listing != "x402":
            message = "This agent has no x402 manifest: it is not listed as one, or is not told its public address."
            raise ApiError(404, "NO_MANIFEST", message)
        return x402_manifest(one.agent.declaration, one.url)

    @get("/openapi.json")
    async def document(request: Request) -> dict[str, Any]:
        one = served(request)
        return openapi(one.agent.declaration, one.url, one.agent.offer())

    return router
