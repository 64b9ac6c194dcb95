"""Reads request bodies: JSON objects of a limited size that can be stored and hashed."""

import json
from typing import Any, Never

from fastapi import Request

from crew_runtime.problems import ApiError


async def read_json_object(request: Request, *, limit: int) -> dict[str, Any]:
    """Read the request's body, at most `limit` bytes of it.

    Raises:
        ApiError: 413 BODY_TOO_LARGE, 400 NOT_JSON, 400 NOT_AN_OBJECT.

    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise ApiError(413, "BODY_TOO_LARGE", f"The request has more than {limit} bytes. Send less.")
    try:
        body = json.loads(bytes(raw), parse_constant=_refuse_constant)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is JSON, but no text
    except (ValueError, RecursionError):
        raise ApiError(400, "NOT_JSON", "The request's body is not JSON in UTF-8. Send a JSON object.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "NOT_AN_OBJECT", "The request's body is JSON, but no object. Send a JSON object.")
    return body


def _refuse_constant(name: str) -> Never:
    """Refuse NaN and Infinity, which Python reads although they are not JSON."""
    raise ValueError(name)
