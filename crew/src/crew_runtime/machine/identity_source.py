"""Chooses the source of the identity by the settings."""

from collections.abc import Mapping
from importlib.util import find_spec

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.machine.identity import FixedIdentity, IdentityFile, IdentitySource
from crew_runtime.machine.identity_parameter import IdentityParameter
from crew_runtime.machine.settings import Settings


def identity_source(settings: Settings, environment: Mapping[str, str]) -> IdentitySource:
    """Return the parameter in AWS Systems Manager if one is named, else the file, else the fixed identifier.

    Raises:
        ConfigurationError: the parameter cannot be read with what is installed.

    """
    if settings.identity_ssm_parameter:
        if find_spec("botocore") is None:
            problem = "IDENTITY_SSM_PARAMETER: needs botocore. Install crew-runtime[aws], as the container image does."
            raise ConfigurationError([problem])
        parameter = IdentityParameter(
            settings.identity_ssm_parameter,
            poll_seconds=settings.identity_poll_seconds,
            environment=environment,
        )
        parameter.start()
        return parameter
    if settings.agent_identity_file:
        return IdentityFile(settings.agent_identity_file)
    return FixedIdentity(settings.agent_identifier or "")
