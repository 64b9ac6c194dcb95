import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.machine.environment import scrubbed
from crew_runtime.runner.worker_process import start_fork_server
from support.declarations import declaration
from support.ecs import FakeEcsAgent
from support.model import StubModel
from support.postgres import Cluster
from support.runtime import OWN, SHARED, Runtime
from support.sandbox import Sandbox


@pytest.fixture(scope="session")
def job_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What processes of jobs see; also where the functions are that tests let them run."""
    home = tmp_path_factory.mktemp("home")
    return {**scrubbed(os.environ, home=home, temporary=home), "PYTHONPATH": str(Path(__file__).parent)}


@pytest.fixture(scope="session", autouse=True)
def fork_server(job_environment: dict[str, str]) -> None:
    """The server that job processes are forked from, as the runtime starts it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in job_environment.items():
            patch.setenv(name, value)
        start_fork_server("crew_runtime.crewai.preload")


@pytest.fixture
def runs_jobs(job_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that start a runner of their own: the fork server of all tests is started again with what that saw."""
    for name, value in job_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def model() -> Iterator[StubModel]:
    stub = StubModel()
    yield stub
    stub.close()


@pytest.fixture(scope="session")
def shared_model() -> Iterator[StubModel]:
    """What the shared agent asks; also for jobs that another test left running."""
    stub = StubModel()
    yield stub
    stub.close()


@pytest.fixture(scope="session")
def ecs_agent() -> Iterator[FakeEcsAgent]:
    agent = FakeEcsAgent()
    yield agent
    agent.close()


@pytest.fixture(scope="session")
def runtime(
    shared_model: StubModel, ecs_agent: FakeEcsAgent, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runtime]:
    """A registered free agent, shared by the tests that leave it as it is."""
    folder, address = tmp_path_factory.mktemp("agent"), shared_model.url
    own = {"ECS_AGENT_URI": ecs_agent.uri, "PUBLIC_URL": "https://agent.example.com/"}
    started = Runtime(folder, declaration(), address, fork_server=OWN, **own)
    started.identify()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    started = Cluster()
    yield started
    started.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    started = Sandbox()
    yield started
    started.close()


StartRuntime = Callable[..., Runtime]


@pytest.fixture
def start_runtime(model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartRuntime]:
    """Starts runtimes that end with the test; the same `name` means the same folder."""
    started: list[Runtime] = []
    folder = tmp_path_factory.mktemp("runtime")  # `tmp_path` may be too long for a socket in it

    def start(
        declared: dict[str, Any] | None = None,
        *,
        name: str = "agent",
        folder: Path = folder,
        fork_server: str = SHARED,
        **environment: str,
    ) -> Runtime:
        runtime = Runtime(folder / name, declared or declaration(), model.url, fork_server=fork_server, **environment)
        started.append(runtime)
        return runtime

    yield start
    for runtime in started:
        runtime.stop()
