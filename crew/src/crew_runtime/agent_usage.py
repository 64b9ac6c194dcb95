"""Prints for its operator what agents used of models and how long they ran: `python -m crew_runtime.agent_usage`.

One JSON object: by agent, which is empty where the runtime has but one, of each month (UTC) `models`, with input and
output tokens, and `times`: of the runtime, whose `job` is null, by its container's size, and of all jobs together; with
`--by-job` of each job, by its reference. The stores are the runtime's (agent_stores.py).
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import Any

from crew_runtime.agent_stores import agent_stores
from crew_runtime.store.interface import JobStore


def main() -> int:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m crew_runtime.agent_usage")
    parser.add_argument("--agent", metavar="<id>", help="of a service, this agent's alone")
    parser.add_argument("--month", metavar="<yyyy-mm>", help="this month alone")
    parser.add_argument("--by-job", action="store_true", help="each job's, and not the sum of all")
    asked = parser.parse_args()
    used = {
        agent: _used(store, month=asked.month, by_job=asked.by_job)
        for agent, store in agent_stores(os.environ, asked.agent)
    }
    sys.stdout.write(f"{json.dumps(used)}\n")
    return 0


def _used(store: JobStore, *, month: str | None, by_job: bool) -> dict[str, list[dict[str, Any]]]:
    models = store.usage_by_month(month=month, by_job=by_job)
    times = store.running_times_by_month(month=month, by_job=by_job)
    return {
        "models": [{"month": month, **asdict(usage)} for month, usage in models],
        "times": [{"month": month, **asdict(time)} for month, time in times],
    }


if __name__ == "__main__":
    sys.exit(main())
