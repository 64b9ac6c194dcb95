"""Keeps Amazon ECS from stopping this task while it has jobs, for a deployment or to scale in.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import asyncio
import json
import logging
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from crew_runtime.common.logs import event

_log: Final = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 5
_RENEW_SECONDS: Final = 300
# Longer than two renewals, short enough that a task which hangs is not kept for hours.
_EXPIRES_MINUTES: Final = 15


class TaskProtection:
    """Asks the ECS agent at `agent_uri` (ECS_AGENT_URI) for protection as long as there are jobs.

    What the agent refuses is logged when it begins and when it ends: a job is run all the same.
    """

    def __init__(self, agent_uri: str, *, renew_seconds: float = _RENEW_SECONDS) -> None:
        uri = urlsplit(agent_uri)
        self._host = uri.hostname or ""
        self._port = uri.port or 80
        self._path = f"{uri.path.rstrip('/')}/task-protection/v1/state"
        self._renew_seconds = renew_seconds
        self._busy: set[object] = set()
        self._changed = asyncio.Event()
        self._failing = False

    def note(self, *, busy: bool, whose: object = None) -> None:
        """Set whether somebody has jobs, such as one of several agents."""
        before = bool(self._busy)
        (self._busy.add if busy else self._busy.discard)(whose)
        if bool(self._busy) != before:
            self._changed.set()

    async def keep(self) -> None:
        """Keep the ECS agent up to date, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._renew_seconds if self._busy else None):
                    await self._changed.wait()
            self._changed.clear()
            self._report(await asyncio.to_thread(self._refused_because, protected=bool(self._busy)))

    def _report(self, reason: str | None) -> None:
        if reason and not self._failing:
            event(_log, logging.WARNING, "task_protection_failed", reason=reason)
        elif self._failing and not reason:
            event(_log, logging.INFO, "task_protection_works")
        self._failing = reason is not None

    def _refused_because(self, *, protected: bool) -> str | None:
        wanted = (
            {"ProtectionEnabled": True, "ExpiresInMinutes": _EXPIRES_MINUTES}
            if protected
            else {"ProtectionEnabled": False}
        )
        connection = HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("PUT", self._path, json.dumps(wanted), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
            if "protection" in answer:
                return None
            said = answer.get("failure") or answer["error"]
            return str(said.get("Code") or said["Reason"])
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            return type(error).__name__
        finally:
            connection.close()
