"""What jobs used of the model is told to their operator: to the token, by month, job and model, after a restart too."""

import json
import subprocess
import sys
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

Counts = Mapping[str, list[dict[str, Any]]]


def counted(data: Path, *words: str, **environment: str) -> Counts:
    """What the operator's program prints, while the runtime runs."""
    program = [sys.executable, "-m", "crew_runtime.token_counts", *words]
    environment = {"DATA_DIR": str(data), **environment}
    counts: Counts = json.loads(subprocess.check_output(program, env=environment, text=True, timeout=60))
    return counts


def tokens_in(counts: Counts) -> dict[str, tuple[int, int]]:
    """Input and output by agent."""
    return {
        agent: (sum(row["input_tokens"] for row in rows), sum(row["output_tokens"] for row in rows))
        for agent, rows in counts.items()
    }


def test_each_job_s_tokens_are_those_that_the_model_told(
    start_runtime: StartRuntime, tmp_path: Path, model: StubModel
) -> None:
    month = datetime.now(UTC).strftime("%Y-%m")
    runtime = start_runtime(folder=tmp_path)
    assert counted(runtime.data) == {}, "there is no store before the first job"
    runtime.identify()
    jobs = [runtime.start_job(topic) for topic in ("tea", "coffee", "answer with nothing")]
    assert [runtime.ended(job)["status"] for job in jobs] == ["completed", "completed", "failed"]
    calls = len(model.requests)
    assert calls > len(jobs), "a crew asks again after an empty answer"
    wait_for(lambda: tokens_in(counted(runtime.data)) == {"": (5 * calls, 7 * calls)})
    runtime.kill()
    (by_job,) = counted(runtime.data, "--by-job").values()
    assert {row["job"] for row in by_job} == {reference_of(job) for job in jobs}
    assert {row["model"] for row in by_job} == {model.requests[0]["body"]["model"]}
    assert tokens_in({"": by_job}) == {"": (5 * calls, 7 * calls)}
    assert [row["job"] for row in counted(runtime.data, "--month", month)[""]] == [""]
    assert counted(runtime.data, "--month", "1999-12") == {"": []}


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
    wait_for(lambda: told_of(tokens_in(counted(service.data, **agents))) == wanted)
    assert tokens_in(counted(service.data, "--agent", "second", **agents)) == {"second": (5, 7)}


def told_of(tokens: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Those that used some."""
    return {agent: both for agent, both in tokens.items() if any(both)}
