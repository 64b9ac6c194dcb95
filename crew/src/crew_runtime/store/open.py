"""Opens the job store that the settings name."""

import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.disk import is_full, no_space
from crew_runtime.job.job import new_id
from crew_runtime.machine.settings import AgentSettings
from crew_runtime.store.connections import Connections
from crew_runtime.store.interface import JobStore, StoreUnavailableError
from crew_runtime.store.sqlite import JOBS_FILE, SQLITE_FULL, SqliteJobStore, lock_folder

AUTHORITIES_FILE: Final = "database-ca.pem"
"""Where in the data folder those certificates are that the database's is checked against, if the settings name any."""


def lock_data(folder: Path) -> IO[str]:
    """Keep the data folder to this process, until what is returned is closed.

    Raises:
        ConfigurationError: the folder cannot be used.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return lock_folder(folder)
    except OSError as error:
        raise _unusable(folder, error) from None


def open_store(settings: AgentSettings, agent_id: str, connections: Connections | None = None) -> JobStore:
    """Open the store of an agent, whose data folder this process has to itself.

    Raises:
        ConfigurationError: the folder or the database cannot be used.

    """
    try:
        return _opened(settings, agent_id, connections)
    except (OSError, sqlite3.Error, StoreUnavailableError) as error:
        raise _unusable(settings.data_dir, error) from None


def _unusable(folder: Path, error: Exception) -> ConfigurationError:
    description = AgentSettings.model_fields["data_dir"].description
    return ConfigurationError([f"DATA_DIR: {_reason(folder, error)}. {description}"])


def _opened(settings: AgentSettings, agent_id: str, connections: Connections | None) -> JobStore:
    if settings.database_url:
        return _postgres(settings, agent_id, connections)
    file = settings.data_dir / JOBS_FILE
    store = SqliteJobStore(file, holder=new_id(), lease_seconds=settings.lease_seconds, connections=connections)
    store.end_all_leases()
    return store


def _reason(folder: Path, error: Exception) -> str:
    if isinstance(error, StoreUnavailableError):
        return str(error)
    if is_full(error) or getattr(error, "sqlite_errorname", None) == SQLITE_FULL:
        return no_space(folder)
    return f"{folder} cannot be used ({getattr(error, 'strerror', None) or error})"


def _postgres(settings: AgentSettings, agent_id: str, connections: Connections | None) -> JobStore:
    if find_spec("psycopg") is None:
        problem = "DATABASE_URL: needs psycopg. Install crew-runtime[postgres], as the container image does."
        raise ConfigurationError([problem])
    from crew_runtime.store.postgres import PostgresJobStore  # only where it is installed and asked for

    assert settings.database_url  # noqa: S101 - the only caller has looked
    return PostgresJobStore(
        settings.database_url.get_secret_value(),
        schema=settings.database_schema or agent_id,
        holder=new_id(),
        lease_seconds=settings.lease_seconds,
        authorities=_authorities(settings),
        connections=connections,
    )


def _authorities(settings: AgentSettings) -> Path | None:
    """Write down whom the database's certificate is checked against, since libpq reads files alone."""
    if settings.database_ca is None:
        return None
    file = settings.data_dir / AUTHORITIES_FILE
    file.write_text(f"{settings.database_ca}\n", encoding="ascii")
    return file
