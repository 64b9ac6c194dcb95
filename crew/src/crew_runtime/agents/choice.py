"""Chooses the source of a service's agents by the settings."""

import os
import stat
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from crew_runtime.agents.folder import FolderSource
from crew_runtime.agents.source import AgentSource
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.machine.service_settings import ServiceSettings
from crew_runtime.machine.users import RUNTIME

_BUCKET: Final = "s3://"
_OWN: Final = 0o700


def source_of(
    settings: ServiceSettings, environment: Mapping[str, str], *, apart_from_jobs: bool = False
) -> AgentSource:
    """Return the bucket or the folder that AGENTS names; `environment` says where AWS is, and its credentials.

    A folder that is not there is made. Where jobs are users `apart`, it has to be closed to them.

    Raises:
        ConfigurationError: it cannot be read with what is installed or set, or jobs could read it.

    """
    assert settings.agents  # noqa: S101 - the caller has looked
    if not settings.agents.startswith(_BUCKET):
        if settings.agent_secrets:
            problem = "AGENT_SECRETS: belongs to a bucket; secrets of agents in a folder are files there. Leave it out."
            raise ConfigurationError([problem])
        return FolderSource(_made(Path(settings.agents), apart_from_jobs=apart_from_jobs))
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


def _made(folder: Path, *, apart_from_jobs: bool) -> Path:
    try:
        folder.mkdir(mode=_OWN, parents=True, exist_ok=True)
        found = folder.stat()
        if apart_from_jobs and found.st_uid == os.geteuid():
            folder.chmod(_OWN)
        elif apart_from_jobs and found.st_mode & stat.S_IRWXO:
            problem = f"AGENTS: jobs could read {folder}, and so what other agents are given. Set its mode to 0700 and "
            raise ConfigurationError([f"{problem}its owner to {RUNTIME}."])
    except OSError as error:
        description = ServiceSettings.model_fields["agents"].description
        raise ConfigurationError([f"AGENTS: {folder} cannot be used ({error.strerror}). {description}"]) from None
    return folder
