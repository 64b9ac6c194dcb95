"""Jobs in an SQLite file, for one runtime; they survive kill -9 and power cuts."""

import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from crew_runtime.configuration import ConfigurationError
from crew_runtime.disk import no_space
from crew_runtime.logs import event
from crew_runtime.store.interface import StoreUnavailableError
from crew_runtime.store.schema import VERSION, steps_from
from crew_runtime.store.sql import Row, SqlJobStore, Value

SQLITE_FULL: Final = "SQLITE_FULL"
_log: Final = logging.getLogger(__name__)
_OVERWRITES_SINCE: Final = 5
_OWN: Final = 0o600
_NOW: Final = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


class SqliteJobStore(SqlJobStore):
    """A JobStore. WAL with synchronous=FULL: a job is on the disk before it is answered."""

    shared = False

    def __init__(self, path: Path, *, holder: str, lease_seconds: float = 30) -> None:
        super().__init__(holder=holder, lease_seconds=lease_seconds)
        self._path = path
        self._lock = threading.Lock()
        path.touch(mode=_OWN)
        with suppress(PermissionError):  # of another user's file, which may be writable all the same
            path.chmod(_OWN)  # one of an older runtime; the files beside it get the same
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
            self._migrate(path)
        except BaseException:
            self._db.close()
            raise

    def _migrate(self, path: Path) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            problem = f"{path}: was written by a newer runtime (version {version}). Set DATA_DIR to another folder."
            raise ConfigurationError([problem])
        if version < VERSION:
            steps = ";".join(steps_from(version, integer="INTEGER", options=" STRICT"))
            self._db.executescript(f"BEGIN; {steps}; PRAGMA user_version = {VERSION}; COMMIT;")
            if 0 < version < _OVERWRITES_SINCE:
                self._rewrite()

    def _rewrite(self) -> None:
        """Write the file anew: what older runtimes replaced is still in its unused parts."""
        os.environ["SQLITE_TMPDIR"] = str(self._path.parent)  # other folders may be read-only, or small
        try:
            self._db.execute("VACUUM")
            self._forget_erased()
        except sqlite3.Error as error:  # such as a disk without room for it; all else works without
            event(_log, logging.WARNING, "store_not_rewritten", reason=self._reason(error))
        finally:
            del os.environ["SQLITE_TMPDIR"]

    def _forget_erased(self) -> None:
        """Empty the write-ahead log, which has the pages as they were."""
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def end_all_leases(self) -> None:
        """Free the jobs of runtimes that are gone, which is all others if this one has the folder's lock."""
        self._query("UPDATE jobs SET holder = NULL, lease_until = 0 WHERE closed_at IS NULL")

    def _query(self, statement: str, parameters: Sequence[Value] = ()) -> list[Row]:
        try:
            with self._lock:
                return list(map(dict, self._db.execute(statement.replace("{now}", _NOW), parameters).fetchall()))
        except sqlite3.Error as error:
            raise StoreUnavailableError(self._reason(error)) from error

    def _reason(self, error: sqlite3.Error) -> str:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        return no_space(self._path) if name == SQLITE_FULL else f"{self._path}: {name}"

    def disconnect(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


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
