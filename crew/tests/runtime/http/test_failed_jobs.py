"""Of a failed job the customer learns the code, the log has names and places, and the store what may quote somebody."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from crew_runtime.job.failures import MESSAGES, Failure
from crew_runtime.job.job import reference_of
from support.declarations import in_python
from support.model import StubModel
from support.runtime import Runtime
from support.service import Service

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


def kept_reports(runtime: Runtime, *words: str, **environment: str) -> dict[str, Any]:
    """What the operator's program prints, while the runtime runs."""
    program = [sys.executable, "-m", "crew_runtime.failed_jobs", *words]
    environment = {"DATA_DIR": str(runtime.data), **environment}
    printed = subprocess.check_output(program, env=environment, text=True, timeout=60)
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


@pytest.mark.parametrize("kept_in", ["files", "databases"])
def test_a_service_s_failures_are_found_in_the_stores_of_its_agents(
    kept_in: str, tmp_path: Path, model: StubModel, request: pytest.FixtureRequest
) -> None:
    service = Service(tmp_path, model.url)
    request.addfinalizer(service.stop)
    names = ("first", "second")
    for name in names:
        url = request.getfixturevalue("cluster").new_database() if kept_in == "databases" else None
        service.agents.declare(name, secrets={"DATABASE_URL": url} if url else {})
    service.wait_for_state("ready", *names)
    jobs = {name: service.agent(name).start(f"answer with status 400, {TOPIC}") for name in names}
    assert {service.agent(name).ended(job)["status"] for name, job in jobs.items()} == {"failed"}
    references = {name: reference_of(job) for name, job in jobs.items()}
    logged = {event["agent"]: event["job"] for event in service.events if event["event"] == "job_failed"}
    assert logged == references, "each under the agent's id"
    agents = {"AGENTS": str(service.agents.path)}
    assert kept_reports(service, *references.values(), **agents).keys() == set(references.values())
    found = kept_reports(service, "--agent", "first", *references.values(), **agents)
    assert found.keys() == {references["first"]}, "of this agent alone"
    assert found[references["first"]]["task"] == "research"
    service.agents.write("second", "environment.json", b"[]")
    assert kept_reports(service, *references.values(), **agents).keys() >= {references["first"]}
