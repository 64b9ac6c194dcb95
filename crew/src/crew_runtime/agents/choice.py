"""Chooses the source of a service's agents by the settings."""

from collections.abc import Mapping
from pathlib import Path

from crew_runtime.agents.folder import FolderSource
from crew_runtime.agents.source import AgentSource
from crew_runtime.machine.service_settings import ServiceSettings


def source_of(settings: ServiceSettings, environment: Mapping[str, str]) -> AgentSource:  # noqa: ARG001
    """Return the bucket or the folder that AGENTS names.

    Raises:
        ConfigurationError: it cannot be read with what is installed.

    """
    assert settings.agents  # noqa: S101 - the caller has looked
    return FolderSource(Path(settings.agents))
