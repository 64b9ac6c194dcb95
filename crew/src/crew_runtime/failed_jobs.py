"""Prints the reports of failed jobs for their operator: `python -m crew_runtime.failed_jobs <reference> …`.

One JSON object, with a report by each reference that is found. The store is the runtime's, by `DATA_DIR`, or
`DATABASE_URL` and `DATABASE_SCHEMA`. Only who may read the store can read these reports: no port of the runtime has
them.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crew_runtime.jobs import new_id
from crew_runtime.store.interface import JobStore
from crew_runtime.store.sqlite import SqliteJobStore

_MOST: Final = 1000
"""Failures that are searched."""


def main() -> int:
    """Print the reports."""
    store = _store(os.environ)
    wanted = frozenset(sys.argv[1:])
    failed = store.failed(_MOST) if store else []
    sys.stdout.write(
        f"{json.dumps({job.reference: job.failure_report for job in failed if job.reference in wanted})}\n"
    )
    if store:
        store.disconnect()
    return 0


def _store(environment: Mapping[str, str]) -> JobStore | None:
    """Open the store beside the runtime that may have it; None if there is none yet."""
    if url := environment.get("DATABASE_URL"):
        from crew_runtime.store.postgres import PostgresJobStore  # noqa: PLC0415 - not installed everywhere

        return PostgresJobStore(url, schema=environment["DATABASE_SCHEMA"], holder=new_id())
    file = Path(environment["DATA_DIR"]) / "jobs.sqlite"
    return SqliteJobStore(file, holder=new_id()) if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
