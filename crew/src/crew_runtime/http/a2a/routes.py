"""A2A's JSON-RPC over HTTP: one path, whose method is in the body."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.a2a import methods, wire, wire_0_3
from crew_runtime.http.a2a.errors import rpc_error_of
from crew_runtime.http.agent.store_outage import store_outage
from crew_runtime.http.served import Served, served
from crew_runtime.http.server.bodies import read_json_object
from crew_runtime.http.server.event_stream import event_stream
from crew_runtime.http.server.json_rpc import (
    METHOD_NOT_FOUND,
    RpcError,
    RpcId,
    RpcRequest,
    error_of,
    id_of,
    read_rpc,
    result_of,
)
from crew_runtime.store import StoreUnavailableError

_METHODS: Final = {
    "SendMessage": methods.send_message,
    "GetTask": methods.get_task,
    "CancelTask": methods.cancel_task,
}
_STREAMS: Final = {
    "SendStreamingMessage": methods.send_streaming_message,
    "SubscribeToTask": methods.subscribe_to_task,
}
_NO_PUSH: Final = (wire.NO_PUSH_NOTIFICATIONS, "This agent calls nobody back. Subscribe to the task, or ask for it.")
_REFUSED: Final = {
    "ListTasks": (wire.UNSUPPORTED_OPERATION, "Tasks are not listed: whoever knows a task's id may see it."),
    "GetExtendedAgentCard": (wire.NO_EXTENDED_CARD, "This agent has one card, at /.well-known/agent-card.json."),
    "CreateTaskPushNotificationConfig": _NO_PUSH,
    "GetTaskPushNotificationConfig": _NO_PUSH,
    "ListTaskPushNotificationConfigs": _NO_PUSH,
    "DeleteTaskPushNotificationConfig": _NO_PUSH,
}
_BODY_TOO_LARGE: Final = 413
_Json = dict[str, Any]


def a2a_routes() -> APIRouter:
    """Return the endpoint that the card names."""
    router = APIRouter()

    @router.post(wire.PATH)
    async def a2a(request: Request) -> Response:
        one = served(request)
        one.doorman.let_in(request)
        return await _answer(one, request)

    return router


async def _answer(one: Served, request: Request) -> Response:
    request_id: RpcId = None
    try:
        body = await read_json_object(request, limit=one.max_body)
        request_id = id_of(body)
        return await _respond(one, request, read_rpc(body))
    except RpcError as error:
        return _failed(request_id, error)
    except StoreUnavailableError as error:
        return _failed(request_id, rpc_error_of(store_outage(error)))
    except ApiError as error:
        if error.status == _BODY_TOO_LARGE:
            raise
        return _failed(request_id, rpc_error_of(error))


async def _respond(one: Served, request: Request, rpc: RpcRequest) -> Response:
    _require_version(request)
    method, params, write = rpc.method, rpc.params, _as_it_is
    if method in wire_0_3.METHODS:
        method, params, write = wire_0_3.METHODS[method], wire_0_3.read_params(params), wire_0_3.write_answer
    if refusal := _REFUSED.get(method):
        raise RpcError(*refusal)
    if stream := _STREAMS.get(method):
        return event_stream(_told(await stream(one, request, params), rpc.id, write))
    if (do := _METHODS.get(method)) is None:
        raise RpcError(METHOD_NOT_FOUND, f"There is no such method. This agent speaks A2A {wire.VERSION}.")
    return JSONResponse(result_of(rpc.id, write(await do(one, request, params))))


async def _told(events: methods.Events, request_id: RpcId, write: Callable[[_Json], _Json]) -> methods.Events:
    """Return the events as answers to the request; an error ends them."""
    try:
        async for event in events:
            yield result_of(request_id, write(event))
    except StoreUnavailableError as error:
        yield error_of(request_id, rpc_error_of(store_outage(error)))
    except ApiError as error:
        yield error_of(request_id, rpc_error_of(error))


def _as_it_is(answer: _Json) -> _Json:
    return answer


def _failed(request_id: RpcId, error: RpcError) -> JSONResponse:
    return JSONResponse(error_of(request_id, error), headers=error.headers)


def _require_version(request: Request) -> None:
    """Refuse versions of A2A that are not spoken here; a request that names none is read by its method's name."""
    asked = request.headers.get(wire.VERSION_HEADER, "").strip()
    if asked and ".".join(asked.split(".")[:2]) not in wire.VERSIONS:
        told = f"This agent speaks A2A {' and '.join(wire.VERSIONS)}, as its card says."
        raise RpcError(wire.VERSION_NOT_SUPPORTED, told)
