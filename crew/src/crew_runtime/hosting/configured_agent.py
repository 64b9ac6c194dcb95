"""Reads what an agent is told by its environment and its declaration, and finds contradictions before it is served."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar, get_args

from pydantic import SecretStr

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.declared.declaration import Declaration, load_declaration
from crew_runtime.machine.settings import AgentSettings

# The payment service makes no payment with less between the two times.
_SERVICE_MARGIN_SECONDS: Final = 300
_S = TypeVar("_S", bound=AgentSettings)

ALL: Final = frozenset(name.upper() for name in AgentSettings.model_fields)
SECRET: Final = frozenset(
    name.upper()
    for name, field in AgentSettings.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
)
"""Variables that an agent of a service has in its secrets.json."""
PLACES: Final = frozenset(
    (
        "AGENT_DECLARATION", "AGENT_IDENTITY_FILE", "IDENTITY_SSM_PARAMETER", "IDENTITY_POLL_SECONDS",
        "AGENT_IDENTIFIER", "DATA_DIR",
    )
)  # fmt: skip
"""Variables that a service sets for its agents: where what is theirs is."""
REVISION: Final = "SECRETS_REVISION"
"""Means nothing here, and /healthz repeats it: it changes where only the secrets do, so that they are read anew."""
STACK: Final = "AGENT_STACK"
"""Means nothing here: it tells who deploys the agent where one service has those of several stacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredAgent:
    """An agent as it is to be served; `digest` is the SHA-256 of its declaration's file, where that may change."""

    settings: AgentSettings
    declaration: Declaration
    digest: str = ""


def read_agent(environment: Mapping[str, str], kind: type[_S]) -> tuple[_S, Declaration]:
    """Read the settings and the declaration that they name.

    Raises:
        ConfigurationError: with every problem at once.

    """
    problems: list[str] = []
    settings = declaration = None
    try:
        settings = kind.from_environment(environment)
    except ConfigurationError as error:
        problems += error.problems
    path = environment.get("AGENT_DECLARATION", "").strip()
    if path:
        try:
            declaration = load_declaration(Path(path))
        except ConfigurationError as error:
            problems += error.problems
    problems += _contradictions(settings, declaration)
    if problems or settings is None or declaration is None:
        raise ConfigurationError(problems)
    if settings.payment_source_type:
        payment = declaration.payment.of_type(settings.payment_source_type)
        declaration = declaration.model_copy(update={"payment": payment})
    return settings, declaration


def read_shared_agent(
    agent_id: str,
    defaults: Mapping[str, str],
    own: Mapping[str, str],
    secrets: Mapping[str, str],
    places: Mapping[str, str],
    *,
    may_have_code: bool,
) -> ConfiguredAgent:
    """Read an agent of a service: what it has of its own comes before the service's `defaults`.

    Raises:
        ConfigurationError: with every problem at once.

    """
    problems = [*_wrong_names("environment.json", own, (ALL - PLACES - SECRET) | {REVISION, STACK})]
    problems += _wrong_names("secrets.json", secrets, SECRET)
    inherited = {name: value for name, value in defaults.items() if name in ALL - PLACES}
    try:
        settings, declaration = read_agent({**inherited, **own, **secrets, **places}, AgentSettings)
    except ConfigurationError as error:
        raise ConfigurationError([*problems, *error.problems]) from None
    if declaration.id != agent_id:
        problems.append(f"crew.json: id: is {declaration.id}, but the folder is {agent_id}; name both the same")
    if declaration.code and not may_have_code:
        problems.append(
            "crew.json: code: this service runs no code of agents. Give the agent a container of its own, or set "
            "SHARED_CODE=1."
        )
    if problems:
        raise ConfigurationError(problems)
    digest = sha256(settings.agent_declaration.read_bytes()).hexdigest()
    return ConfiguredAgent(settings=settings, declaration=declaration, digest=digest)


def _wrong_names(file: str, given: Mapping[str, str], known: frozenset[str]) -> Iterator[str]:
    for name in sorted(given.keys() - known):
        if name in SECRET:
            yield f"{file}: {name}: is secret. Put it into secrets.json."
        elif name in ALL:
            yield f"{file}: {name}: is not the agent's to set here; remove it."
        else:
            yield f"{file}: {name}: is not known to this runtime; remove it"


def _contradictions(settings: AgentSettings | None, declaration: Declaration | None) -> Iterator[str]:
    """Yield what is wrong with settings that are valid one by one; None stands for what could not be read."""
    if settings is None:
        return
    if declaration and not (declaration.model.name or settings.model_name):
        yield "MODEL_NAME: is missing, and the declaration names no model either. Set MODEL_NAME."
    if declaration and settings.network and settings.network != declaration.network:
        yield f"NETWORK: the declaration is for {declaration.network}. Set NETWORK to the same, or not at all."
    yield from _wrong_times(settings, is_paid=declaration is not None and declaration.is_paid)


def _wrong_times(settings: AgentSettings, *, is_paid: bool) -> Iterator[str]:
    """Yield what is wrong with the times of a job, its payment and its result together."""
    margin = max(settings.submit_margin, _SERVICE_MARGIN_SECONDS)
    besides = settings.pay_within + settings.settle_seconds + margin
    least = besides + settings.job_timeout
    if is_paid and settings.submit_within < least:
        left = max(0, settings.submit_within - besides)
        yield (
            f"SUBMIT_WITHIN and JOB_TIMEOUT: a job may run for {settings.job_timeout:.0f} seconds, but if paid at "
            f"the last moment, {left:.0f} are left until its result is due. Set SUBMIT_WITHIN to at least {least:.0f}, "
            "which is PAY_WITHIN, SETTLE_SECONDS, JOB_TIMEOUT and SUBMIT_MARGIN "
            f"(at least {_SERVICE_MARGIN_SECONDS}) together, or set JOB_TIMEOUT to less."
        )
    elif settings.submit_within <= settings.pay_within + margin:
        yield (
            "SUBMIT_WITHIN: leaves no time for a job that is paid at the last moment. "
            f"Set it to more than PAY_WITHIN and SUBMIT_MARGIN (at least {_SERVICE_MARGIN_SECONDS}) together."
        )
