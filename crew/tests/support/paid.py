"""Agents with a price, and what their runtime is told."""

from typing import Any

from support.declarations import one_task
from support.sandbox import PAY_KEY, Sandbox

NONCE = "0123456789abcdef"
FIXED = {"type": "fixed", "prices": [{"amount": "5000000", "unit": "", "human": "5 ADA"}]}
V1 = {"type": "V1"}
V2 = {"type": "V2", "supportedPaymentSourceIndex": 0}


def paid(payment: dict[str, Any] = V1, pricing: dict[str, Any] = FIXED) -> dict[str, Any]:
    return {**one_task(), "pricing": pricing, "payment": payment}


def environment(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    return {"PAYMENT_SERVICE_URL": sandbox.url, "PAYMENT_KEY": PAY_KEY, "PAYMENT_POLL": "0.1", **changes}
