"""The gateway: a server on loopback that jobs ask for their agent's model, each by a token of its own.

OpenAI's clients take it for the API itself. No job ever holds the model's key, and none uses more than its budget.
"""

import asyncio
import json
import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from typing import Any, Final

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from crew_runtime.common.current_agent import current_agent, work_for
from crew_runtime.common.metrics import MODEL_CALLS, MODEL_FAILURES, MODEL_SECONDS, TOKENS
from crew_runtime.job.failures import MESSAGES, Failure
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.model.calls import Call, RefusedError, read_call
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.model.model_error import shown_url
from crew_runtime.model.relay import Meter, Relay, Send
from crew_runtime.model.session import Budget, Session
from crew_runtime.model.traced_call import error_of, traced_call

_log: Final = logging.getLogger(__name__)
_HOST: Final = "127.0.0.1"
_BASE: Final = "/v1/"
_LARGEST_REQUEST: Final = 16 * 1024 * 1024
_ARRIVES_WITHIN_SECONDS: Final = 60
_IDLE_SECONDS: Final = 75
_STOPS_WITHIN_SECONDS: Final = 1
_MOST_CONNECTIONS: Final = 512
_TOKEN_BYTES: Final = 32
_BEARER: Final = "bearer "


class ModelGateway:
    """Serves from `start` to `stop`, in a thread of its own; sessions may be opened and closed from any other."""

    def __init__(self, *, connection: "type[asyncio.Protocol] | None" = None) -> None:
        self._connection = connection
        self._sessions: dict[str, Session] = {}
        self._listener: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._relay: Relay | None = None
        self._writing: dict[DailyTokens, int] = {}
        self.on_call: Callable[[Session], None] = lambda _session: None
        """Called in the gateway's thread when a call that generates is counted."""

    def start(self) -> None:
        """Listen; requests are answered from now on."""
        self._listener = _listen()
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            proxy_headers=False,
            loop="asyncio",
            http=self._connection or "h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_STOPS_WITHIN_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="model-gateway", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._run_server())
        except Exception:
            _log.exception("model_gateway_broke")
            raise

    async def _run_server(self) -> None:
        assert self._server  # noqa: S101 - made before the thread
        assert self._listener  # noqa: S101 - likewise
        self._loop = asyncio.get_running_loop()
        self._relay = Relay()
        await self._server.serve(sockets=[self._listener])
        await self._relay.close()

    def stop(self) -> None:
        """Answer nobody any more."""
        for token in list(self._sessions):
            self.close(token)
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()

    def open(self, model: ModelAccess, day: DailyTokens, inputs: Mapping[str, str], budget: Budget) -> Session:
        """Return the session of a new job with a model, and the access that it is to be given."""
        assert self._listener, "the gateway is started first"  # noqa: S101
        port = self._listener.getsockname()[1]
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        api = f"http://{_HOST}:{port}{_BASE.rstrip('/')}"
        origin = model.origin or shown_url(model.api)
        access = replace(model, api=api, key=token, origin=origin)
        session = Session(access=access, model=model, budget=budget, day=day, inputs=inputs, agent=current_agent())
        self._sessions[token] = session
        return session

    def close(self, token: str) -> None:
        """End the session of a job that has ended: its token is worth nothing, and what it still asks is ended."""
        session = self._sessions.pop(token, None)
        if session and self._loop:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(_cancel, session)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Any) -> None:  # noqa: ANN401 - ASGI's
            nonlocal started
            started = True
            await send(message)

        try:
            await self._answer(Request(scope, receive), noted)
        except RefusedError as error:
            if not started:  # else the connection breaks, so that nobody takes half an answer for a whole one
                await _refuse(send, error)
        except ClientDisconnect:
            pass

    async def _answer(self, request: Request, send: Send) -> None:
        session = self._session_of(request)
        with work_for(session.agent):
            await self._answer_to(session, request, send)

    async def _answer_to(self, session: Session, request: Request, send: Send) -> None:
        path = request.scope["path"]
        if not path.startswith(_BASE):
            raise RefusedError(404, "not_found", f"jobs cannot ask for {request.method} {path[:60]}")
        async with session.slots:
            call = read_call(request.method, path.removeprefix(_BASE), await _body_of(request))
            asking = asyncio.create_task(self._ask(call, session, dict(request.headers), send))
            hangs_up = asyncio.create_task(_disconnected(request))
            session.under_way.add(asking)
            try:
                if session.access.key not in self._sessions:  # closed meanwhile
                    raise _unknown()
                await asyncio.wait((asking, hangs_up), return_when=asyncio.FIRST_COMPLETED)
            finally:
                session.under_way.discard(asking)
                hangs_up.cancel()
                asking.cancel()
            hung_up = hangs_up.done()
            try:
                await asking
            except asyncio.CancelledError:
                if not hung_up:
                    raise _unknown() from None

    def _session_of(self, request: Request) -> Session:
        given = request.headers.get("authorization", "")
        token = given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""
        session = self._sessions.get(token)
        if session is None:
            raise _unknown()
        return session

    async def _ask(self, call: Call, session: Session, headers: dict[str, str], send: Send) -> None:
        assert self._relay  # noqa: S101 - made before the server

        def charge(asked: int, answered: int) -> None:
            session.charge(call.model, asked, answered)
            TOKENS.add(asked + answered)

        meter = Meter(call, charge)
        if call.sent is None:
            await self._relay.pass_on(meter, session, headers, send)
            return
        spent = await session.admit(call)
        if spent:
            raise _spent(spent)
        MODEL_CALLS.add(int(call.generates))
        begun = time.time_ns()
        refused: RefusedError | None = None
        try:
            await self._relay.pass_on(meter, session, headers, send)
        except RefusedError as error:
            refused = error
            raise
        finally:
            meter.settle()
            session.release(call)
            if call.generates:
                self.on_call(session)
            self._write(session.day)
            failed = error_of(meter, session, refused)
            MODEL_SECONDS.add((time.time_ns() - begun) / 1e9)
            if failed:
                MODEL_FAILURES.add(error=failed)
            if session.trace:
                session.trace.call(traced_call(meter, session, begun, failed))

    def _write(self, day: DailyTokens) -> None:
        """Make the count durable, without keeping the answer waiting."""
        under_way = self._writing.get(day, 0)
        if under_way > 1:  # one of them has not begun, and will write this as well
            return
        self._writing[day] = under_way + 1
        writing = asyncio.get_running_loop().run_in_executor(None, copy_context().run, day.write)
        writing.add_done_callback(lambda _: self._is_written(day))

    def _is_written(self, day: DailyTokens) -> None:
        self._writing[day] -= 1
        if not self._writing[day]:
            del self._writing[day]


