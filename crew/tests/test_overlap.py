"""Two runtimes on one PostgreSQL, as in a rolling deployment: no job runs or is submitted twice, none is left."""

import secrets
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from support.model import StubModel
from support.paid import environment, paid
from support.postgres import Cluster
from support.runtime import Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

SUBMIT = "POST /payment/submit-result"


class Pair:
    def __init__(self, old: Runtime, new: Runtime) -> None:
        self.old = old
        self.new = new

    def count(self, name: str, job_id: str) -> int:
        events = [*self.old.events, *self.new.events]
        return sum((event["event"], event.get("job_id")) == (name, job_id) for event in events)


@pytest.fixture
def pair(
    sandbox: Sandbox, model: StubModel, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    identifier, url = sandbox.register(), cluster.new_database()
    started = []
    for name in ("old", "new"):
        runtime = Runtime(folder / name, paid(), model.url, **environment(sandbox, DATABASE_URL=url, LEASE_SECONDS="2"))
        runtime.identify(identifier)
        started.append(runtime)
    for runtime in started:
        runtime.wait_until_ready()
    yield Pair(*started)
    for runtime in started:
        if runtime.process.poll() is None:
            runtime.stop()


def test_jobs_belong_to_one_runtime_at_a_time_and_move_when_it_stops_or_dies(
    pair: Pair, sandbox: Sandbox, model: StubModel
) -> None:
    mine = secrets.token_hex(10)
    same = {runtime.buy("MARKER-same", mine).json()["id"] for runtime in (pair.old, pair.new)}
    assert len(same) == 1, "the same request at both is one job"

    done = [pair.old.buy(f"MARKER-done{number}", secrets.token_hex(10)).json() for number in range(3)]
    asked = sandbox.count(SUBMIT)
    sandbox.buy(*done)
    assert [pair.new.ended(receipt["id"])["status"] for receipt in done] == ["completed"] * 3
    assert sandbox.count(SUBMIT) == asked + 3
    assert [pair.count("job_started", receipt["id"]) for receipt in done] == [1, 1, 1]

    left = pair.old.buy("MARKER-left never answer", secrets.token_hex(10)).json()
    unpaid = pair.old.buy("MARKER-unpaid", secrets.token_hex(10)).json()
    sandbox.buy(left)
    wait_for(lambda: any("MARKER-left" in str(request["body"]) for request in model.requests))
    pair.old.stop(signal.SIGKILL)
    model.released.set()
    sandbox.buy(unpaid)
    ended = {receipt["id"]: pair.new.ended(receipt["id"])["status"] for receipt in (left, unpaid)}
    model.released.clear()
    assert set(ended.values()) == {"completed"}
    assert pair.new.wait_for_event("jobs_taken_over")
    assert sandbox.count(SUBMIT) == asked + 5
    taken = Counter(event["job_id"] for event in pair.new.events if event["event"] == "job_started")
    assert taken == {left["id"]: 1, unpaid["id"]: 1}


def test_a_runtime_that_hung_gives_its_job_up_when_it_wakes(pair: Pair, sandbox: Sandbox, model: StubModel) -> None:
    receipt = pair.old.buy("MARKER-hung never answer", secrets.token_hex(10)).json()
    sandbox.buy(receipt)
    wait_for(lambda: any("MARKER-hung" in str(request["body"]) for request in model.requests))
    pair.old.process.send_signal(signal.SIGSTOP)
    pair.new.wait_for_event("jobs_taken_over")
    wait_for(lambda: pair.new.logged("job_started", receipt["id"]))
    pair.old.process.send_signal(signal.SIGCONT)
    wait_for(lambda: pair.old.logged("lease_lost", receipt["id"]))
    asked = sandbox.count(SUBMIT)
    model.released.set()
    assert pair.new.ended(receipt["id"])["status"] == "completed"
    model.released.clear()
    assert sandbox.count(SUBMIT) == asked + 1
    assert not pair.old.logged("job_completed", receipt["id"])


def test_a_runtime_that_stops_hands_its_jobs_over_at_once(pair: Pair, sandbox: Sandbox, model: StubModel) -> None:
    receipt = pair.old.buy("MARKER-handed never answer", secrets.token_hex(10)).json()
    sandbox.buy(receipt)
    wait_for(lambda: any("MARKER-handed" in str(request["body"]) for request in model.requests))
    assert pair.old.stop() == 0
    wait_for(lambda: pair.new.logged("job_started", receipt["id"]))
    model.released.set()
    assert pair.new.ended(receipt["id"])["status"] == "completed"
    model.released.clear()
