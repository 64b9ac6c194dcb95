"""Those who wait for a job are told of it, whatever happens meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from crew_runtime.common.api_error import ApiError
from crew_runtime.http.a2a import methods
from crew_runtime.http.admission.doorman import Doorman
from crew_runtime.http.agent.following import Followers
from crew_runtime.http.served import Served
from crew_runtime.http.server.ports import CLOSING
from crew_runtime.job.job import Job, JobState
from crew_runtime.store import StoreUnavailableError


def test_a_job_that_has_begun_is_told_even_if_the_store_goes_away() -> None:
    async def wait() -> Job:
        begun = Job(input_data={}, agent_identifier="ab", state=JobState.QUEUED)

        async def read(_id: str) -> Job:
            raise StoreUnavailableError

        told = await Followers(read, per_client=1).at_rest(begun, "client", asyncio.Event())
        assert told.id == begun.id
        return told

    assert asyncio.run(wait()).state is JobState.QUEUED


def test_a_stream_names_the_job_that_has_begun_even_if_nobody_else_can_follow_any_more() -> None:
    async def follow() -> list[dict[str, Any]]:
        begun = Job(input_data={}, agent_identifier="ab", state=JobState.QUEUED)

        async def read(_id: str) -> Job:
            return begun

        followers, doorman = Followers(read, per_client=1), Doorman(proxy_hops=0, starts_per_minute=0)
        agent = SimpleNamespace(followers=followers, job=read)
        one = cast("Served", SimpleNamespace(agent=agent, doorman=doorman))
        request = Request({"type": "http", "headers": [], "client": ("127.0.0.1", 1), CLOSING: asyncio.Event()})
        events = await methods.subscribe_to_task(one, request, {"id": begun.id})
        with followers.admitted(doorman.address(request)):  # who is faster
            told = [await anext(events)]
            with pytest.raises(ApiError, match="wait for jobs already"):
                await anext(events)
        return told

    (told,) = asyncio.run(follow())
    assert told["task"]["status"]["state"] == "TASK_STATE_SUBMITTED"
