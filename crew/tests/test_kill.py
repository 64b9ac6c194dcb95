"""kill -9 with a paid job in every state at once, and what the next start makes of each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from support.model import StubModel
from support.paid import environment, paid
from support.runtime import Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

STATES = ["created", "awaiting_payment", "queued", "running", "result_ready", "submitting", "submitted"]
NONCES = {state: f"{number:02x}" * 10 for number, state in enumerate(STATES)}
TOPICS = {state: f"MARKER-{state}" + (" never answer" if state == "running" else "") for state in STATES}
SUBMIT = "POST /payment/submit-result"


@dataclass
class Aftermath:
    runtime: Runtime
    sandbox: Sandbox
    model: StubModel
    receipts: dict[str, dict[str, Any]]
    submitted_before: int


class Scene:
    """Brings a job into each state; one runs at a time in the order in which they were bought, so that each fault
    of submissions hits the job that it is meant for.
    """

    def __init__(self, runtime: Runtime, sandbox: Sandbox, model: StubModel) -> None:
        self.runtime = runtime
        self.sandbox = sandbox
        self.model = model
        self.receipts: dict[str, dict[str, Any]] = {}

    def start(self, state: str) -> None:
        answer = self.runtime.buy(TOPICS[state], NONCES[state])
        assert answer.status_code == 200, answer.text
        self.receipts[state] = answer.json()

    def logged(self, event: str, state: str) -> bool:
        job_id = self.receipts[state]["id"]
        return any((e["event"], e.get("job_id")) == (event, job_id) for e in self.runtime.events)

    def action(self, state: str) -> str:
        return str(self.sandbox.payment(self.receipts[state])["NextAction"]["requestedAction"])

    def set_up(self) -> None:
        sandbox = self.sandbox
        sandbox.fault("slow", SUBMIT, ms=1)
        sandbox.fault("hang-after-write", SUBMIT)
        sandbox.fault("error-before-write", SUBMIT, count=100)
        in_turn = ["submitted", "submitting", "result_ready", "running", "queued"]
        for state in [*in_turn, "awaiting_payment"]:
            self.start(state)
        sandbox.buy(*(self.receipts[state] for state in in_turn))
        wait_for(lambda: any("MARKER-running" in str(request["body"]) for request in self.model.requests))
        wait_for(lambda: self.logged("job_paid", "queued") and self.logged("result_submitted", "submitted"))
        wait_for(lambda: self.action("submitting") == "SubmitResultRequested")
        wait_for(lambda: self.logged("payment_step_failed", "result_ready"))
        sandbox.fault("hang-after-write", "POST /payment")
        made = sandbox.count("POST /payment")
        with ThreadPoolExecutor(1) as buyer:
            buyer.submit(self.start, "created")
            wait_for(lambda: sandbox.count("POST /payment") > made)
            self.runtime.kill()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def aftermath(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("kill")
    sandbox, model = Sandbox(), StubModel()
    variables = environment(sandbox, MAX_PARALLEL="1", LEASE_SECONDS="2")
    if request.param == "postgres":
        variables["DATABASE_URL"] = request.getfixturevalue("cluster").new_database()
    identifier = sandbox.register()
    first = Runtime(folder / "agent", paid(), model.url, **variables)
    first.identify(identifier)
    scene = Scene(first, sandbox, model)
    scene.set_up()
    sandbox.clear_faults()
    sandbox.buy(scene.receipts["awaiting_payment"])
    model.released.set()
    taken = sandbox.count(SUBMIT)

    second = Runtime(folder / "agent", paid(), model.url, **variables)
    scene.runtime = second
    scene.start("created")
    sandbox.buy(scene.receipts["created"])
    yield Aftermath(second, sandbox, model, scene.receipts, taken)
    second.stop()
    model.close()
    sandbox.close()


@pytest.mark.parametrize("state", STATES)
def test_a_paid_job_survives_a_kill_in_any_state_with_one_result_submitted_once(
    aftermath: Aftermath, state: str
) -> None:
    runtime, sandbox, receipt = aftermath.runtime, aftermath.sandbox, aftermath.receipts[state]
    ended = runtime.ended(receipt["id"])
    assert (ended["status"], ended["result"]) == ("completed", f"Stub result MARKER-{state}")
    hashed = sha256(f"{NONCES[state]};{ended['result']}".encode()).hexdigest()
    assert hashed in (sandbox.payment(receipt)["resultHash"], sandbox.payment(receipt)["NextAction"]["resultHash"])
    asked = sum(f"MARKER-{state}" in str(request["body"]) for request in aftermath.model.requests)
    assert asked == (2 if state == "running" else 1), "what was done is not done again"
    again = runtime.buy(TOPICS[state], NONCES[state]).json()
    assert again == {**receipt, "status": "completed"}, "the same request begins no second job"


def test_each_hash_was_submitted_once_and_reaches_the_chain(aftermath: Aftermath) -> None:
    runtime, sandbox = aftermath.runtime, aftermath.sandbox
    for receipt in aftermath.receipts.values():
        runtime.ended(receipt["id"])
    assert sandbox.count(SUBMIT) - aftermath.submitted_before == len(STATES) - 2, "two were submitted before the kill"
    for _ in STATES:  # V1 puts one result on the chain at a time
        sandbox.put_results_on_chain()
    wait_for(lambda: sum(event["event"] == "result_on_chain" for event in runtime.events) == len(STATES))
