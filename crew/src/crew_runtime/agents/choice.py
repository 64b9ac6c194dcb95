"""Chooses the source of a service's agents by the settings."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from crew_runtime.agents.folder import FolderSource
from crew_runtime.agents.source import AgentSource
from crew_runtime.configuration import ConfigurationError
from crew_runtime.machine.service_settings import ServiceSettings

_BUCKET: Final = "s3://"


def source_of(settings: ServiceSettings, environment: Mapping[str, str]) -> AgentSource:
    """Return the bucket or the folder that AGENTS names; `environment` says where AWS is, and its credentials.

    Raises:
        ConfigurationError: it cannot be read with what is installed or set.

    """
    assert settings.agents  # noqa: S101 - the caller has looked
    if not settings.agents.startswith(_BUCKET):
        if settings.agent_secrets:
            problem = "AGENT_SECRETS: belongs to a bucket; secrets of agents in a folder are files there. Leave it out."
            raise ConfigurationError([problem])
        return FolderSource(Path(settings.agents))
    if find_spec("botocore") is None:
        problem = "AGENTS: a bucket needs botocore. Install crew-runtime[aws], as the container image does."
        raise ConfigurationError([problem])
    from botocore.exceptions import BotoCoreError  # only where AWS is asked at all

    from crew_runtime.agents.bucket import BucketSource

    place = urlsplit(settings.agents)
    try:
        return BucketSource(place.netloc, place.path.strip("/"), settings.agent_secrets, environment)
    except BotoCoreError as error:
        raise ConfigurationError([f"AGENTS: {error} Set AWS_REGION, and give the task a role."]) from None
