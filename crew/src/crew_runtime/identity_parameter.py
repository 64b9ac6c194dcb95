"""The identity from a parameter in AWS Systems Manager, for containers that share no disk with the deployment."""

import logging
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any, Final

from crew_runtime.aws import session_of
from crew_runtime.identity import UNKNOWN, Identity, LatestIdentity
from crew_runtime.logs import event

_log: Final = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 5
_ATTEMPTS: Final = 2


class IdentityParameter:
    """Reads the parameter every `poll_seconds`, in a thread of its own.

    `environment` is that of the container as it started: it says where AWS is (AWS_REGION, AWS_ENDPOINT_URL) and where
    the task's credentials are (AWS_CONTAINER_CREDENTIALS_*). A parameter that does not exist is an unknown identity,
    as the deployment makes it after the registration and removes it before; any other failure leaves the last identity
    as it was, and is logged when it begins and when it ends.
    """

    def __init__(self, name: str, *, poll_seconds: float, environment: Mapping[str, str]) -> None:
        self._name = name
        self._poll_seconds = poll_seconds
        self._environment = dict(environment)
        self._client: Any = None
        self._latest = LatestIdentity()
        self._failing = False
        self._stopped = Event()
        self._thread = Thread(target=self._poll, name="identity", daemon=True)

    def start(self) -> None:
        """Look for the first time, in the background, and go on looking."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def current(self) -> Identity:
        """Give the identity that was seen last."""
        return self._latest.identity

    def _poll(self) -> None:
        while not self._stopped.is_set():
            self._look()
            self._stopped.wait(self._poll_seconds)

    def _look(self) -> None:
        try:
            identity = self._read()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the next look may go well
            if not self._failing:
                event(_log, logging.WARNING, "identity_unreadable", reason=_reason(error))
            self._failing = True
        else:
            if self._failing:
                event(_log, logging.INFO, "identity_readable")
            self._failing = False
            self._latest.replace(identity)

    def _read(self) -> Identity:
        if self._client is None:
            self._client = _connect(self._environment)
        try:
            answer = self._client.get_parameter(Name=self._name)
        except self._client.exceptions.ParameterNotFound:
            return UNKNOWN
        return Identity.model_validate_json(answer["Parameter"]["Value"])


def _connect(environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - botocore makes the class of a client at run time
    """Make the client here, in the poller's thread: a small container loads botocore for a second."""
    from botocore.config import Config

    return session_of(environment).create_client(
        "ssm",
        region_name=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
        endpoint_url=environment.get("AWS_ENDPOINT_URL_SSM") or environment.get("AWS_ENDPOINT_URL"),
        config=Config(
            connect_timeout=_TIMEOUT_SECONDS,
            read_timeout=_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        ),
    )


def _reason(error: Exception) -> str:
    """Name what AWS or the network said; the text of an exception may hold more than a log should."""
    answer = getattr(error, "response", None)
    code = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None
    return str(code or type(error).__name__)
