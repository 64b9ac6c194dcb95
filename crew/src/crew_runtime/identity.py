"""The agent's identifier on the network: it arrives after the start and may change while the agent runs."""

import logging
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from crew_runtime.logs import event

_log: Final = logging.getLogger(__name__)


class Identity(BaseModel):
    """What identity.json says; more keys may follow in it."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    agent_identifier: Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{2})*$")] | None = Field(
        default=None, alias="agentIdentifier"
    )
    draining: bool = False


UNKNOWN: Final = Identity()


class IdentityFile:
    """Reads identity.json anew whenever it has changed; a look that finds no change costs one stat call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._identity = UNKNOWN

    def current(self) -> Identity:
        """Give the identity now; an absent file is an unknown identity, a broken one leaves the last good one."""
        try:
            found = self._path.stat()
        except OSError:
            self._seen = None
            self._replace(UNKNOWN)
            return self._identity
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._seen = seen
            self._reload()
        return self._identity

    def _reload(self) -> None:
        try:
            self._replace(Identity.model_validate_json(self._path.read_bytes()))
        except (OSError, ValidationError) as error:
            event(_log, logging.WARNING, "identity_unreadable", reason=type(error).__name__)

    def _replace(self, identity: Identity) -> None:
        if identity != self._identity:
            self._identity = identity
            event(
                _log,
                logging.INFO,
                "identity_changed",
                agent_identifier=identity.agent_identifier,
                draining=identity.draining,
            )
