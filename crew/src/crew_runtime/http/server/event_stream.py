"""Answers that come piece by piece, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from starlette.responses import StreamingResponse

_ALIVE_SECONDS: Final = 15
"""Less than any proxy waits for the next byte."""
_HEADERS: Final = {"X-Accel-Buffering": "no"}


def event_stream(events: AsyncGenerator[dict[str, Any]]) -> StreamingResponse:
    """Return an answer that ends with the events; while none comes, a comment now and then keeps it open."""
    return StreamingResponse(_lines(events), media_type="text/event-stream", headers=_HEADERS)


async def _lines(events: AsyncGenerator[dict[str, Any]]) -> AsyncIterator[str]:
    coming: asyncio.Task[dict[str, Any]] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([coming], timeout=_ALIVE_SECONDS)
            if not done:
                yield ": waits\n\n"
                continue
            try:
                event = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
    finally:
        if coming:
            coming.cancel()
            await asyncio.wait([coming])
        await events.aclose()
