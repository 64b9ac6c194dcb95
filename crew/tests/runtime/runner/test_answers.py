"""What becomes of an answer when another was taken, or the same one, between the look at the question and the write."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.declaration import Declaration
from crew_runtime.http.agent.agent import Agent
from crew_runtime.http.agent.job_intake import IntakeLimits
from crew_runtime.job.job import Job, JobState, Question, now
from crew_runtime.machine.identity import FixedIdentity
from crew_runtime.payments.seller import Seller
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.store.sqlite import SqliteJobStore
from support.declarations import one_task


class OvertakenStore(SqliteJobStore):
    """Another request's answer is always written first."""

    first = ""

    def answer(self, job_id: str, status_id: str, text: str) -> Job | None:
        assert super().answer(job_id, status_id, self.first)
        return super().answer(job_id, status_id, text)


class Runner:
    """Notes which jobs go on."""

    def __init__(self) -> None:
        self.answered_jobs: list[str] = []

    def answered(self, job_id: str) -> None:
        self.answered_jobs.append(job_id)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OvertakenStore]:
    opened = OvertakenStore(tmp_path / "jobs.sqlite", holder="one")
    yield opened
    opened.disconnect()


def asked(store: SqliteJobStore) -> Job:
    job = store.add(Job(input_data={"topic": "tea"}, agent_identifier="ab"))
    store.start(job.id)
    found = store.ask(job.id, Question(prompt="Which cup?", answer_by=now() + 60_000))
    assert found
    assert found.state is JobState.AWAITING_INPUT
    return found


def agent_over(store: SqliteJobStore, runner: Runner) -> Agent:
    declaration = Declaration.model_validate(one_task(), strict=False)
    return Agent(
        declaration=declaration,
        identity=FixedIdentity("ab"),
        store=store,
        runner=cast("JobRunner", runner),
        checkout=None,
        seller=Seller(declaration.payment),
        limits=IntakeLimits(unpaid=1, per_client=1),
    )


def test_an_answer_that_lost_against_another_is_refused(store: OvertakenStore) -> None:
    store.first = "the blue one"
    job, runner = asked(store), Runner()
    body = {"job_id": job.id, "status_id": job.status_id, "input_data": {"answer": "the red one"}}
    with pytest.raises(ApiError) as caught:
        asyncio.run(agent_over(store, runner).answer(body))
    assert (caught.value.status, caught.value.body["error"]) == (400, "INPUT_NOT_AWAITED")
    found = store.get(job.id)
    assert found
    assert found.answers == ("the blue one",)
    assert runner.answered_jobs == []


def test_the_same_answer_sent_again_is_taken_once_and_told_to_have_been_taken(store: OvertakenStore) -> None:
    store.first = "the blue one"
    job, runner = asked(store), Runner()
    body = {"job_id": job.id, "input_data": {"answer": "the blue one"}}
    assert asyncio.run(agent_over(store, runner).answer(body)).id == job.id
    found = store.get(job.id)
    assert found
    assert found.answers == ("the blue one",)
    assert runner.answered_jobs == [job.id]
