"""Answers in the place of an agent that is not there yet, or cannot be used: its operator is told why."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from crew_runtime.common.api_error import ApiError
from crew_runtime.machine.identity import IdentitySource

_RETRY_LOADING_SECONDS: Final = 5
_RETRY_UNUSABLE_SECONDS: Final = 60


def loading() -> ApiError:
    """Return the error of an agent that cannot take jobs yet."""
    message = "The agent has just started and is still loading its crew. Try again in a few seconds."
    return ApiError(503, "CREW_LOADING", message, retry_after_seconds=_RETRY_LOADING_SECONDS)


def unusable() -> ApiError:
    """Return the error of an agent that cannot take jobs until its operator has done something."""
    message = "The agent cannot be used at the moment. Its operator has to look into it."
    return ApiError(503, "AGENT_UNUSABLE", message, retry_after_seconds=_RETRY_UNUSABLE_SECONDS)


class Substitute:
    """An ASGI application; `facts` are what /healthz answers beside the state of the crew."""

    def __init__(self, identity: IdentitySource, facts: Mapping[str, str]) -> None:
        self._identity = identity
        self._facts = facts
        self.state: Literal["loading", "unusable"] = "loading"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope["path"])(scope, receive, send)

    def _answer(self, path: str) -> JSONResponse:
        if path == "/healthz":
            return JSONResponse({"status": "ok", **self._facts, "crew": self.state})
        error = loading() if self.state == "loading" else unusable()
        if path == "/availability":
            answer: dict[str, Any] = {"status": "unavailable", "type": "masumi-agent", "message": str(error)}
            if identifier := self._identity.current().agent_identifier:
                answer["agentIdentifier"] = identifier
            return JSONResponse(answer)
        return JSONResponse(error.body, error.status, error.headers)
