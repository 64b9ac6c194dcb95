"""Agents of one service that are paid, and services that share the jobs of their agents."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.declarations import one_task
from support.key_notes import KeyNotes
from support.model import StubModel
from support.paid import paid
from support.postgres import Cluster
from support.sandbox import PAY_KEY, RUNTIME_KEY, Sandbox
from support.service import Service
from support.waiting import wait_for


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture
def services(model: StubModel) -> Iterator[list[Service]]:
    """Services that end with the test."""
    started: list[Service] = []
    yield started
    model.released.set()
    for service in started:
        service.stop()


@pytest.fixture
def key_notes(sandbox: Sandbox) -> Iterator[KeyNotes]:
    with closing(KeyNotes(sandbox.url)) as before_the_sandbox:
        yield before_the_sandbox


def test_agents_are_paid_each_by_its_own_identifier_and_key_also_after_a_kill(
    services: list[Service], folder: Path, model: StubModel, sandbox: Sandbox, key_notes: KeyNotes
) -> None:
    services.append(Service(folder, model.url))
    own = {"PAYMENT_SERVICE_URL": key_notes.url, "PAYMENT_POLL": "0.1"}
    keys = {"first": PAY_KEY, "second": RUNTIME_KEY}
    for name, key in keys.items():
        services[0].agents.declare(
            name, paid(), environment=own, secrets={"PAYMENT_KEY": key}, identifier=sandbox.register()
        )
    services[0].agents.declare("unpayable", paid(), environment=own)
    services[0].wait_for_state("ready", *keys, "unpayable")
    receipts = {}
    for name in keys:
        body = {"identifier_from_purchaser": secrets.token_hex(10), "input_data": {"topic": f"MARKER-{name}"}}
        status, receipts[name] = services[0].agent(name).post("/start_job", body)
        assert status == 200, receipts[name]
    refused, answer = services[0].agent("unpayable").post("/start_job", body)
    assert (refused, answer["error"]) == (503, "PAYMENTS_NOT_CONFIGURED")
    assert len({receipt["agentIdentifier"] for receipt in receipts.values()}) == 2
    services[0].kill()
    sandbox.buy(*receipts.values())
    services.append(Service(folder, model.url))
    services[1].wait_for_state("ready", *keys, "unpayable")
    for name in keys:
        agent, job = services[1].agent(name), receipts[name]["id"]
        wait_for(lambda agent=agent, job=job: agent.status(job) == "completed")  # type: ignore[misc]
        assert f"MARKER-{name}" in agent.get("/status", job_id=job)[1]["result"]
        assert sandbox.payment(receipts[name])["NextAction"]["requestedAction"].startswith("SubmitResult")
    assert key_notes.keys == {
        receipts[name][about]: {key}
        for name, key in keys.items()
        for about in ("agentIdentifier", "blockchainIdentifier")
    }


def test_a_service_takes_over_the_jobs_of_one_that_is_gone(
    services: list[Service], folder: Path, model: StubModel, cluster: Cluster
) -> None:
    url = {"DATABASE_URL": cluster.new_database()}
    for name in ("a", "b"):
        services.append(Service(folder / name, model.url, LEASE_SECONDS="1"))
        for agent in ("first", "second"):
            services[-1].agents.declare(agent, one_task(), secrets=url)
        services[-1].wait_for_state("ready", "first", "second")
    gone, left = services
    jobs = {agent: gone.agent(agent).start(f"MARKER-{agent} never answer") for agent in ("first", "second")}
    wait_for(lambda: sum("never answer" in str(request["body"]) for request in list(model.requests)) == 2)
    assert left.agent("first").status(jobs["first"]) == "running", "each tells of the jobs of both"
    gone.kill()
    model.released.set()
    for agent, job in jobs.items():
        assert f"MARKER-{agent}" in left.agent(agent).ended(job)["result"]
        assert left.agent(agent).get("/status", job_id="unknown")[0] == 404
