"""Opens the stores of a runtime's agents beside the runtime, for programs of its operator.

They are found by the runtime's environment: `DATA_DIR`, or `DATABASE_URL` and `DATABASE_SCHEMA`; with `AGENTS`, each
agent's of the service, whose database is known from its files in that folder.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from crew_runtime.agents.source import ENVIRONMENT, SECRETS, is_agent_id, variables_in
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.job.job import new_id
from crew_runtime.machine.service_settings import HOSTED_FOLDER
from crew_runtime.store.interface import JobStore
from crew_runtime.store.open import AUTHORITIES_FILE
from crew_runtime.store.sqlite import JOBS_FILE, SqliteJobStore


def agent_stores(environment: Mapping[str, str], agent_id: str | None = None) -> Iterator[tuple[str, JobStore]]:
    """Yield the store of each agent that has one, or of one agent of a service, with the agent's id.

    The id is empty where the runtime has but one agent. A store is closed when the next one is asked for.
    """
    for name, own in _environments(environment, agent_id):
        store = _store(own)
        if store is None:
            continue
        try:
            yield name, store
        finally:
            store.disconnect()


def _environments(environment: Mapping[str, str], agent_id: str | None) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the environment of the runtime's one agent, or that of each agent of a service."""
    agents = environment.get("AGENTS")
    if not agents:
        yield "", environment
        return
    hosted = Path(environment["DATA_DIR"]) / HOSTED_FOLDER
    found = sorted(entry.name for entry in hosted.iterdir()) if hosted.exists() else []
    for name in found:
        if is_agent_id(name) and agent_id in (None, name):
            own = _own_variables(Path(agents) / name)
            yield name, {**environment, "DATABASE_SCHEMA": name, **own, "DATA_DIR": str(hosted / name)}


def _own_variables(folder: Path) -> dict[str, str]:
    """Read what an agent has of its own. One that is gone, or whose files are no use, has left a store all the same."""
    variables: dict[str, str] = {}
    for name in (ENVIRONMENT, SECRETS):
        try:
            variables |= variables_in((folder / name).read_bytes(), name)
        except FileNotFoundError:
            continue
        except ConfigurationError as error:
            sys.stderr.write(f"{folder.name}: {error}\n")
    return variables


def _store(environment: Mapping[str, str]) -> JobStore | None:
    """Open the store beside the runtime that may have it; None if there is none yet."""
    if url := environment.get("DATABASE_URL"):
        from crew_runtime.store.postgres import PostgresJobStore  # noqa: PLC0415 - not installed everywhere

        authorities = Path(environment["DATA_DIR"]) / AUTHORITIES_FILE if environment.get("DATABASE_CA") else None
        schema = environment["DATABASE_SCHEMA"]
        return PostgresJobStore(url, schema=schema, holder=new_id(), authorities=authorities)
    file = Path(environment["DATA_DIR"]) / JOBS_FILE
    return SqliteJobStore(file, holder=new_id()) if file.exists() else None
