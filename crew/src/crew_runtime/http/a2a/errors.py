"""The agent's errors as A2A's."""

from typing import Any, Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.a2a import wire
from crew_runtime.http.server.json_rpc import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, RpcError

_DOMAIN: Final = "masumi.network"
_CODES: Final = {
    "JOB_UNKNOWN": wire.TASK_NOT_FOUND,
    "JOB_ERASED": wire.TASK_NOT_FOUND,
    "JOB_NOT_CANCELABLE": wire.TASK_NOT_CANCELABLE,
    "JOB_ID_MISSING": INVALID_PARAMS,
    "NOT_JSON": PARSE_ERROR,
    "NOT_AN_OBJECT": INVALID_REQUEST,
}
_CLIENT_ERRORS: Final = range(400, 429)


def rpc_error_of(error: ApiError) -> RpcError:
    """Return the error that A2A has for it, with the agent's own code as the reason."""
    code = str(error.body["error"])
    otherwise = INVALID_PARAMS if error.status in _CLIENT_ERRORS else wire.UNAVAILABLE
    problems = error.body.get("problems")
    told = str(error.body["message"])
    message = f"{told} {'; '.join(problems)}" if isinstance(problems, list) else told
    metadata: dict[str, Any] = dict(error.headers)
    if isinstance(problems, list):
        metadata["problems"] = "; ".join(problems)
    data = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": _DOMAIN}]
    if metadata:
        data[0]["metadata"] = metadata  # type: ignore[assignment]
    return RpcError(_CODES.get(code, otherwise), message, data, headers=error.headers)
