"""Of a failed job the customer learns the code, the log has names and places, and the store what may quote somebody."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import StartRuntime
from crew_runtime.failures import MESSAGES, Failure
from crew_runtime.jobs import reference_of
from support.declarations import in_python
from support.runtime import Runtime

CREW = """
from crewai import Agent, Crew, Task

def check(output):
    raise ValueError(f"unfit: {output.raw}")

def crew():
    cook = Agent(role="Cook for {topic}", goal="Cook", backstory="You cook.")
    task = Task(name="cooking", description="{topic}", expected_output="Text", agent=cook, callback=check)
    return Crew(agents=[cook], tasks=[task])
"""
TOPIC = "MARKER-of_the_customer"


def kept_reports(runtime: Runtime, *references: str) -> dict[str, Any]:
    """What the operator's program prints, while the runtime runs."""
    program = [sys.executable, "-m", "crew_runtime.failed_jobs", *references]
    printed = subprocess.check_output(program, env={"DATA_DIR": str(runtime.data)}, text=True, timeout=60)
    reports: dict[str, Any] = json.loads(printed)
    return reports


def test_a_failure_is_told_to_each_as_far_as_it_concerns_them(start_runtime: StartRuntime, tmp_path: Path) -> None:
    (tmp_path / "agent" / "code" / "abc").mkdir(parents=True)
    (tmp_path / "agent" / "code" / "abc" / "crew.py").write_text(CREW)
    runtime = start_runtime(in_python(), folder=tmp_path)
    runtime.identify()
    job_id = runtime.start_job(TOPIC)
    ended = runtime.ended(job_id)
    assert ended == {
        "id": ended["id"],
        "job_id": job_id,
        "status": "failed",
        "error": "CREW_FAILED",
        "message": MESSAGES[Failure.CREW_FAILED],
        "reference": reference_of(job_id),
    }
    (logged,) = [event for event in runtime.events if event["event"] == "job_failed"]
    assert (logged["detail"], logged["at"], logged["task"]) == (
        "builtins.ValueError", "crew.py:5 in check", "cooking",
    )  # fmt: skip
    assert TOPIC not in runtime.output
    reference = reference_of(job_id)
    assert kept_reports(runtime, "0" * 16) == {}
    assert kept_reports(runtime, reference)[reference] == {
        "detail": "builtins.ValueError",
        "exception": f"builtins.ValueError: unfit: Stub result {TOPIC}",
        "at": "crew.py:5 in check",
        "task": "cooking",
        "model_answers": [f"Stub result {TOPIC}"],
    }
