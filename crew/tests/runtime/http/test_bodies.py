"""Bodies that do not arrive whole are refused, and keep nobody waiting for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import Request

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.server.bodies import read_json_object

Receive = Callable[[], Awaitable[dict[str, Any]]]


def receiving(*messages: dict[str, Any]) -> Receive:
    """Give these messages, and then nothing."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


HALF = {"type": "http.request", "body": b'{"input_data"', "more_body": True}


@pytest.mark.parametrize("then", [[], [{"type": "http.disconnect"}]], ids=["nothing more", "the end of the connection"])
def test_half_a_body_is_refused(then: list[dict[str, Any]]) -> None:
    request = Request({"type": "http", "method": "POST", "headers": []}, receiving(HALF, *then))
    with pytest.raises(ApiError) as caught:
        asyncio.run(read_json_object(request, limit=1000, arrives_within=0.05))
    assert (caught.value.status, caught.value.body["error"]) == (400, "BODY_INCOMPLETE")
