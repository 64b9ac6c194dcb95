"""A stream stays open while nothing happens, and leaves nothing behind when its reader goes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from crew_runtime.http.server import event_stream


def test_a_comment_keeps_a_quiet_stream_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_ALIVE_SECONDS", 0.01)

    async def events() -> AsyncGenerator[dict[str, Any]]:
        yield {"first": "é"}
        await asyncio.sleep(0.1)
        yield {"last": 1}

    async def read() -> list[str | bytes | memoryview]:
        return [line async for line in event_stream.event_stream(events()).body_iterator]

    lines = asyncio.run(read())
    assert (lines[0], lines[-1]) == ('data: {"first": "é"}\n\n', 'data: {"last": 1}\n\n')
    assert set(lines[1:-1]) == {": waits\n\n"}


def test_a_reader_that_goes_ends_what_makes_the_events() -> None:
    ended: list[str] = []

    async def events() -> AsyncGenerator[dict[str, Any]]:
        try:
            yield {"first": 1}
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async def read() -> None:
        lines = event_stream.event_stream(events()).body_iterator
        assert isinstance(lines, AsyncGenerator)
        await anext(lines)
        await lines.aclose()

    asyncio.run(read())
    assert ended == ["ended"]
