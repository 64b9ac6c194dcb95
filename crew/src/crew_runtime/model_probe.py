"""Asks the language model's API whether it is there and takes the key; costs no tokens."""

import asyncio
import logging
from time import monotonic
from typing import Final

import httpx

from crew_runtime.logs import event
from crew_runtime.trust import trusted

_log: Final = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 5
_VALID_SECONDS: Final = 60
_NOT_READY: Final = (401, 403, 500, 502, 503, 504)


class ModelProbe:
    """Remembers for a minute what GET {api}/models said; an API without that route counts as there."""

    def __init__(self, api: str, key: str) -> None:
        self._url = f"{api}/models"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._answers = False

    async def answers(self) -> bool:
        """Tell whether the API answers, and not with 401, 403 or a server's error."""
        async with self._lock:
            if monotonic() - self._asked_at > _VALID_SECONDS:
                reason = await self._reason()
                if reason:
                    event(_log, logging.WARNING, "model_not_ready", reason=reason)
                self._answers = reason is None
                # What failed is asked again soon.
                self._asked_at = monotonic() - (_VALID_SECONDS - _TIMEOUT_SECONDS if reason else 0)
        return self._answers

    async def _reason(self) -> str | None:
        try:
            async with (
                httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, verify=trusted()) as client,
                client.stream("GET", self._url, headers=self._headers) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(status) if status in _NOT_READY else None
