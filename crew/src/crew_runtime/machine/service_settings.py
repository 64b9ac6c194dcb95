"""The settings of the process, whichever agents it serves."""

import re
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid4

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from crew_runtime.machine.environment_model import MEGABYTE, EnvironmentModel, split_words

HOSTED_FOLDER: Final = "hosted"
"""The folder of agents' own folders, in DATA_DIR."""
_HEADER: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+ *= *[!-~]([ -~]*[!-~])?", re.ASCII)


class ServiceSettings(EnvironmentModel):
    """What holds for all agents of a process."""

    agents: str | None = Field(
        default=None,
        pattern=r"^(s3://[\w.-]+(/[\w.-]+)*|/.*)$",
        description="Set AGENTS to the absolute path of the folder that has one folder for each agent, or to "
        "s3://bucket/prefix; or set AGENT_DECLARATION instead.",
    )
    agents_poll_seconds: float = Field(
        default=2,
        ge=0.05,
        le=600,
        description="Set AGENTS_POLL_SECONDS to the seconds between two looks at AGENTS.",
    )
    agent_secrets: str | None = Field(
        default=None,
        pattern=r"^/([\w.-]+/)*$",
        description="Set AGENT_SECRETS to what the names of the agents' parameters in AWS Systems Manager begin with, "
        "such as /my/agents/.",
    )
    shared_code: bool = Field(
        default=False, description="Set SHARED_CODE to 1 to serve agents that bring code, or leave it out."
    )
    shared_parallel: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Set SHARED_PARALLEL to the number of jobs of all agents that may run side by side.",
    )
    shared_connections: int = Field(
        default=32,
        ge=1,
        le=1000,
        description="Set SHARED_CONNECTIONS to the number of job stores that may be open at the same time.",
    )
    host: str = Field(default="127.0.0.1", description="Set HOST to the address to listen on.")
    port: int = Field(ge=0, le=65535, description="Set PORT to the TCP port to listen on (0 takes any free one).")
    public_url: HttpUrl | None = Field(
        default=None,
        description="Set PUBLIC_URL to the address by which customers reach this process, such as "
        "https://agent.example.com, or leave it out: then there is no agent card.",
    )
    ecs_agent_uri: HttpUrl | None = Field(
        default=None, description="Set ECS_AGENT_URI to the address of the ECS agent, or leave it to ECS to do so."
    )
    agent_instance: str = Field(
        default_factory=lambda: str(uuid4()),
        description="Set AGENT_INSTANCE to a uuid of this start, or leave it out.",
    )
    data_dir: Path = Field(description="Set DATA_DIR to a folder that this process may write to.")
    min_free_disk: int = Field(
        default=32 * MEGABYTE,
        ge=0,
        description="Set MIN_FREE_DISK to the bytes that DATA_DIR must have free for jobs, or to 0.",
    )
    proxy_hops: int = Field(
        default=0,
        ge=0,
        le=8,
        description="Set PROXY_HOPS to the number of proxies in front, each of which adds to X-Forwarded-For, or to 0.",
    )
    container_cpu: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Set CONTAINER_CPU to the CPU units of this process's container (1024 are one core), or to 0.",
    )
    container_memory: int = Field(
        default=0,
        ge=0,
        le=100_000_000,
        description="Set CONTAINER_MEMORY to the memory of this process's container in MiB, or to 0.",
    )
    traces_endpoint: HttpUrl | None = Field(
        default=None,
        description="Set TRACES_ENDPOINT to the address of an OpenTelemetry collector that takes OTLP over HTTP, "
        "such as http://collector:4318, or leave it out: then neither traces nor metrics are sent.",
    )
    traces_headers: SecretStr | None = Field(
        default=None,
        description="Set TRACES_HEADERS to the headers that the collector demands, as name=value, separated by commas.",
    )
    traces_message_content: bool = Field(
        default=False,
        description="Set TRACES_MESSAGE_CONTENT to 1 to send what models are asked and answer as well, which "
        "may quote customers, or leave it out.",
    )
    internal_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Set INTERNAL_PORT to the TCP port of /metrics and /readyz (0: any free one), or leave it out.",
    )
    shutdown_grace: float = Field(
        default=5,
        ge=0,
        le=3600,
        description="Set SHUTDOWN_GRACE to the seconds that running jobs get to end after SIGTERM.",
    )
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(split_words)] = Field(
        default=(),
        description="Set ALLOWED_HOSTS to the names that requests may have as their Host, separated by commas "
        "(loopback: all of this machine's own), or leave it out for any.",
    )
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(split_words)] = Field(
        default=("*",),
        description="Set CORS_ORIGINS to the origins that browsers may call from, separated by commas; none: off.",
    )

    @field_validator("traces_headers")
    @classmethod
    def _headers_can_be_sent(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse what no request can have: whoever is to send it would quote it, with the secret, in the log."""
        if not all(_HEADER.fullmatch(pair) for pair in _pairs_in(value)):
            raise PydanticCustomError("headers", "is no list of headers")
        return value

    @property
    def traces_header_fields(self) -> dict[str, str]:
        """The headers of TRACES_HEADERS by name, without blanks around them."""
        pairs = (pair.partition("=") for pair in _pairs_in(self.traces_headers))
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def public_base(self) -> str | None:
        """The address of PUBLIC_URL without a slash at the end."""
        return None if self.public_url is None else str(self.public_url).rstrip("/")


def _pairs_in(headers: SecretStr | None) -> list[str]:
    return [pair.strip() for pair in headers.get_secret_value().split(",")] if headers else []
