"""JSON-RPC 2.0: requests as they come, answers and errors as they go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
_LONGEST_ID: Final = 256
_LARGEST_ID: Final = 2**53

RpcId = str | int | float | None


class RpcError(Exception):
    """Becomes the answer's `error`; `headers` are those of its HTTP answer."""

    def __init__(
        self, code: int, message: str, data: object = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.data = data
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcRequest:
    """A request; without an id it is a notification, which gets no answer."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)
    id: RpcId = None
    is_notification: bool = False


def read_rpc(body: Mapping[str, Any]) -> RpcRequest:
    """Read a request.

    Raises:
        RpcError: it is not one.

    """
    method, params = body.get("method"), body.get("params", {})
    if body.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, 'The body is no request of JSON-RPC: it needs "jsonrpc": "2.0" and a "method".')
    if "id" in body and not _is_id(body["id"]):
        raise RpcError(INVALID_REQUEST, f"The id is neither a number nor a text of at most {_LONGEST_ID} characters.")
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "The params are no object. Send them by their names.")
    return RpcRequest(method=method, params=params, id=body.get("id"), is_notification="id" not in body)


def id_of(body: Mapping[str, Any]) -> RpcId:
    """Return by what the sender knows its request, as far as that can be repeated."""
    given: RpcId = body.get("id")
    return given if _is_id(given) else None


def result_of(request_id: RpcId, result: object) -> dict[str, Any]:
    """Return the answer to a request."""
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def error_of(request_id: RpcId, error: RpcError) -> dict[str, Any]:
    """Return the answer to a request that failed."""
    content: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        content["data"] = error.data
    return {"jsonrpc": "2.0", "id": request_id, "error": content}


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_ID
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value is None
    return abs(value) < _LARGEST_ID
