"""ECS is asked not to stop a task that has jobs."""

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest

from crew_runtime.machine.task_protection import TaskProtection
from support.ecs import FakeEcsAgent
from support.model import StubModel
from support.runtime import Runtime


@pytest.fixture
def agent() -> Iterator[FakeEcsAgent]:
    fake = FakeEcsAgent()
    yield fake
    fake.close()


def keeping(protection: TaskProtection, steps: Callable[[], None]) -> None:
    """Let `steps` run in a thread beside the protection's task; notes are made in the loop, as the runner does."""

    async def beside() -> None:
        kept = asyncio.create_task(protection.keep())
        await asyncio.to_thread(steps)
        kept.cancel()

    asyncio.run(beside())


def test_a_task_is_protected_anew_before_its_protection_ends(agent: FakeEcsAgent) -> None:
    protection = TaskProtection(agent.uri, renew_seconds=0.02)
    protection.note(busy=True)
    keeping(protection, lambda: agent.wait_until(lambda: len(agent.asked) >= 3))
    assert agent.asked[:3] == [{"ProtectionEnabled": True, "ExpiresInMinutes": 15}] * 3


def test_a_task_without_jobs_asks_for_nothing(agent: FakeEcsAgent) -> None:
    protection = TaskProtection(agent.uri, renew_seconds=0)
    protection.note(busy=False)
    keeping(protection, lambda: None)
    assert agent.asked == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"failure": {"Arn": "arn:aws:ecs:task", "Reason": "TASK_NOT_VALID"}}, "TASK_NOT_VALID"),
        ({"error": {"Arn": "arn:aws:ecs:task", "Code": "AccessDeniedException"}}, "AccessDeniedException"),
        ({}, "KeyError"),
    ],
)
def test_a_refusal_is_logged_when_it_begins_and_ends(
    agent: FakeEcsAgent, answer: dict[str, object], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    agent.answer = answer
    protection = TaskProtection(agent.uri, renew_seconds=0.02)
    protection.note(busy=True)

    def steps() -> None:
        agent.wait_until(lambda: len(agent.asked) >= 3)
        agent.answer = {"protection": {}}
        asked = len(agent.asked)
        agent.wait_until(lambda: len(agent.asked) >= asked + 3)

    with caplog.at_level(logging.INFO, logger="crew_runtime"):
        keeping(protection, steps)
    assert [record.message for record in caplog.records] == ["task_protection_failed", "task_protection_works"]
    assert vars(caplog.records[0])["fields"] == {"reason": reason}


def test_a_running_agent_is_protected_from_a_job_s_begin_to_its_end(
    runtime: Runtime, ecs_agent: FakeEcsAgent, shared_model: StubModel
) -> None:
    runtime.wait_until_ready()
    job_id = runtime.start_job("MARKER-protected never answer")
    ecs_agent.wait_until(lambda: ecs_agent.is_protected)
    assert runtime.status(job_id)["status"] == "running"
    shared_model.released.set()
    runtime.ended(job_id)
    shared_model.released.clear()
    ecs_agent.wait_until(lambda: not ecs_agent.is_protected)
