"""The settings of an agent, and of a process that serves one agent; read once at start."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from crew_runtime.job.hashes import HashRule
from crew_runtime.machine.environment_model import MEGABYTE, EnvironmentModel
from crew_runtime.machine.identity import AgentIdentifier
from crew_runtime.machine.service_settings import ServiceSettings

DOCUMENTS_FOLDER: Final = "documents"
"""The folder of embedded and of fetched documents, in DATA_DIR."""
WORK_FOLDER: Final = "work"
"""The folder of jobs in DATA_DIR."""


class AgentSettings(EnvironmentModel):
    """What is one agent's own; `data_dir` is where its files are."""

    agent_declaration: Path = Field(
        description="Set AGENT_DECLARATION to the path of the agent's crew.json, which must be readable."
    )
    identity_ssm_parameter: str | None = Field(
        default=None,
        pattern=r"^/[\w.-]+(/[\w.-]+)*$",
        description="Set IDENTITY_SSM_PARAMETER to a parameter's whole name in AWS Systems Manager, such as /my/agent.",
    )
    identity_poll_seconds: float = Field(
        default=30,
        ge=0.1,
        le=3600,
        description="Set IDENTITY_POLL_SECONDS to the seconds between two reads of the parameter.",
    )
    agent_identifier: AgentIdentifier | None = Field(
        default=None, description="Set AGENT_IDENTIFIER to the agent's identifier on the network, in hexadecimal."
    )
    agent_identity_file: Path | None = Field(
        default=None,
        validate_default=True,
        description="Set AGENT_IDENTITY_FILE to the path where identity.json will be (it may be absent at start), "
        "or set IDENTITY_SSM_PARAMETER or AGENT_IDENTIFIER instead.",
    )
    data_dir: Path = Field(description="Set DATA_DIR to a folder that this process may write to.")
    model_api: HttpUrl = Field(
        description="Set MODEL_API to the base URL of an OpenAI-compatible API, such as https://api.openai.com/v1."
    )
    model_key: SecretStr = Field(
        min_length=1, description="Set MODEL_KEY to the model API's key (any word if the API needs none)."
    )
    model_name: str | None = Field(default=None, description="Set MODEL_NAME to the model for agents that name none.")
    max_parallel: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Set MAX_PARALLEL to the number of jobs that may run side by side.",
    )
    max_queue: int = Field(
        default=32, ge=0, le=10_000, description="Set MAX_QUEUE to the number of jobs that may wait."
    )
    job_timeout: float = Field(
        default=900, ge=1, le=86_400, description="Set JOB_TIMEOUT to the seconds that one job may run."
    )
    ask_timeout: float = Field(
        default=3600,
        ge=1,
        le=2_592_000,
        description="Set ASK_TIMEOUT to the seconds that a customer gets to answer a question of the crew.",
    )
    job_model_calls: int = Field(
        default=60,
        ge=1,
        le=10_000,
        description="Set JOB_MODEL_CALLS to the number of model calls that one job may make.",
    )
    network: Literal["Preprod", "Mainnet"] | None = Field(
        default=None, description="Set NETWORK to Preprod or Mainnet, as the declaration has it, or leave it out."
    )
    payment_service_url: HttpUrl | None = Field(
        default=None, description="Set PAYMENT_SERVICE_URL to the payment service's address, with /api/v1."
    )
    payment_key: SecretStr | None = Field(
        default=None, description="Set PAYMENT_KEY to a key of the payment service that may make payments."
    )
    payment_source_type: Literal["V1", "V2"] | None = Field(
        default=None,
        description="Set PAYMENT_SOURCE_TYPE to V1 or V2, as the selling wallet is, or leave it to the declaration.",
    )
    seller_vkey: str = Field(
        default="",
        pattern=r"^([0-9a-f]{56})?$",
        description="Set SELLER_VKEY to the selling wallet's verification key, 56 hexadecimal digits.",
    )
    pay_within: float = Field(
        default=1800,
        ge=1,
        le=604_800,
        description="Set PAY_WITHIN to the seconds that a buyer gets to lock the funds.",
    )
    submit_within: float = Field(
        default=43_200,
        ge=960,
        le=2_592_000,
        description="Set SUBMIT_WITHIN to the seconds from a job's start until its result must be on the chain, "
        "at least PAY_WITHIN, SETTLE_SECONDS, JOB_TIMEOUT and SUBMIT_MARGIN together.",
    )
    submit_margin: float = Field(
        default=600,
        ge=0,
        le=86_400,
        description="Set SUBMIT_MARGIN to the seconds that a result's hash gets to reach the chain.",
    )
    settle_seconds: float = Field(
        default=600,
        ge=0,
        le=86_400,
        description="Set SETTLE_SECONDS to the seconds that funds locked in time may take to be seen.",
    )
    payment_poll: float = Field(
        default=10, ge=0.05, le=600, description="Set PAYMENT_POLL to the seconds between two checks of the payments."
    )
    max_unpaid: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="Set MAX_UNPAID to the number of jobs that may await payment before the oldest gives way.",
    )
    start_rate: int = Field(
        default=30,
        ge=0,
        le=100_000,
        description="Set START_RATE to the jobs that one client address may ask for in a minute (0: any number).",
    )
    request_rate: int = Field(
        default=600,
        ge=0,
        le=1_000_000,
        description="Set REQUEST_RATE to the requests with a body, other than /start_job, that one client address may "
        "send in a minute (0: any number).",
    )
    max_per_client: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="Set MAX_PER_CLIENT to the free jobs of one client address that may run or wait.",
    )
    result_hash_rule: HashRule = Field(
        default=HashRule.MARKETPLACE,
        description="Set RESULT_HASH_RULE to marketplace (as the network's marketplace checks it) or mip-004.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Set DATABASE_URL to postgresql://user:password@host:port/database, or leave it out for a file.",
    )
    database_schema: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9_-]{1,63}$",
        description="Set DATABASE_SCHEMA to the schema of this agent's jobs (a-z, 0-9, _ and -), or leave it out.",
    )
    database_ca: str | None = Field(
        default=None,
        pattern=r"^-----BEGIN CERTIFICATE-----",
        description="Set DATABASE_CA to the certificates (PEM) that the database's certificate is checked against, or "
        "leave it out for those of the public authorities.",
    )
    lease_seconds: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="Set LEASE_SECONDS to the seconds after which another runtime takes over the jobs of a dead one.",
    )
    keep_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Set KEEP_DAYS to the days after which the result of a job that has ended is erased.",
    )
    documents_location: str | None = Field(
        default=None,
        pattern=r"^s3://[\w.-]+(/[\w.-]+)*$",
        description="Set DOCUMENTS_LOCATION to the folder in a bucket where large documents are, such as s3://bucket/agent.",
    )
    documents_endpoint: HttpUrl | None = Field(
        default=None, description="Set DOCUMENTS_ENDPOINT to the address of an S3 that is not AWS's, or leave it out."
    )
    documents_region: str = Field(
        default="us-east-1", description="Set DOCUMENTS_REGION to the bucket's region, such as eu-central-1."
    )
    documents_within: float = Field(
        default=120,
        ge=0,
        le=3600,
        description="Set DOCUMENTS_WITHIN to the seconds that documents may take to arrive.",
    )
    documents_key: SecretStr | None = Field(
        default=None,
        description="Set DOCUMENTS_KEY to <access key id>:<secret access key>, or leave it out where a role may read.",
    )
    max_body: int = Field(
        default=MEGABYTE,
        ge=1024,
        le=64 * MEGABYTE,
        description="Set MAX_BODY to the size that a request may have, in bytes.",
    )
    job_tokens: int = Field(
        default=500_000,
        ge=1000,
        le=1_000_000_000,
        description="Set JOB_TOKENS to the tokens of the model, asked and answered, that one job may use.",
    )
    daily_tokens: int | None = Field(
        default=None,
        ge=1000,
        le=1_000_000_000_000,
        description="Set DAILY_TOKENS to the tokens of the model that all jobs may use in a day, or leave it out.",
    )

    @field_validator("documents_key")
    @classmethod
    def _key_has_two_parts(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not all(value.get_secret_value().partition(":")):
            raise PydanticCustomError("key", "is not the key of a bucket")
        return value

    @property
    def documents_cache(self) -> Path:
        """The folder of embedded documents, and of those that were fetched."""
        return self.data_dir.resolve() / DOCUMENTS_FOLDER

    @field_validator("agent_identity_file")
    @classmethod
    def _identity_has_a_source(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        # What failed its own validation is absent from the data, and complained about already.
        sources = [info.data.get(name, "given") for name in ("identity_ssm_parameter", "agent_identifier")]
        if value is None and not any(sources):
            raise PydanticCustomError("missing", "is missing")
        return value


class Settings(AgentSettings, ServiceSettings):
    """All settings of a process that serves one agent."""
