"""Opens the job store that the settings name."""

import sqlite3
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from crew_runtime.configuration import ConfigurationError
from crew_runtime.disk import is_full, no_space
from crew_runtime.jobs import new_id
from crew_runtime.machine.settings import Settings
from crew_runtime.store.interface import JobStore, StoreUnavailableError
from crew_runtime.store.sqlite import SQLITE_FULL, SqliteJobStore, lock_folder


def open_store(settings: Settings, agent_id: str) -> tuple[JobStore, IO[str]]:
    """Open the store; the file beside it keeps the data folder to this process until it is closed.

    Raises:
        ConfigurationError: the folder or the database cannot be used.

    """
    folder = settings.data_dir
    with ExitStack() as until_open:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = until_open.enter_context(lock_folder(folder))
            store = _opened(settings, agent_id)
        except (OSError, sqlite3.Error, StoreUnavailableError) as error:
            description = Settings.model_fields["data_dir"].description
            raise ConfigurationError([f"DATA_DIR: {_reason(folder, error)}. {description}"]) from None
        until_open.pop_all()
    return store, lock


def _opened(settings: Settings, agent_id: str) -> JobStore:
    if settings.database_url:
        return _postgres(settings, agent_id)
    file = settings.data_dir / "jobs.sqlite"
    store = SqliteJobStore(file, holder=new_id(), lease_seconds=settings.lease_seconds)
    store.end_all_leases()
    return store


def _reason(folder: Path, error: Exception) -> str:
    if isinstance(error, StoreUnavailableError):
        return str(error)
    if is_full(error) or getattr(error, "sqlite_errorname", None) == SQLITE_FULL:
        return no_space(folder)
    return f"{folder} cannot be used ({getattr(error, 'strerror', None) or error})"


def _postgres(settings: Settings, agent_id: str) -> JobStore:
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
    )


def _authorities(settings: Settings) -> Path | None:
    """Write down whom the database's certificate is checked against, since libpq reads files alone."""
    if settings.database_ca is None:
        return None
    file = settings.data_dir / "database-ca.pem"
    file.write_text(f"{settings.database_ca}\n", encoding="ascii")
    return file
