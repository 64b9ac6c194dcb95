"""A runtime that cannot renew its leases lets go of its jobs before another may take them."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from crew_runtime.common.chores import Chores
from crew_runtime.declared.declaration import Declaration
from crew_runtime.job.job import Job
from crew_runtime.runner.leases import LeaseKeeper
from crew_runtime.runner.plan import Limits
from crew_runtime.store.postgres import PostgresJobStore
from support.declarations import one_task
from support.jobs import gateway_to, job_runner, job_spec
from support.model import StubModel
from support.postgres import Cluster
from support.waiting import wait_for

LEASE_SECONDS = 4


@pytest.mark.usefixtures("runs_jobs")
def test_jobs_end_with_their_lease_although_the_database_never_answers_again(
    cluster: Cluster, model: StubModel, tmp_path: Path
) -> None:
    url = cluster.new_database()
    store = PostgresJobStore(url, schema="agent", holder="one", lease_seconds=LEASE_SECONDS)
    job = store.add(Job(input_data={"topic": "MARKER-lease never answer"}, agent_identifier="ab"))
    backend = cluster.backend_of(url)

    async def do() -> None:
        keeper = LeaseKeeper(store=store, runner=runner, lease_seconds=LEASE_SECONDS, protection=None)
        keeping = Chores(1).add(keeper.look)
        keeping.wake()
        await asyncio.to_thread(wait_for, lambda: any("MARKER-lease" in str(one["body"]) for one in model.requests))
        assert runner.running == 1
        os.kill(backend, signal.SIGSTOP)
        try:
            await asyncio.to_thread(wait_for, lambda: runner.running == 0)
            assert not keeper.works
        finally:
            os.kill(backend, signal.SIGCONT)
        await asyncio.to_thread(wait_for, lambda: runner.running == 1)  # nobody else took it: it is run again
        found = await asyncio.to_thread(store.get, job.id)
        assert found
        assert found.attempts == 1, "what its own runtime ended does not count"
        await keeping.stop()
        keeper.stop()
        await runner.stop(0)

    fields = Declaration.model_validate_json(json.dumps(one_task())).input
    limits = Limits(parallel=1, queue=0, timeout_seconds=600, ask_seconds=600)
    spec = job_spec(tmp_path, one_task(), model.url)
    with gateway_to(spec.model) as gateway, job_runner(store, spec, gateway.model, fields, limits) as runner:
        asyncio.run(do())
    store.disconnect()
