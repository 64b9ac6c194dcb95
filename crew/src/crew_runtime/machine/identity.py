"""The agent's identifier on the network: it arrives after the start and may change while the agent runs."""

import logging
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from crew_runtime.common.logs import event

_log: Final = logging.getLogger(__name__)

AgentIdentifier = Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{2})*$")]
WalletKey = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{56})?$")]


class Identity(BaseModel):
    """What identity.json says, and the parameter in AWS Systems Manager; more keys may follow in it.

    The contract's type and the wallet belong to the identifier and change with it, in one write. Without them, as older
    deployments write it, they are those of the settings.
    """

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    agent_identifier: AgentIdentifier | None = Field(default=None, alias="agentIdentifier")
    payment_source_type: Literal["V1", "V2"] | None = Field(default=None, alias="paymentSourceType")
    seller_vkey: WalletKey | None = Field(default=None, alias="sellerVkey")
    draining: bool = False


UNKNOWN: Final = Identity()


class IdentitySource(Protocol):
    """Where the identity comes from."""

    def current(self) -> Identity:
        """Return the identity as it is known now, without waiting for anything."""


class LatestIdentity:
    """The identity that was seen last; logs each change."""

    def __init__(self) -> None:
        self.identity = UNKNOWN

    def replace(self, identity: Identity) -> None:
        """Set the identity that holds from now on."""
        if identity != self.identity:
            self.identity = identity
            event(
                _log,
                logging.INFO,
                "identity_changed",
                agent_identifier=identity.agent_identifier,
                payment_source_type=identity.payment_source_type,
                draining=identity.draining,
            )


class FixedIdentity:
    """An identifier that is known before the start and never changes."""

    def __init__(self, agent_identifier: str) -> None:
        self._identity = Identity(agentIdentifier=agent_identifier)

    def current(self) -> Identity:
        """Return the identity."""
        return self._identity


class IdentityFile:
    """Reads identity.json anew whenever it has changed; a look that finds no change costs one stat call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._latest = LatestIdentity()

    def current(self) -> Identity:
        """Return the current identity; without a file it is unknown, with a broken one the last good one holds."""
        try:
            found = self._path.stat()
        except OSError:
            self._seen = None
            self._latest.replace(UNKNOWN)
            return UNKNOWN
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._seen = seen
            self._reload()
        return self._latest.identity

    def _reload(self) -> None:
        try:
            self._latest.replace(Identity.model_validate_json(self._path.read_bytes()))
        except (OSError, ValidationError) as error:
            event(_log, logging.WARNING, "identity_unreadable", reason=type(error).__name__)
