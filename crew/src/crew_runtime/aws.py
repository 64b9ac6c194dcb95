"""Reaches AWS with the credentials of the container, and no others of the machine."""

from collections.abc import Mapping
from typing import Any, Final

CREDENTIALS: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""The variables by which ECS tells a task where its role's credentials are."""


def session_of(environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - botocore has no types
    """Begin a session; `environment` is the container's as it started, as the process's own has none of it any more."""
    from botocore.credentials import ContainerProvider, CredentialResolver, EnvProvider
    from botocore.session import Session

    session = Session()
    providers = [EnvProvider(environment), ContainerProvider(environment)]
    session.register_component("credential_provider", CredentialResolver(providers))
    return session
