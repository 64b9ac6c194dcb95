"""Prints the reports of failed jobs for their operator: `python -m crew_runtime.failed_jobs <reference> …`.

One JSON object, with a report by each reference that is found. The store is the runtime's, by `DATA_DIR`, or
`DATABASE_URL` and `DATABASE_SCHEMA`; with `AGENTS`, each agent's of the service, or that of `--agent <id>` alone. Only
who may read the store can read these reports: no port of the runtime has them.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from crew_runtime.agents.source import ENVIRONMENT, SECRETS, is_agent_id, variables_in
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.job.job import new_id
from crew_runtime.machine.service_settings import HOSTED_FOLDER
from crew_runtime.store.interface import JobStore
from crew_runtime.store.sqlite import JOBS_FILE, SqliteJobStore

_MOST: Final = 1000
"""Failures that are searched."""


def main() -> int:
    """Print the reports."""
    parser = argparse.ArgumentParser(prog="python -m crew_runtime.failed_jobs")
    parser.add_argument("--agent", metavar="<id>", help="of a service, this agent's jobs alone")
    parser.add_argument("references", metavar="<reference>", nargs="+", help="what the log calls a job by")
    asked = parser.parse_args()
    wanted = frozenset(asked.references)
    reports: dict[str, object] = {}
    for environment in _environments(os.environ, asked.agent):
        reports |= _reports(environment, wanted)
    sys.stdout.write(f"{json.dumps(reports)}\n")
    return 0


def _environments(environment: Mapping[str, str], agent_id: str | None) -> Iterator[Mapping[str, str]]:
    """Yield the environment of the runtime's one agent, or that of each agent of a service."""
    agents = environment.get("AGENTS")
    if not agents:
        yield environment
        return
    hosted = Path(environment["DATA_DIR"]) / HOSTED_FOLDER
    found = sorted(entry.name for entry in hosted.iterdir()) if hosted.exists() else []
    for name in found:
        if is_agent_id(name) and agent_id in (None, name):
            own = _own_variables(Path(agents) / name)
            yield {**environment, "DATABASE_SCHEMA": name, **own, "DATA_DIR": str(hosted / name)}


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


def _reports(environment: Mapping[str, str], wanted: frozenset[str]) -> dict[str, object]:
    store = _store(environment)
    if store is None:
        return {}
    try:
        return {job.reference: job.failure_report for job in store.failed(_MOST) if job.reference in wanted}
    finally:
        store.disconnect()


def _store(environment: Mapping[str, str]) -> JobStore | None:
    """Open the store beside the runtime that may have it; None if there is none yet."""
    if url := environment.get("DATABASE_URL"):
        from crew_runtime.store.postgres import PostgresJobStore  # noqa: PLC0415 - not installed everywhere

        return PostgresJobStore(url, schema=environment["DATABASE_SCHEMA"], holder=new_id())
    file = Path(environment["DATA_DIR"]) / JOBS_FILE
    return SqliteJobStore(file, holder=new_id()) if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
