"""Jobs in an SQLite file: one writer, which outlives kill -9 and power cuts."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Final

from crew_runtime.configuration import ConfigurationError
from crew_runtime.failures import Failure
from crew_runtime.jobs import Job, JobState, new_id, now

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  status_id TEXT NOT NULL,
  state TEXT NOT NULL,
  agent_identifier TEXT NOT NULL,
  identifier_from_purchaser TEXT,
  input_data TEXT NOT NULL,
  result TEXT,
  failure TEXT,
  created_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state);
"""


class SqliteJobStore:
    """A JobStore. WAL with synchronous=FULL: a job that was answered for is on the disk."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._migrate(path)

    def _migrate(self, path: Path) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            self._db.close()
            problem = f"{path}: was written by a newer runtime (version {version}). Set DATA_DIR to another folder."
            raise ConfigurationError([problem])
        if version < _VERSION:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")

    def add(self, job: Job) -> None:
        """Write a new job."""
        self._write(
            "INSERT INTO jobs (id, status_id, state, agent_identifier, identifier_from_purchaser, input_data,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            job.id,
            job.status_id,
            job.state,
            job.agent_identifier,
            job.identifier_from_purchaser,
            json.dumps(job.input_data, ensure_ascii=False),
            job.created_at,
        )

    def get(self, job_id: str) -> Job | None:
        """Read a job."""
        with self._lock:
            row = self._db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job(row)

    def start(self, job_id: str) -> None:
        """Note that a queued job runs now; its status, as MIP-003 has it, stays the same."""
        self._write("UPDATE jobs SET state = 'running' WHERE id = ? AND state = 'queued'", job_id)

    def complete(self, job_id: str, result: str) -> None:
        """Note the result."""
        self._write(
            "UPDATE jobs SET state = 'completed', status_id = ?, result = ?, finished_at = ?"
            " WHERE id = ? AND state IN ('queued', 'running')",
            new_id(),
            result,
            now(),
            job_id,
        )

    def fail(self, job_id: str, failure: Failure) -> None:
        """Note why there is no result."""
        self._write(
            "UPDATE jobs SET state = 'failed', status_id = ?, failure = ?, finished_at = ?"
            " WHERE id = ? AND state IN ('queued', 'running')",
            new_id(),
            failure,
            now(),
            job_id,
        )

    def fail_open(self, failure: Failure) -> int:
        """Fail all open jobs and give their number."""
        return self._write(
            "UPDATE jobs SET state = 'failed', status_id = lower(hex(randomblob(16))), failure = ?, finished_at = ?"
            " WHERE state IN ('queued', 'running')",
            failure,
            now(),
        )

    def _write(self, statement: str, *parameters: str | int | None) -> int:
        with self._lock:
            return self._db.execute(statement, parameters).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        status_id=row["status_id"],
        state=JobState(row["state"]),
        agent_identifier=row["agent_identifier"],
        identifier_from_purchaser=row["identifier_from_purchaser"],
        input_data=json.loads(row["input_data"]),
        result=row["result"],
        failure=None if row["failure"] is None else Failure(row["failure"]),
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
