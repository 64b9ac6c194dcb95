from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.declarations import declaration
from support.model import StubModel
from support.runtime import Runtime


@pytest.fixture(scope="session")
def model() -> Iterator[StubModel]:
    stub = StubModel()
    yield stub
    stub.close()


@pytest.fixture(scope="session")
def runtime(model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A registered free agent, shared by the tests that leave it as it is."""
    started = Runtime(tmp_path_factory.mktemp("agent"), declaration(), model.url)
    started.identify()
    yield started
    started.stop()


StartRuntime = Callable[..., Runtime]


@pytest.fixture
def start_runtime(model: StubModel, tmp_path: Path) -> Iterator[StartRuntime]:
    """Starts runtimes that end with the test; the same `name` means the same folder."""
    started: list[Runtime] = []

    def start(declared: dict[str, Any] | None = None, *, name: str = "agent", **environment: str) -> Runtime:
        runtime = Runtime(tmp_path / name, declared or declaration(), model.url, **environment)
        started.append(runtime)
        return runtime

    yield start
    for runtime in started:
        runtime.stop()
