"""kill -9 with a paid job in every state at once, and what the next start makes of each."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from support.model import StubModel
from support.paid import environment, paid
from support.payment_service import PaymentServiceDouble
from support.runtime import PATIENCE_SECONDS, Runtime

STATES = ["created", "awaiting_payment", "queued", "running", "result_ready", "submitting", "submitted"]
NONCES = {state: f"{number:02x}" * 10 for number, state in enumerate(STATES)}
SUBMIT = "POST /payment/submit-result"


@dataclass
class Aftermath:
    runtime: Runtime
    payments: PaymentServiceDouble
    model: StubModel
    receipts: dict[str, dict[str, Any]]


class Scene:
    """Brings one job after the other into its state; as only one runs at a time, a fault hits the job it is meant for."""

    def __init__(self, runtime: Runtime, payments: PaymentServiceDouble, model: StubModel) -> None:
        self.runtime = runtime
        self.payments = payments
        self.model = model
        self.receipts: dict[str, dict[str, Any]] = {}

    def buy(self, state: str, words: str = "") -> dict[str, Any]:
        answer = self.runtime.buy(f"MARKER-{state} {words}", NONCES[state])
        assert answer.status_code == 200, answer.text
        self.receipts[state] = answer.json()
        return self.receipts[state]

    def buy_and_pay(self, state: str, words: str = "") -> str:
        receipt = self.buy(state, words)
        self.payments.lock_funds(receipt["blockchainIdentifier"])
        return str(receipt["id"])

    def logged(self, event: str, job_id: str) -> bool:
        return any((e["event"], e.get("job_id")) == (event, job_id) for e in self.runtime.events)

    def set_up(self) -> None:
        payments = self.payments
        submitted = self.buy_and_pay("submitted")
        wait_for(lambda: self.logged("result_submitted", submitted))
        payments.fault("hang-after-write", SUBMIT)
        asked = payments.count(SUBMIT)
        self.buy_and_pay("submitting")
        wait_for(lambda: payments.count(SUBMIT) > asked)
        payments.fault("error-before-write", SUBMIT, 50)
        ready = self.buy_and_pay("result_ready")
        wait_for(lambda: self.logged("payment_step_failed", ready))
        self.buy_and_pay("running", "never answer")
        wait_for(lambda: any("MARKER-running" in str(request["body"]) for request in self.model.requests))
        queued = self.buy_and_pay("queued")
        wait_for(lambda: self.logged("job_paid", queued))
        self.buy("awaiting_payment")
        payments.fault("hang-after-write", "POST /payment")
        made = payments.count("POST /payment")
        with ThreadPoolExecutor(1) as buyer:
            buyer.submit(self.runtime.buy, "MARKER-created", NONCES["created"])
            wait_for(lambda: payments.count("POST /payment") > made)
            self.runtime.kill()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def aftermath(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("kill")
    payments, model = PaymentServiceDouble(), StubModel()
    variables = environment(payments, MAX_PARALLEL="1", LEASE_SECONDS="2")
    if request.param == "postgres":
        variables["DATABASE_URL"] = request.getfixturevalue("cluster").new_database()
    first = Runtime(folder / "agent", paid(), model.url, **variables)
    first.identify()
    scene = Scene(first, payments, model)
    scene.set_up()
    payments.clear_faults()
    payments.lock_funds(scene.receipts["awaiting_payment"]["blockchainIdentifier"])
    model.released.set()

    second = Runtime(folder / "agent", paid(), model.url, **variables)
    scene.runtime = second
    scene.buy_and_pay("created")
    yield Aftermath(second, payments, model, scene.receipts)
    second.stop()
    model.close()
    payments.close()


@pytest.mark.parametrize("state", STATES)
def test_a_paid_job_survives_a_kill_in_any_state_with_one_result_submitted_once(
    aftermath: Aftermath, state: str
) -> None:
    runtime, payments, receipt = aftermath.runtime, aftermath.payments, aftermath.receipts[state]
    ended = runtime.ended(receipt["id"])
    assert (ended["status"], ended["result"]) == ("completed", f"Stub result MARKER-{state}")
    bought = receipt["blockchainIdentifier"]
    wait_for(lambda: payments.payments[bought]["NextAction"]["resultHash"] is not None)
    payments.put_result_on_chain(bought)
    wait_for(lambda: any((e["event"], e.get("job_id")) == ("result_on_chain", receipt["id"]) for e in runtime.events))
    accepted = Counter(sent["blockchainIdentifier"] for sent in payments.submitted)
    assert accepted[bought] == 1, "the hash was taken once"
    asked = sum(f"MARKER-{state}" in str(request["body"]) for request in aftermath.model.requests)
    assert asked == (2 if state == "running" else 1), "what was done is not done again"
    assert runtime.buy(f"MARKER-{state} {'never answer' if state == 'running' else ''}", NONCES[state]).json() == {
        **receipt, "status": "completed"
    }  # fmt: skip


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
