"""Paid jobs from start to end, on CrewAI itself."""

import json
from hashlib import sha256
from typing import Any

import pytest

from conftest import StartRuntime
from support.declarations import one_task
from support.payment_service import PAYMENT_KEY, PaymentServiceDouble
from support.runtime import Runtime

NONCE = "0123456789abcdef"
FIXED = {"type": "fixed", "prices": [{"amount": "5000000", "unit": "", "human": "5 ADA"}]}
V1 = {"type": "V1"}
V2 = {"type": "V2", "supportedPaymentSourceIndex": 0}


def paid(payment: dict[str, Any] = V1, pricing: dict[str, Any] = FIXED) -> dict[str, Any]:
    return {**one_task(), "pricing": pricing, "payment": payment}


def environment(payments: PaymentServiceDouble, **changes: str) -> dict[str, str]:
    return {
        "PAYMENT_SERVICE_URL": payments.url, "PAYMENT_KEY": PAYMENT_KEY, "PAYMENT_POLL": "0.1", **changes
    }  # fmt: skip


def start(runtime: Runtime, topic: str = "MARKER-paid", nonce: str = NONCE) -> dict[str, Any]:
    runtime.wait_until_ready()
    answer = runtime.http.post("/start_job", json={"identifier_from_purchaser": nonce, "input_data": {"topic": topic}})
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


@pytest.mark.parametrize("payment", [V1, V2], ids=["V1", "V2"])
def test_a_paid_job_runs_once_funds_are_locked_and_its_result_reaches_the_chain(
    start_runtime: StartRuntime, payments: PaymentServiceDouble, payment: dict[str, Any]
) -> None:
    runtime = start_runtime(paid(payment), **environment(payments))
    runtime.identify()
    receipt = start(runtime)
    bought = receipt["blockchainIdentifier"]
    assert runtime.status(receipt["id"])["status"] == "awaiting_payment"
    payments.lock_funds(bought)
    ended = runtime.ended(receipt["id"])
    assert (ended["status"], ended["result"]) == ("completed", "Stub result MARKER-paid")
    text = json.dumps(ended["result"])[1:-1]
    hashed = sha256(f"{NONCE};{text}".encode()).hexdigest()
    assert payments.payments[bought]["NextAction"]["resultHash"] == hashed
    payments.put_result_on_chain(bought)
    runtime.wait_for_event("result_on_chain")
