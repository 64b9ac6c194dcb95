"""One service, many agents: each comes, changes and goes without touching another."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.declarations import one_task
from support.model import StubModel
from support.service import Service
from support.waiting import wait_for

StartService = Callable[..., Service]


@pytest.fixture
def start_service(model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartService]:
    """Starts services that end with the test, all in the same folder."""
    started: list[Service] = []
    folder = tmp_path_factory.mktemp("service")

    def start(*, folder: Path = folder, **environment: str) -> Service:
        service = Service(folder, model.url, **environment)
        started.append(service)
        return service

    yield start
    model.released.set()
    for service in started:
        service.stop()


def test_agents_are_served_by_their_paths_and_further_ones_join(start_service: StartService) -> None:
    service = start_service()
    for name in ("first", "second"):
        service.agents.declare(name, {**one_task(), "name": name.title()})
    service.wait_for_state("ready", "first", "second")
    jobs = {name: service.agent(name).start(f"MARKER-{name}") for name in ("first", "second")}
    for name, job in jobs.items():
        assert f"MARKER-{name}" in service.agent(name).ended(job)["result"]
    assert service.agent("first").get("/status", job_id=jobs["second"])[0] == 404, "jobs are their agent's"
    service.agents.declare("third")
    service.wait_for_state("ready", "third")
    third = service.agent("third")
    assert third.ended(third.start("tea"))["status"] == "completed"
    assert service.http.get("/healthz").json() == {
        "status": "ok", "instance": "test-instance", "agents": 3, "crew": "ready"
    }  # fmt: skip
    assert service.agent("first").get("/availability")[1]["message"] == "First takes jobs."
    assert service.agent("nobody").get("/availability")[0] == 404
    assert service.http.get("/availability").status_code == 404
