"""Paid jobs from start to end, on CrewAI itself."""

import json
from hashlib import sha256
from typing import Any

import pytest

from conftest import StartRuntime
from support.paid import NONCE, V1, V2, environment, paid
from support.runtime import Runtime
from support.sandbox import Sandbox


def start(runtime: Runtime, topic: str = "MARKER-paid", nonce: str = NONCE) -> dict[str, Any]:
    answer = runtime.buy(topic, nonce)
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


@pytest.mark.parametrize("payment", [V1, V2], ids=["V1", "V2"])
def test_a_paid_job_runs_once_funds_are_locked_and_its_result_reaches_the_chain(
    start_runtime: StartRuntime, sandbox: Sandbox, payment: dict[str, Any]
) -> None:
    runtime = start_runtime(paid(payment), **environment(sandbox))
    runtime.identify(sandbox.register(payment["type"]))
    receipt = start(runtime)
    assert runtime.status(receipt["id"])["status"] == "awaiting_payment"
    sandbox.buy(receipt)
    ended = runtime.ended(receipt["id"])
    assert (ended["status"], ended["result"]) == ("completed", "Stub result MARKER-paid")
    text = json.dumps(ended["result"])[1:-1]
    hashed = sha256(f"{NONCE};{text}".encode()).hexdigest()
    assert sandbox.payment(receipt)["NextAction"]["resultHash"] == hashed
    sandbox.put_results_on_chain()
    runtime.wait_for_event("result_on_chain")
