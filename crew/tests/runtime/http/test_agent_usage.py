"""What an agent used is told to its operator, after a restart too: tokens by model and job, and how long it ran."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from crew_runtime.job.job import reference_of
from support.model import StubModel
from support.service import Service
from support.waiting import wait_for

Used = Mapping[str, dict[str, list[dict[str, Any]]]]


def told(data: Path, *words: str, **environment: str) -> Used:
    """What the operator's program prints, while the runtime runs."""
    program = [sys.executable, "-m", "crew_runtime.agent_usage", *words]
    environment = {"DATA_DIR": str(data), **environment}
    used: Used = json.loads(subprocess.check_output(program, env=environment, text=True, timeout=60))
    return used


def tokens_in(used: Used) -> dict[str, tuple[int, ...]]:
    """Input and output by agent."""
    return {
        agent: tuple(sum(row[part] for row in parts["models"]) for part in ("input_tokens", "output_tokens"))
        for agent, parts in used.items()
    }


def test_each_job_s_tokens_are_those_that_the_model_told(
    start_runtime: StartRuntime, tmp_path: Path, model: StubModel
) -> None:
    month = datetime.now(UTC).strftime("%Y-%m")
    runtime = start_runtime(folder=tmp_path)
    assert told(runtime.data) == {}, "there is no store before the first job"
    runtime.identify()
    jobs = [runtime.start_job(topic) for topic in ("tea", "coffee", "answer with nothing")]
    assert [runtime.ended(job)["status"] for job in jobs] == ["completed", "completed", "failed"]
    calls = len(model.requests)
    assert calls > len(jobs), "a crew asks again after an empty answer"
    wait_for(lambda: tokens_in(told(runtime.data)) == {"": (5 * calls, 7 * calls)})
    runtime.kill()
    by_job = told(runtime.data, "--by-job")
    assert {row["job"] for row in by_job[""]["models"]} == {reference_of(job) for job in jobs}
    assert {row["model"] for row in by_job[""]["models"]} == {model.requests[0]["body"]["model"]}
    assert tokens_in(by_job) == {"": (5 * calls, 7 * calls)}
    assert [row["job"] for row in told(runtime.data, "--month", month)[""]["models"]] == [""]
    assert told(runtime.data, "--month", "1999-12") == {"": {"models": [], "times": []}}


def test_how_long_the_runtime_was_up_and_its_jobs_ran(start_runtime: StartRuntime, tmp_path: Path) -> None:
    begun = time.monotonic()
    runtime = start_runtime(folder=tmp_path, CONTAINER_CPU="512", CONTAINER_MEMORY="1024")
    runtime.identify()
    jobs = [runtime.start_job(topic) for topic in ("tea", "coffee")]
    for job in jobs:
        runtime.ended(job)
    wait_for(lambda: len(told(runtime.data, "--by-job")[""]["times"]) == 1 + len(jobs))
    runtime.stop()
    most = (time.monotonic() - begun) * 1000
    up, *of_jobs = told(runtime.data, "--by-job")[""]["times"]
    assert (up["job"], up["cpu"], up["memory"]) == (None, 512, 1024)
    assert {row["job"] for row in of_jobs} == {reference_of(job) for job in jobs}
    assert 0 < max(row["milliseconds"] for row in of_jobs) <= up["milliseconds"] <= most
    together = told(runtime.data)[""]["times"]
    assert [(row["job"], row["cpu"]) for row in together] == [(None, 512), ("", 0)]
    assert together[1]["milliseconds"] == sum(row["milliseconds"] for row in of_jobs)


def test_a_runtime_without_jobs_that_was_here_for_a_moment_keeps_nothing(
    start_runtime: StartRuntime, tmp_path: Path
) -> None:
    runtime = start_runtime(folder=tmp_path)
    runtime.stop()
    assert told(runtime.data) == {}


@pytest.mark.parametrize("kept_in", ["files", "databases"])
def test_a_service_tells_its_agents_apart(
    kept_in: str, tmp_path: Path, model: StubModel, request: pytest.FixtureRequest
) -> None:
    service = Service(tmp_path, model.url)
    request.addfinalizer(service.stop)
    names = ("first", "second", "third")
    for name in names:
        url = request.getfixturevalue("cluster").new_database() if kept_in == "databases" else None
        service.agents.declare(name, secrets={"DATABASE_URL": url} if url else {})
    service.wait_for_state("ready", *names)
    for name in ("first", "first", "second"):
        agent = service.agent(name)
        assert agent.ended(agent.start("tea"))["status"] == "completed"
    agents = {"AGENTS": str(service.agents.path)}
    wanted = {"first": (10, 14), "second": (5, 7)}
    wait_for(lambda: those_that_used(tokens_in(told(service.data, **agents))) == wanted)
    second = told(service.data, "--agent", "second", **agents)
    assert tokens_in(second) == {"second": (5, 7)}
    assert [row["job"] for row in second["second"]["times"]] == [""], "its container is the service's"


def those_that_used(tokens: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Those that used some."""
    return {agent: both for agent, both in tokens.items() if any(both)}
