"""MCP over streamable HTTP: one path, each request by itself, answers as JSON."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.agent.store_outage import store_outage
from crew_runtime.http.mcp import wire
from crew_runtime.http.mcp.tools import call_tool, tools_of
from crew_runtime.http.served import Served, served
from crew_runtime.http.server.bodies import read_json_object
from crew_runtime.http.server.json_rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
    RpcId,
    RpcRequest,
    error_of,
    id_of,
    read_rpc,
    result_of,
)
from crew_runtime.store import StoreUnavailableError
from crew_runtime.traces.span import note_caller

_BODY_TOO_LARGE: Final = 413
_BAD_REQUEST: Final = 400
_ACCEPTED: Final = 202
_STATUSES: Final = {
    PARSE_ERROR: 400, INVALID_REQUEST: 400, INVALID_PARAMS: 400, METHOD_NOT_FOUND: 404, INTERNAL_ERROR: 503,
    wire.HEADER_MISMATCH: 400, wire.UNSUPPORTED_VERSION: 400,
}  # fmt: skip
"""By the stateless revision; clients of the older ones read an error of a call from an answer with 200."""
_BASE64: Final = ("=?base64?", "?=")


def mcp_routes(cors_origins: Sequence[str]) -> APIRouter:
    """Return the endpoint; pages of other origins than these do not get in."""
    router = APIRouter()

    @router.post(wire.PATH)
    async def mcp(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and not {"*", origin} & set(cors_origins):
            message = "Pages of this origin may not call the agent. Its operator can add the origin to CORS_ORIGINS."
            raise ApiError(403, "ORIGIN_NOT_ALLOWED", message)
        one = served(request)
        one.doorman.let_in(request)
        return await _answer(one, request)

    return router


async def _answer(one: Served, request: Request) -> Response:
    request_id: RpcId = None
    is_stateless = request.headers.get(wire.VERSION_HEADER) not in (None, "", *wire.WITH_HANDSHAKE)
    try:
        body = await read_json_object(request, limit=one.max_body)
        request_id = id_of(body)
        rpc = read_rpc(body)
        note_caller(_meta_of(rpc).get(wire.META_TRACEPARENT))
        is_stateless = is_stateless or wire.META_VERSION in _meta_of(rpc)
        if is_stateless:
            _require_envelope(request, rpc)
        if rpc.is_notification:
            return Response(status_code=_ACCEPTED)
        result = await _result(one, request, rpc, is_stateless=is_stateless)
        return JSONResponse(result_of(request_id, result))
    except RpcError as error:
        return _failed(request_id, error, is_stateless=is_stateless)
    except StoreUnavailableError as error:
        outage = store_outage(error)
        failed = RpcError(INTERNAL_ERROR, str(outage), outage.body, headers=outage.headers)
        return _failed(request_id, failed, is_stateless=is_stateless)
    except ApiError as error:
        if error.status == _BODY_TOO_LARGE:
            raise
        code = PARSE_ERROR if error.body["error"] == "NOT_JSON" else INVALID_REQUEST
        return _failed(request_id, RpcError(code, str(error), error.body), is_stateless=is_stateless)


async def _result(one: Served, request: Request, rpc: RpcRequest, *, is_stateless: bool) -> dict[str, Any]:
    declaration = one.agent.declaration
    server = {"name": declaration.id, "title": declaration.name, "version": declaration.version}
    instructions = " ".join(filter(None, (declaration.description, declaration.disclosure)))
    if rpc.method == "tools/list":
        return wire.described({"tools": tools_of(declaration, one.url)})
    if rpc.method == "tools/call":
        return await call_tool(one, request, rpc.params, can_ask_user=is_stateless and _takes_forms(rpc))
    if rpc.method == "ping":
        return {}
    if rpc.method == "server/discover" and is_stateless:
        return wire.discovery(server, instructions)
    if rpc.method == "initialize" and not is_stateless:
        return wire.handshake(rpc.params.get("protocolVersion"), server, instructions)
    raise RpcError(METHOD_NOT_FOUND, "There is no such method. This agent has tools: tools/list, tools/call.")


def _require_envelope(request: Request, rpc: RpcRequest) -> None:
    """Refuse a request that does not say by itself what it is, or whose headers say otherwise than its body."""
    header = request.headers.get(wire.VERSION_HEADER)
    if rpc.is_notification or (header is not None and header not in wire.VERSIONS):
        _require_version(header)
        return
    meta = _meta_of(rpc)
    version = meta.get(wire.META_VERSION)
    if not isinstance(version, str) or not isinstance(meta.get(wire.META_CAPABILITIES), dict):
        needed = f"{wire.META_VERSION}, a text, and {wire.META_CAPABILITIES}, an object"
        raise RpcError(INVALID_PARAMS, f"params.{wire.META} needs {needed}.")
    expected = {wire.VERSION_HEADER: version, wire.METHOD_HEADER: rpc.method}
    if rpc.method == "tools/call" and isinstance(name := rpc.params.get("name"), str):
        expected[wire.NAME_HEADER] = name
    for name, value in expected.items():
        if [_decoded(one) for one in request.headers.getlist(name)] != [value]:
            raise RpcError(wire.HEADER_MISMATCH, f"The header {name} is not there once, as the body has it.")
    _require_version(version)


def _require_version(version: object) -> None:
    if version != wire.STATELESS:
        data = {"supported": list(wire.VERSIONS), "requested": version}
        raise RpcError(wire.UNSUPPORTED_VERSION, "This agent does not speak that revision of MCP.", data)


def _decoded(value: str) -> str | None:
    """Return a header's value, which is in base64 if it is more than a header can hold."""
    begin, end = _BASE64
    if not (value.startswith(begin) and value.endswith(end)):
        return value
    try:
        return base64.b64decode(value[len(begin) : -len(end)], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _meta_of(rpc: RpcRequest) -> Mapping[str, Any]:
    meta = rpc.params.get(wire.META)
    return meta if isinstance(meta, dict) else {}


def _takes_forms(rpc: RpcRequest) -> bool:
    """Return whether the client can ask its user by a form; one that only says that it can ask means forms."""
    elicitation = _meta_of(rpc)[wire.META_CAPABILITIES].get("elicitation")
    return isinstance(elicitation, dict) and (not elicitation or "form" in elicitation)


def _failed(request_id: RpcId, error: RpcError, *, is_stateless: bool) -> JSONResponse:
    is_readable = request_id is not None and not is_stateless
    status = 200 if is_readable else _STATUSES.get(error.code, _BAD_REQUEST)
    return JSONResponse(error_of(request_id, error), status, headers=error.headers)
