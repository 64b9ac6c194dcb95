"""Checks whether jobs could use the language model, and the embedding model if there are documents."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Final

from crew_runtime.common.http_client import httpx, trusted
from crew_runtime.common.logs import event
from crew_runtime.job.model_access import ModelAccess

_log: Final = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 5
_VALID_SECONDS: Final = 60
_OK: Final = 200
_NOT_READY: Final = (401, 403, 500, 502, 503, 504)
_LARGEST_ANSWER: Final = 1024 * 1024
_WORD: Final = "ready"

Check = Callable[[], Awaitable[str | None]]
"""Returns the reason why something cannot be used, None if it can."""


class Probe:
    """Remembers the outcome of a `Check` for a minute, and logs under `name` what was wrong."""

    def __init__(self, name: str, check: Check) -> None:
        self._name = name
        self._check = check
        self._lock = asyncio.Lock()
        self._checked_at = float("-inf")
        self._answers = False

    async def answers(self) -> bool:
        """Return whether it can be used."""
        async with self._lock:
            if monotonic() - self._checked_at > _VALID_SECONDS:
                reason = await self._check()
                if reason:
                    event(_log, logging.WARNING, self._name, reason=reason)
                self._answers = reason is None
                # What failed is asked again soon.
                self._checked_at = monotonic() - (_VALID_SECONDS - _TIMEOUT_SECONDS if reason else 0)
        return self._answers


def model_probe(access: ModelAccess) -> Probe:
    """Return a probe that lists the models, which costs no tokens; an API without that route counts as ready."""
    return Probe("model_not_ready", partial(_listed, access))


def embedder_probe(access: ModelAccess) -> Probe:
    """Return a probe that embeds one word, which costs a token: nothing less shows that the model works."""
    return Probe("embedder_not_ready", partial(_embedded, access))


async def _listed(access: ModelAccess) -> str | None:
    try:
        status, _ = await _answer(access, "GET", "models")
    except (httpx.HTTPError, TimeoutError) as error:
        return type(error).__name__
    return str(status) if status in _NOT_READY else None


async def _embedded(access: ModelAccess) -> str | None:
    wanted = {"model": access.embeddings, "input": [_WORD], "encoding_format": "float"}
    try:
        status, body = await _answer(access, "POST", "embeddings", wanted)
    except (httpx.HTTPError, TimeoutError) as error:
        return type(error).__name__
    if status != _OK:
        return str(status)
    try:
        (found,) = json.loads(body)["data"]
        has_direction = any(float(number) for number in found["embedding"])
    except (ValueError, TypeError, KeyError):
        has_direction = False
    return None if has_direction else "NoVector"


async def _answer(access: ModelAccess, method: str, path: str, wanted: object = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {access.key}"}
    async with (
        asyncio.timeout(_TIMEOUT_SECONDS),
        httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, verify=trusted()) as client,
        client.stream(method, f"{access.api}/{path}", headers=headers, json=wanted) as answer,
    ):
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST_ANSWER:
                break
    return answer.status_code, body
