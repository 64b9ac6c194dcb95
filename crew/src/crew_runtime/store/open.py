"""Opens the job store that the settings name."""

import sqlite3
from importlib.util import find_spec
from typing import IO

from crew_runtime.configuration import ConfigurationError
from crew_runtime.jobs import new_id
from crew_runtime.machine.settings import Settings
from crew_runtime.store.interface import JobStore
from crew_runtime.store.sqlite import SqliteJobStore, lock_folder


def open_store(settings: Settings, agent_id: str) -> tuple[JobStore, IO[str]]:
    """Open the store; the file beside it keeps the data folder to this process until it is closed.

    Raises:
        ConfigurationError: the folder or the database cannot be used.

    """
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = lock_folder(folder)
        if settings.database_url:
            return _postgres(settings, agent_id), lock
        store = SqliteJobStore(folder / "jobs.sqlite", holder=new_id(), lease_seconds=settings.lease_seconds)
        store.end_all_leases()
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = f"DATA_DIR: {folder} cannot be used ({reason}). {Settings.model_fields['data_dir'].description}"
        raise ConfigurationError([problem]) from None
    else:
        return store, lock


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
    )
