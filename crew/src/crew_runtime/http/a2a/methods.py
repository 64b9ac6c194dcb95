"""What the methods of A2A do; their params and answers are those of A2A 1.0."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from starlette.requests import Request

from crew_runtime.http.a2a import wire
from crew_runtime.http.a2a.message import Message, read_message
from crew_runtime.http.agent.following import AT_REST, ENDED
from crew_runtime.http.agent.how_to_pay import how_to_pay
from crew_runtime.http.served import Served, closing
from crew_runtime.http.server.json_rpc import RpcError
from crew_runtime.job.job import Job, JobState

_SUBSCRIBED: Final = ENDED | {JobState.AWAITING_INPUT}

Params = Mapping[str, Any]
Events = AsyncGenerator[dict[str, Any]]


async def send_message(one: Served, request: Request, params: Params) -> dict[str, Any]:
    """Begin a job or answer its question, and wait for what comes of it, unless that is not wanted."""
    job = await _taken(one, request, read_message(params))
    if job is None:
        return {"task": _unpaid(one)}
    configuration = params.get("configuration")
    if not (isinstance(configuration, dict) and configuration.get("returnImmediately") is True):
        job = await one.agent.followers.at_rest(job, one.doorman.address(request), closing(request))
    return {"task": wire.task_of(job)}


async def send_streaming_message(one: Served, request: Request, params: Params) -> Events:
    """Begin a job or answer its question, and return what becomes of it."""
    message = read_message(params)
    # Before anything is begun that nobody could follow.
    with one.agent.followers.admitted(one.doorman.address(request)):
        job = await _taken(one, request, message)
    return _once({"task": _unpaid(one)}) if job is None else _followed(one, request, job, AT_REST)


async def subscribe_to_task(one: Served, request: Request, params: Params) -> Events:
    """Return what becomes of a job; one that is not paid yet is followed as well."""
    job = await one.agent.job(params.get("id"))
    if job.state in ENDED:
        raise RpcError(wire.UNSUPPORTED_OPERATION, "The task has ended. Ask for it by GetTask.")
    with one.agent.followers.admitted(one.doorman.address(request)):
        return _followed(one, request, job, _SUBSCRIBED)


async def get_task(one: Served, _request: Request, params: Params) -> dict[str, Any]:
    """Return a job as it is."""
    return wire.task_of(await one.agent.job(params.get("id")))


async def cancel_task(one: Served, _request: Request, params: Params) -> dict[str, Any]:
    """End a free job that has not ended yet, and return it."""
    return wire.task_of(await one.agent.cancel(params.get("id")))


async def _taken(one: Served, request: Request, message: Message) -> Job | None:
    """Return the job that a message begins, or whose question it answers; None if it would have to be paid."""
    agent = one.agent
    if message.task_id is not None:
        answered = await agent.answer({"job_id": message.task_id, "input_data": message.answer()})
        return await agent.job(answered.id)
    caller = one.doorman.admit(request)
    if agent.is_paid and message.purchaser is None:
        return None
    body: dict[str, Any] = {"input_data": message.input_for(agent.declaration.input)}
    if message.purchaser is not None:
        body["identifier_from_purchaser"] = message.purchaser
    return await agent.begin(body, caller)


def _unpaid(one: Served) -> dict[str, Any]:
    told = how_to_pay(one.agent.declaration, one.agent.offer(), one.url)
    return wire.rejected_task(str(told["message"]), told)


async def _once(event: dict[str, Any]) -> Events:
    yield event


async def _followed(one: Served, request: Request, job: Job, until: frozenset[JobState]) -> Events:
    # Whatever comes now, the client knows its job's id: without it, it would begin a second one.
    yield {"task": wire.task_of(job)}
    with one.agent.followers.admitted(one.doorman.address(request)):
        async for found in one.agent.followers.states(job, closing(request), until):
            for event in [] if found is job else wire.events_of(found):
                yield event
