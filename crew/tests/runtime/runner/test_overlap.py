"""Two runtimes on one PostgreSQL, as in a rolling deployment: no job runs or is submitted twice, none is left."""

import secrets
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.model import StubModel
from support.paid import environment, paid
from support.postgres import Cluster
from support.runtime import Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

SUBMIT = "POST /payment/submit-result"


StartTask = Callable[[str], Runtime]


@pytest.fixture(scope="module")
def start_task(
    sandbox: Sandbox, shared_model: StubModel, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartTask]:
    """Starts runtimes of one agent over one database."""
    folder, identifier, url = tmp_path_factory.mktemp("tasks"), sandbox.register(), cluster.new_database()
    variables = environment(sandbox, DATABASE_URL=url, LEASE_SECONDS="6")
    started: list[Runtime] = []

    def start(name: str) -> Runtime:
        runtime = Runtime(folder / name, paid(), shared_model.url, **variables)
        runtime.identify(identifier)
        started.append(runtime)
        return runtime

    yield start
    for runtime in started:
        if runtime.process.poll() is None:
            runtime.stop()


@pytest.fixture(scope="module")
def old(start_task: StartTask) -> Runtime:
    return start_task("old")


@pytest.fixture(scope="module")
def new(start_task: StartTask, old: Runtime) -> Runtime:
    task = start_task("new")
    old.wait_until_ready()
    task.wait_until_ready()
    return task


def bought(runtime: Runtime, topic: str, sandbox: Sandbox) -> dict[str, Any]:
    receipt: dict[str, Any] = runtime.buy(topic, secrets.token_hex(10)).json()
    sandbox.buy(receipt)
    return receipt


def wait_until_asked(model: StubModel, marker: str, times: int = 1) -> None:
    wait_for(lambda: sum(marker in str(request["body"]) for request in model.requests) >= times)


def test_the_same_request_at_both_is_one_job_and_no_job_runs_twice(
    old: Runtime, new: Runtime, sandbox: Sandbox
) -> None:
    mine = secrets.token_hex(10)
    assert len({runtime.buy("MARKER-same", mine).json()["id"] for runtime in (old, new)}) == 1
    asked = sandbox.count(SUBMIT)
    receipts = [bought(old, f"MARKER-done{number}", sandbox) for number in range(3)]
    assert [new.ended(receipt["id"])["status"] for receipt in receipts] == ["completed"] * 3
    assert sandbox.count(SUBMIT) == asked + 3
    assert [old.logged("job_started", receipt["id"]) for receipt in receipts] == [True] * 3
    assert [new.logged("job_started", receipt["id"]) for receipt in receipts] == [False] * 3


def test_a_runtime_that_hung_gives_its_job_up_when_it_wakes(
    old: Runtime, new: Runtime, sandbox: Sandbox, shared_model: StubModel
) -> None:
    receipt = bought(old, "MARKER-hung never answer", sandbox)
    wait_until_asked(shared_model, "MARKER-hung")
    asked = sandbox.count(SUBMIT)
    old.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: new.logged("job_started", receipt["id"]))
    old.process.send_signal(signal.SIGCONT)
    wait_for(lambda: old.logged("lease_lost", receipt["id"]))
    shared_model.released.set()
    assert new.ended(receipt["id"])["status"] == "completed"
    shared_model.released.clear()
    assert sandbox.count(SUBMIT) == asked + 1
    assert not old.logged("job_completed", receipt["id"])


def test_jobs_of_a_runtime_that_died_are_taken_over_and_run_once(
    old: Runtime, new: Runtime, sandbox: Sandbox, shared_model: StubModel
) -> None:
    asked = sandbox.count(SUBMIT)
    left = bought(old, "MARKER-left never answer", sandbox)
    unpaid = old.buy("MARKER-unpaid", secrets.token_hex(10)).json()
    wait_until_asked(shared_model, "MARKER-left")
    old.kill()
    wait_until_asked(shared_model, "MARKER-left", 2)
    shared_model.released.set()
    sandbox.buy(unpaid)
    assert [new.ended(receipt["id"])["status"] for receipt in (left, unpaid)] == ["completed"] * 2
    shared_model.released.clear()
    assert sandbox.count(SUBMIT) == asked + 2


def test_a_runtime_that_stops_hands_its_jobs_over_at_once(
    start_task: StartTask, new: Runtime, sandbox: Sandbox, shared_model: StubModel
) -> None:
    third = start_task("third")
    third.wait_until_ready()
    receipt = bought(new, "MARKER-handed never answer", sandbox)
    wait_until_asked(shared_model, "MARKER-handed")
    assert new.stop() == 0
    wait_for(lambda: third.logged("job_started", receipt["id"]))
    shared_model.released.set()
    assert third.ended(receipt["id"])["status"] == "completed"
    shared_model.released.clear()
