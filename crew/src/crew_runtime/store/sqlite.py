"""Jobs in an SQLite file, for one runtime; they survive kill -9 and power cuts."""

import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.disk import is_full, no_space
from crew_runtime.common.logs import event
from crew_runtime.store.connections import Connections, admitted
from crew_runtime.store.interface import StoreUnavailableError
from crew_runtime.store.query import Row, Value
from crew_runtime.store.schema import VERSION, steps_from
from crew_runtime.store.sql import SqlJobStore

SQLITE_FULL: Final = "SQLITE_FULL"
JOBS_FILE: Final = "jobs.sqlite"
"""The store's file in the data folder; SQLite has more beside it whose names begin with this."""
_log: Final = logging.getLogger(__name__)
_OVERWRITES_SINCE: Final = 5
_EMPTY_LOG: Final = "PRAGMA wal_checkpoint(TRUNCATE)"
_OWN: Final = 0o600
_NOW: Final = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


class SqliteJobStore(SqlJobStore):
    """A JobStore. WAL with synchronous=FULL: a job is on the disk before it is answered."""

    shared = False

    def __init__(
        self, path: Path, *, holder: str, lease_seconds: float = 30, connections: Connections | None = None
    ) -> None:
        super().__init__(holder=holder, lease_seconds=lease_seconds)
        self._path = path
        self._lock = threading.Lock()
        self._connections = connections
        self._open: sqlite3.Connection | None = None
        if connections is None or not self.is_new:
            with self._used():
                pass

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever kept here."""
        return not self._path.exists()

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        with self._lock, admitted(self._connections, self):
            if self._open is None:
                self._open = self._connected()
            yield self._open

    def _connected(self) -> sqlite3.Connection:
        self._path.touch(mode=_OWN)
        with suppress(PermissionError):  # of another user's file, which may be writable all the same
            self._path.chmod(_OWN)  # one of an older runtime; the files beside it get the same
        db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=10)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
            self._migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            problem = (
                f"{self._path}: was written by a newer runtime (version {version}). Set DATA_DIR to another folder."
            )
            raise ConfigurationError([problem])
        if version < VERSION:
            steps = ";".join(steps_from(version, integer="INTEGER", options=" STRICT"))
            db.executescript(f"BEGIN; {steps}; PRAGMA user_version = {VERSION}; COMMIT;")
            if 0 < version < _OVERWRITES_SINCE:
                self._rewrite(db)

    def _rewrite(self, db: sqlite3.Connection) -> None:
        """Write the file anew: what older runtimes replaced is still in its unused parts."""
        os.environ["SQLITE_TMPDIR"] = str(self._path.parent)  # other folders may be read-only, or small
        try:
            db.execute("VACUUM")
            db.execute(_EMPTY_LOG).fetchone()
        except sqlite3.Error as error:  # such as a disk without room for it; all else works without
            event(_log, logging.WARNING, "store_not_rewritten", reason=self._reason(error))
        finally:
            del os.environ["SQLITE_TMPDIR"]

    def _forget_erased(self) -> None:
        """Empty the write-ahead log, which has the pages as they were."""
        with self._used() as db:
            db.execute(_EMPTY_LOG).fetchone()

    def end_all_leases(self) -> None:
        """Free the jobs of runtimes that are gone, which is all others if this one has the folder's lock."""
        if not self.is_new:
            self._query("UPDATE jobs SET holder = NULL, lease_until = 0 WHERE closed_at IS NULL")

    def _query(self, statement: str, parameters: Sequence[Value] = ()) -> list[Row]:
        try:
            with self._used() as db:
                return list(map(dict, db.execute(statement.replace("{now}", _NOW), parameters).fetchall()))
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailableError(self._reason(error)) from error

    def _reason(self, error: Exception) -> str:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        return no_space(self._path) if name == SQLITE_FULL or is_full(error) else f"{self._path}: {name}"

    def disconnect(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()
        if self._connections:
            self._connections.forget(self)

    def close_if_idle(self) -> bool:
        """Close the file unless it is in use; return whether it is closed. It is opened anew when it is needed."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._close()
        finally:
            self._lock.release()
        return True

    def _close(self) -> None:
        if self._open:
            self._open.close()
        self._open = None


def lock_folder(folder: Path) -> IO[str]:
    """Keep other runtimes off this folder until the returned file is closed, or this process ends.

    Raises:
        ConfigurationError: another runtime has the folder.

    """
    lock = (folder / "jobs.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        problem = f"DATA_DIR: {folder} is in use by another runtime. End that one, or set DATA_DIR to another folder."
        raise ConfigurationError([problem]) from None
    return lock
