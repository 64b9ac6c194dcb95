"""A crew that speaks to the runner in the place of the process that it runs in gains nothing by it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.declared.input_schema import InputField
from crew_runtime.job.job import Job, JobState
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.runner.plan import Limits
from crew_runtime.store import JobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.jobs import gateway_to, job_runner, project
from support.model import StubModel
from support.runtime import SENTINEL_KEY
from support.waiting import wait_for

_CREW = """
import gc, os
from multiprocessing.connection import Connection
from crewai import Agent, Crew, Task

class Forging(Crew):
    def kickoff(self, inputs=None, **named):
        for found in gc.get_objects():
            if isinstance(found, Connection) and not found.closed:
                found.send_bytes(inputs["topic"].encode())
        os._exit(0)

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    return Forging(agents=[cook], tasks=[Task(description="Cook", expected_output="Text", agent=cook)])
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    opened = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    yield opened
    opened.disconnect()


@pytest.mark.usefixtures("runs_jobs")
@pytest.mark.parametrize(
    ("said", "failure", "result"),
    [
        ('{"failure": "JOB_INTERRUPTED", "detail": ""}', "CREW_FAILED", None),
        ('{"failure": "NONE_OF_OURS", "detail": ""}', "CREW_FAILED", None),
        ('{"failure": ["CREW_FAILED"], "detail": ""}', "CREW_FAILED", None),
        ('{"failure": "CREW_FAILED"}', "CREW_FAILED", None),
        ('{"result": {"no": "text"}}', "CREW_FAILED", None),
        ('{"ask": {"prompt": 1}}', "CREW_FAILED", None),
        ("7", "CREW_FAILED", None),
        ("[" * 100_000, "CREW_FAILED", None),
        ('{"result": "half a pair: \\ud800"}', None, "half a pair: ?"),
        ('{"failure": "NO_SPACE", "detail": "\\ud800"}', "NO_SPACE", None),
    ],
)
def test_a_forged_message_ends_the_job(
    tmp_path: Path, store: JobStore, model: StubModel, said: str, failure: str | None, result: str | None
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/crew.py").write_text(_CREW)
    access = ModelAccess(api=model.url, key=SENTINEL_KEY, name="stub-model")
    spec = JobSpec(crew={}, code=project(tmp_path / "code"), model=access, inputs={}, folder=tmp_path / "work")

    async def do() -> None:
        job = store.add(Job(input_data={"topic": said}, agent_identifier="ab"))
        runner.take(job.id)
        await asyncio.to_thread(wait_for, lambda: not runner.known)
        ended = await asyncio.to_thread(store.get, job.id)
        await runner.stop(0)
        assert ended
        assert ended.state is (JobState.FAILED if failure else JobState.COMPLETED)
        assert (ended.failure, ended.result, ended.attempts) == (failure, result, 1)

    fields = (InputField(id="topic", type="string"),)
    limits = Limits(parallel=1, queue=0, timeout_seconds=600, ask_seconds=3600)
    with gateway_to(access) as gateway, job_runner(store, spec, gateway.model, fields, limits) as runner:
        asyncio.run(do())
