"""Prints the reports of failed jobs for their operator: `python -m crew_runtime.failed_jobs <reference> …`.

One JSON object, with a report by each reference that is found. The stores are the runtime's (agent_stores.py), or that
of `--agent <id>` alone. Only who may read the store can read these reports: no port of the runtime has them.
"""

import argparse
import json
import os
import sys
from typing import Final

from crew_runtime.agent_stores import agent_stores

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
    for _agent, store in agent_stores(os.environ, asked.agent):
        reports |= {job.reference: job.failure_report for job in store.failed(_MOST) if job.reference in wanted}
    sys.stdout.write(f"{json.dumps(reports)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
