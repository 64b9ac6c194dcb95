"""How MIP-003 writes a job: the receipt of /start_job, the answer of /status, and that of /provide_input."""

from collections.abc import Mapping
from typing import Any

from crew_runtime.http.agent.questions import schema_of
from crew_runtime.job.failures import MESSAGES
from crew_runtime.job.hashes import input_hash
from crew_runtime.job.job import Job, JobState


def receipt(job: Job) -> dict[str, Any]:
    """Answer /start_job. MIP-003 calls the job's id `id`, older readers of it `job_id`."""
    answer: dict[str, Any] = {
        "id": job.id,
        "job_id": job.id,
        "status": job.state.status,
        "agentIdentifier": job.agent_identifier,
    }
    return answer | purchase(job)


def purchase(job: Job) -> dict[str, Any]:
    """Return what a purchase of the job needs; nothing for a job that has neither payment nor purchaser."""
    answer: dict[str, Any] = {}
    if job.identifier_from_purchaser is not None:
        answer |= {"identifierFromPurchaser": job.identifier_from_purchaser, "input_hash": job.input_hash}
    if job.payment is not None:
        answer |= {
            "blockchainIdentifier": job.payment.blockchain_identifier,
            "sellerVKey": job.payment.seller_vkey,
            "payByTime": job.payment.pay_by_time,
            "submitResultTime": job.payment.submit_result_time,
            "unlockTime": job.payment.unlock_time,
            "externalDisputeUnlockTime": job.payment.external_dispute_unlock_time,
        }
        if job.payment.requested_funds:  # the registry does not know the price: the buyer pays exactly this
            answer["amounts"] = list(job.payment.requested_funds)
    return answer


def status(job: Job) -> dict[str, Any]:
    """Answer /status; `id` names this status, and changes only with it."""
    answer: dict[str, Any] = {"id": job.status_id, "job_id": job.id, "status": job.state.status}
    if job.state.status == "completed" and job.result is not None:
        answer["result"] = job.result
    if job.state is JobState.AWAITING_INPUT and job.question is not None:
        answer["input_schema"] = schema_of(job.question)
    if job.failure is not None:
        answer |= {"error": job.failure, "message": MESSAGES[job.failure], "reference": job.reference}
    return answer


def accepted(job: Job, input_data: Mapping[str, Any]) -> dict[str, Any]:
    """Answer /provide_input with the hash of the input by MIP-004.

    No key signs it, as the network names none to check it by.
    """
    hashed = input_hash(job.identifier_from_purchaser or "", dict(input_data))
    return {"status": "success", "input_hash": hashed, "signature": ""}