def _listen() -> socket.socket:
    """Listen on a free port of loopback.

    asyncio sends the body of an answer without waiting for the head's receipt, which takes 40 ms, only if the socket
    was made for TCP by name.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((_HOST, 0))
    listener.listen(_MOST_CONNECTIONS)
    return listener


def _cancel(session: Session) -> None:
    for call in list(session.under_way):
        call.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body_of(request: Request) -> bytes:
    raw = bytearray()
    try:
        async with asyncio.timeout(_ARRIVES_WITHIN_SECONDS):
            async for piece in request.stream():
                raw += piece
                if len(raw) > _LARGEST_REQUEST:
                    raise RefusedError(413, "too_large", f"a call has at most {_LARGEST_REQUEST} bytes")
    except TimeoutError:
        raise RefusedError(400, "incomplete", "the request did not arrive completely") from None
    return bytes(raw)


def _unknown() -> RefusedError:
    return RefusedError(401, "invalid_api_key", "this is no token of a running job")


def _spent(failure: Failure) -> RefusedError:
    return RefusedError(402, failure.lower(), MESSAGES[failure])


async def _refuse(send: Send, error: RefusedError) -> None:
    """Answer as OpenAI's API does; its clients do not repeat what is told not to be."""
    body = json.dumps({"error": {"message": str(error), "type": "crew_runtime", "code": error.code}}).encode()
    retry = str(error.code == "model_unavailable").lower()
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        (b"x-should-retry", retry.encode()),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
