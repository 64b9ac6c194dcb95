"""How MCP spells what is sent, in the revision without sessions and in those before it that begin with a handshake."""

from collections.abc import Mapping
from typing import Any, Final

PATH: Final = "/mcp"
STATELESS: Final = "2026-07-28"
"""The revision in which each request says all that it needs."""
WITH_HANDSHAKE: Final = ("2025-11-25", "2025-06-18", "2025-03-26")
"""Revisions whose clients first ask to `initialize`; the newest first."""
VERSIONS: Final = (STATELESS, *WITH_HANDSHAKE)

VERSION_HEADER: Final = "MCP-Protocol-Version"
METHOD_HEADER: Final = "Mcp-Method"
NAME_HEADER: Final = "Mcp-Name"
META: Final = "_meta"
META_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
META_TRACEPARENT: Final = "traceparent"
META_SERVER: Final = "io.modelcontextprotocol/serverInfo"

HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

_FRESH_MS: Final = 60_000
"""How long a client may keep what describes the agent."""
_CAPABILITIES: Final[dict[str, Any]] = {"tools": {}}
_ANSWER: Final = "answer"

_Json = dict[str, Any]


def described(result: Mapping[str, Any]) -> _Json:
    """Return a result that describes the agent, as the stateless revision wants it: complete, and the same for all."""
    return {"resultType": "complete", "ttlMs": _FRESH_MS, "cacheScope": "public", **result}


def discovery(server: _Json, instructions: str) -> _Json:
    """Answer server/discover."""
    return described({
        "supportedVersions": list(VERSIONS),
        "capabilities": _CAPABILITIES,
        "instructions": instructions,
        META: {META_SERVER: server},
    })  # fmt: skip


def handshake(asked: object, server: _Json, instructions: str) -> _Json:
    """Answer initialize, in the revision that was asked for if it is known, else in the newest."""
    return {
        "protocolVersion": asked if asked in WITH_HANDSHAKE else WITH_HANDSHAKE[0],
        "capabilities": _CAPABILITIES,
        "serverInfo": server,
        "instructions": instructions,
    }


def told(text: str, structured: _Json, *, is_error: bool = False) -> _Json:
    """Return the result of a tool."""
    return {
        "resultType": "complete",
        "content": [{"type": "text", "text": text}],
        "structuredContent": structured,
        "isError": is_error,
    }


def asked_for(question: str, schema: _Json, state: str) -> _Json:
    """Return what makes a client ask its user, and then send the same request again with the answer and the state."""
    form = {"mode": "form", "message": question, "requestedSchema": schema}
    return {
        "resultType": "input_required",
        "inputRequests": {_ANSWER: {"method": "elicitation/create", "params": form}},
        "requestState": state,
    }


def user_said(params: Mapping[str, Any]) -> _Json | None:
    """Return what a user answered in the form, None if there is no answer, or the user gave none."""
    responses = params.get("inputResponses")
    response = responses.get(_ANSWER) if isinstance(responses, dict) else None
    if not isinstance(response, dict) or response.get("action") != "accept":
        return None
    content = response.get("content")
    return content if isinstance(content, dict) else {}
