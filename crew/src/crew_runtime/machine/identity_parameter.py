"""The identity from a parameter in AWS Systems Manager, for containers that share no disk with the deployment."""

import logging
from collections.abc import Mapping
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from crew_runtime.common.logs import event
from crew_runtime.machine.identity import UNKNOWN, Identity, LatestIdentity

if TYPE_CHECKING:
    from crew_runtime.machine.parameter_store import ParameterStore

_log: Final = logging.getLogger(__name__)


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
        self._parameters: ParameterStore | None = None
        self._latest = LatestIdentity()
        self._failing = False
        self._stopped = Event()
        self._thread = Thread(target=self._poll, name="identity", daemon=True)

    def start(self) -> None:
        """Start reading the parameter, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading the parameter."""
        self._stopped.set()
        self._thread.join()

    def current(self) -> Identity:
        """Return the identity that was seen last."""
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
        if self._parameters is None:
            self._parameters = _connect(self._environment)
        value = self._parameters.value_of(self._name)
        return UNKNOWN if value is None else Identity.model_validate_json(value)


def _connect(environment: Mapping[str, str]) -> "ParameterStore":
    """Load botocore here, in the poller's thread: in a small container that takes a while."""
    from crew_runtime.machine.parameter_store import ParameterStore

    return ParameterStore(environment)


def _reason(error: Exception) -> str:
    """Return what AWS or the network said; the text of an exception may hold more than a log should."""
    from crew_runtime.machine.parameter_store import ParameterError

    return str(error) if isinstance(error, ParameterError) else type(error).__name__
