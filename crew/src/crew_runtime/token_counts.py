"""Prints for its operator what a runtime's jobs used of models: `python -m crew_runtime.token_counts`.

One JSON object: by agent, which is empty where the runtime has but one, the input and output tokens of each month (UTC)
and model; with `--by-job` of each job as well, by its reference. The stores are the runtime's (agent_stores.py).
"""

import argparse
import json
import os
import sys
from dataclasses import asdict

from crew_runtime.agent_stores import agent_stores


def main() -> int:
    """Print the counts."""
    parser = argparse.ArgumentParser(prog="python -m crew_runtime.token_counts")
    parser.add_argument("--agent", metavar="<id>", help="of a service, this agent's alone")
    parser.add_argument("--month", metavar="<yyyy-mm>", help="this month alone")
    parser.add_argument("--by-job", action="store_true", help="each job's, and not the sum of all")
    asked = parser.parse_args()
    counts = {
        agent: [
            {"month": month, **asdict(usage)}
            for month, usage in store.usage_by_month(month=asked.month, by_job=asked.by_job)
        ]
        for agent, store in agent_stores(os.environ, asked.agent)
    }
    sys.stdout.write(f"{json.dumps(counts)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
