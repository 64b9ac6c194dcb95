"""Passes a call on to the model's API, and its answer back."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from crew_runtime.common.http_client import httpx, no_cookies, trusted
from crew_runtime.model.answer_text import LONGEST_KEPT
from crew_runtime.model.calls import Call, RefusedError, tokens_in
from crew_runtime.model.model_error import shown_url
from crew_runtime.model.session import Failed, Session
from crew_runtime.model.usage import AnswerTooLargeError, EventStream, parts_of, tokens_of

Send = Callable[[dict[str, Any]], Awaitable[None]]

# As long as OpenAI's own clients wait; a caller that waits shorter hangs up, which ends the call.
_TIMEOUT: Final = httpx.Timeout(600, connect=10, write=60, pool=60)
_LARGEST_ANSWER: Final = 64 * 1024 * 1024
_LARGEST_ERROR: Final = 1024 * 1024
_SAID: Final = 20_000
_ASKED: Final[tuple[str, ...]] = ("accept", "openai-beta")
_ANSWERED: Final = ("content-type", "openai-version", "retry-after", "retry-after-ms", "x-request-id", "x-should-retry")
# One like "none" stands for no key, and for a word in answers.
_SHORTEST_KEY: Final = 8
_FINE: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
# Nothing of the request has left this machine.
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)
_EVENTS: Final = "text/event-stream"


@dataclass(slots=True)
class Meter:
    """What one call has taken, whatever became of it; by its length where the API does not say."""

    call: Call
    charge: Callable[[int, int], None]
    charged: tuple[int, int] = (0, 0)
    received: int = 0
    reported: int = 0
    parts: tuple[int, int] = (0, 0)
    """The tokens of question and answer, as far as the API told them."""
    is_sent: bool = False
    is_answered: bool = False
    is_refused: bool = False
    kept: bytearray = field(default_factory=bytearray)
    """The beginning of the answer."""

    def settle(self) -> None:
        """Charge what is not charged yet: before whoever asked knows that the answer is complete, and may go."""
        (asked, answered), (asked_before, answered_before) = self.taken, self.charged
        more = max(0, asked - asked_before), max(0, answered - answered_before)
        self.charged = asked_before + more[0], answered_before + more[1]
        self.charge(*more)

    @property
    def taken(self) -> tuple[int, int]:
        """The tokens of question and answer, together those to be charged.

        What an API counts besides both, such as thinking that it does not show, is charged for as part of the answer.
        """
        asked = self.parts[0]
        if not any(self.parts):
            asked = self.call.asked if self.call.generates else self.tokens
        asked = min(asked, self.tokens)
        return asked, self.tokens - asked

    @property
    def tokens(self) -> int:
        """Tokens to be charged."""
        if self.reported or self.is_refused or not self.is_sent or self.call.sent is None:
            return self.reported
        if self.call.streams:
            return self.call.asked + tokens_in(self.received)
        if not self.call.generates:
            return self.call.asked  # vectors are long, and cost nothing
        # Hung up on before its answer is there, the API may think on, and charge for it.
        return self.call.asked + tokens_in(self.received) if self.is_answered else self.call.expected


@dataclass(slots=True)
class Relay:
    """Asks the APIs of the jobs' models, with their keys."""

    _client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        """Make the client, whose connections all jobs share. It follows no redirect."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=16)
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT, limits=limits, trust_env=False, verify=trusted(), cookies=no_cookies()
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def pass_on(self, meter: Meter, session: Session, headers: dict[str, str], send: Send) -> None:
        """Ask the API and send its answer; `meter` has what that took.

        Raises:
            RefusedError: there is no answer to send.

        """
        call = meter.call
        url = f"{session.model.api}/{call.path}"
        try:
            await self._exchange(url, meter, session, headers, send)
        except (httpx.HTTPError, httpx.InvalidURL, AnswerTooLargeError) as error:
            meter.is_sent = not isinstance(error, _NOT_SENT)
            session.failed = Failed(url, None, f"{type(error).__name__}: {error}", call.sent)
            late = isinstance(error, httpx.TimeoutException)
            message = "the model's API did not answer in time" if late else "the model's API cannot be reached"
            raise RefusedError(504 if late else 502, "model_unavailable", message) from error

    async def _exchange(self, url: str, meter: Meter, session: Session, headers: dict[str, str], send: Send) -> None:
        """Ask, a second time if the API takes no wish for the usage, and send the answer."""
        call = meter.call
        wanted = {name: headers[name] for name in _ASKED if name in headers}
        wanted |= {"authorization": f"Bearer {session.model.key}", "accept-encoding": "identity"}
        if call.sent is not None:
            wanted["content-type"] = "application/json"
        meter.is_sent = True
        for one in (call, call.without_usage()):
            async with self._client.stream(call.method, url, headers=wanted, content=one.body) as answer:
                if answer.status_code in _FINE:
                    session.failed = None
                    await self._deliver(answer, meter, session, send)
                    return
                said = await _read(answer, _LARGEST_ERROR)
            if one is not call or call.shows_usage or b"stream_options" not in said:
                break
        meter.is_refused = True
        session.failed = Failed(url, answer.status_code, _told(answer, said), call.sent)
        if answer.status_code in _REDIRECTS:
            raise RefusedError(421, "model_redirects", "the model's API redirects to another address")
        await send(_head(answer))
        await send({"type": "http.response.body", "body": clean(said, session.model.key)})

    async def _deliver(self, answer: httpx.Response, meter: Meter, session: Session, send: Send) -> None:
        if meter.call.streams and answer.headers.get("content-type", "").startswith(_EVENTS):
            await self._stream(answer, meter, session, send)
            return
        body = await _read(answer, _LARGEST_ANSWER)
        meter.kept = session.new_answer(meter.call)
        meter.kept += body[:LONGEST_KEPT]
        meter.is_answered, meter.received = True, len(body)
        with suppress(ValueError, RecursionError):
            told = json.loads(body)
            meter.reported, meter.parts = tokens_of(told), parts_of(told)
        meter.settle()
        await send(_head(answer))
        await send({"type": "http.response.body", "body": clean(body, session.model.key)})

    async def _stream(self, answer: httpx.Response, meter: Meter, session: Session, send: Send) -> None:
        kept = meter.kept = session.new_answer(meter.call)
        events = EventStream(shows_usage=meter.call.shows_usage)
        await send(_head(answer))
        async for piece in answer.aiter_bytes():
            meter.received += len(piece)
            kept += piece[: LONGEST_KEPT - len(kept)]
            passed = events.passed_on(piece)
            meter.reported, meter.parts = events.tokens, events.parts
            if events.is_done:
                meter.settle()
            if passed:
                await send({"type": "http.response.body", "body": clean(passed, session.model.key), "more_body": True})
            if meter.received > _LARGEST_ANSWER:
                raise AnswerTooLargeError
        rest = events.remainder()
        meter.reported, meter.parts = events.tokens, events.parts
        meter.settle()
        await send({"type": "http.response.body", "body": clean(rest, session.model.key)})


def clean(body: bytes, key: str) -> bytes:
    """Leave the key out, which an API may quote."""
    return body.replace(key.encode(), b"***") if len(key) >= _SHORTEST_KEY else body


def _head(answer: httpx.Response) -> dict[str, Any]:
    headers = [(name.encode(), answer.headers[name].encode()) for name in _ANSWERED if name in answer.headers]
    return {"type": "http.response.start", "status": answer.status_code, "headers": headers}


async def _read(answer: httpx.Response, most: int) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > most:
            raise AnswerTooLargeError
    return bytes(body)


def _told(answer: httpx.Response, said: bytes) -> str:
    """Return what the operator has to know of a refusal; a redirect is one, as the key must go nowhere else."""
    if answer.status_code not in _REDIRECTS:
        return said[:_SAID].decode("utf-8", "replace")
    to = shown_url(answer.headers.get("location", ""))
    return f"it redirects to {to}, where the key is not sent: set MODEL_API to the address that answers"
