"""Reads request bodies: JSON objects of a limited size that can be stored and hashed."""

import asyncio
import json
from typing import Any, Final, Never

from fastapi import Request
from starlette.requests import ClientDisconnect

from crew_runtime.common.api_error import ApiError

_ARRIVES_WITHIN_SECONDS: Final = 30


async def read_json_object(
    request: Request, *, limit: int, arrives_within: float = _ARRIVES_WITHIN_SECONDS
) -> dict[str, Any]:
    """Read the request's body: at most `limit` bytes, within `arrives_within` seconds.

    Raises:
        ApiError: 413 BODY_TOO_LARGE, 400 BODY_INCOMPLETE, NOT_JSON or NOT_AN_OBJECT.

    """
    try:
        async with asyncio.timeout(arrives_within):
            raw = await _read(request, limit)
    except (TimeoutError, ClientDisconnect):
        message = f"The request's body did not arrive completely within {arrives_within:g} seconds. Send it again."
        raise ApiError(400, "BODY_INCOMPLETE", message) from None
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is JSON, but no text
    except (ValueError, RecursionError):
        raise ApiError(400, "NOT_JSON", "The request's body is not JSON in UTF-8. Send a JSON object.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "NOT_AN_OBJECT", "The request's body is JSON, but not an object. Send a JSON object.")
    return body


async def _read(request: Request, limit: int) -> bytes:
    """Read the body; one that says itself that it is too large is not waited for."""
    too_large = ApiError(413, "BODY_TOO_LARGE", f"The request is larger than {limit} bytes. Send less.")
    if _announced(request) > limit:
        raise too_large
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise too_large
    return bytes(raw)


def _announced(request: Request) -> int:
    """Return how long the body is by its head; 0 if that does not say it. The server refuses what is no number."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isdecimal() else 0


def _refuse_constant(name: str) -> Never:
    """Refuse NaN and Infinity, which Python reads although they are not JSON."""
    raise ValueError(name)
