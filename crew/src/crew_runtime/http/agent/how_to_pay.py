"""What those are told who ask a paid agent by a protocol in which nobody pays: its price, and where it is paid."""

from collections.abc import Mapping
from typing import Any, Final

from crew_runtime.declared.declaration import Declaration

PAYMENT_REQUIRED: Final = "PAYMENT_REQUIRED"


def how_to_pay(declaration: Declaration, offer: Mapping[str, Any], url: str | None) -> dict[str, Any]:
    """Return the offer, and the request by which a job is begun that can then be paid; `url` is the agent's own."""
    base = url or ""
    return {
        "error": PAYMENT_REQUIRED,
        "message": sentence(declaration, url),
        **offer,
        "startJob": {
            "method": "POST",
            "url": f"{base}/start_job",
            "body": {"identifier_from_purchaser": "<14 to 26 hexadecimal digits, new for each job>", "input_data": {}},
        },
        "statusUrl": f"{base}/status?job_id=",
    }


def sentence(declaration: Declaration, url: str | None) -> str:
    """Return what a reader has to do."""
    where = f"{url or ''}/start_job"
    return (
        f"{declaration.name} costs {price(declaration)} a job, paid on Cardano ({declaration.network}) by the Masumi "
        f"network. Begin the job with POST {where} (MIP-003), and lock the funds for the payment that it answers; the "
        "job then runs, and its id is the one to ask for here."
    )


def price(declaration: Declaration) -> str:
    """Return what a job costs, in words."""
    if declaration.pricing.type == "dynamic":
        return "what its input makes it cost (the answer of /start_job says how much)"
    prices = declaration.pricing.prices
    return " + ".join(one.human or f"{one.amount} {one.unit or 'lovelace'}" for one in prices)
