"""MIP-003's endpoints over HTTP."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from crew_runtime.http.mip003 import wire
from crew_runtime.http.served import served
from crew_runtime.http.server.bodies import read_json_object


def mip003_routes() -> APIRouter:
    """Return the endpoints of MIP-003, and /healthz."""
    router = APIRouter()
    get = partial(router.api_route, methods=["GET", "HEAD"])

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
        body = await read_json_object(request, limit=one.max_body)
        return wire.receipt(await one.agent.begin(body, caller))

    @get("/status")
    async def status(request: Request, job_id: str | None = None) -> dict[str, Any]:
        return wire.status(await served(request).agent.job(job_id))

    @router.post("/provide_input")
    async def provide_input(request: Request) -> dict[str, Any]:
        one = served(request)
        one.doorman.let_in(request)
        body = await read_json_object(request, limit=one.max_body)
        return wire.accepted(await one.agent.answer(body), body["input_data"])

    return router
