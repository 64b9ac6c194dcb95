"""Where a service's agents are declared: a folder, or a bucket, with one folder for each agent."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from crew_runtime.agents.packages import Archive
from crew_runtime.common.configuration import ConfigurationError

DECLARATION: Final = "crew.json"
"""Written last and removed first: an agent is there while this is."""
ENVIRONMENT: Final = "environment.json"
SECRETS: Final = "secrets.json"
IDENTITY: Final = "identity.json"
BESIDE: Final = ("documents", "code")
"""Folders beside the declaration, with what it names."""
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


class SourceError(Exception):
    """The source cannot be read now; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an agent is given beside its declaration: variables of its own, and secret ones."""

    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    archive: Archive | None = None
    """Packages that the declaration needs and that are to be unpacked yet."""


class AgentSource(Protocol):
    """Reads what is declared. Methods block."""

    def look(self) -> Mapping[str, str]:
        """Return the agents that are there, each with its version, which changes with all but its identity.

        Raises:
            SourceError: it is not known which are there.

        """

    def read(self, agent_id: str, into: Path) -> Given:
        """Copy an agent's declaration, and what lies beside it but archives, into an empty folder.

        Raises:
            SourceError: not now.
            ConfigurationError: something there is not what it should be.

        """

    def fetch(self, agent_id: str, archive: Archive, folder: Path) -> Path:
        """Return the file with an archive; `folder` is one that may hold a copy.

        Raises:
            SourceError: not now.

        """

    def identity_of(self, agent_id: str, folder: Path) -> Path:
        """Return the file that has the agent's identity; `folder` is the agent's own, which may hold a copy."""


def is_agent_id(name: str) -> bool:
    """Return whether this can be the name of an agent's folder."""
    return _ID.fullmatch(name) is not None


def version_of(*marks: object) -> str:
    """Return a version that differs where any of these do; it can be the name of a folder."""
    return hashlib.sha256(repr(marks).encode()).hexdigest()[:16]


def variables_in(content: bytes, name: str) -> dict[str, str]:
    """Read variables from the JSON in a file of this name; no content are none.

    Raises:
        ConfigurationError: it is no object of texts. Never with a value.

    """
    if not content:
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ConfigurationError([f"{name}: is not a JSON object whose values are texts"])
    return found
