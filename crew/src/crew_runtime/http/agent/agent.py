"""What an agent does, whichever protocol asks; of HTTP it knows only the errors' status."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.logs import event
from crew_runtime.declared.declaration import Declaration
from crew_runtime.http.admission.callers import Caller
from crew_runtime.http.agent.following import Followers
from crew_runtime.http.agent.job_intake import Clients, IntakeLimits, JobIntake
from crew_runtime.http.agent.job_request import read_job_request
from crew_runtime.http.agent.questions import not_awaited, read_answer
from crew_runtime.http.agent.substitute import loading, unusable
from crew_runtime.job.job import Job
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.payments.checkout import Checkout
from crew_runtime.payments.seller import Seller
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.store import JobStore

_log: Final = logging.getLogger(__name__)
_RETRY_UNREGISTERED_SECONDS: Final = 30
_RETRY_STOPPING_SECONDS: Final = 60


class Agent:
    """One declared agent with its identity and its jobs. `checkout` is None where no payments can be made."""

    def __init__(
        self,
        *,
        declaration: Declaration,
        identity: IdentitySource,
        store: JobStore,
        runner: JobRunner,
        checkout: Checkout | None,
        seller: Seller,
        limits: IntakeLimits,
        clients: Clients | None = None,
    ) -> None:
        self.declaration = declaration
        self.followers = Followers(self.job, per_client=limits.per_client)
        self._identity = identity
        self._store = store
        self._runner = runner
        self._checkout = checkout
        self._seller = seller
        self._intake = JobIntake(store=store, runner=runner, checkout=checkout, limits=limits, clients=clients)
        self.is_leaving = False
        """Whether it has been removed, and only brings to an end what it has begun."""
        self.is_unusable = False
        """Whether its declaration has changed to one that cannot be used; what it has begun, it brings to an end."""

    @property
    def crew_is_ready(self) -> bool:
        """Return whether the crew has been built."""
        return self._runner.crew_is_ready

    @property
    def crew_state(self) -> str:
        """Return whether the crew is `loading`, `ready` or `unusable`."""
        return "unusable" if self.is_unusable else "ready" if self.crew_is_ready else "loading"

    @property
    def is_registered(self) -> bool:
        """Return whether the identifier is known."""
        return bool(self._identity.current().agent_identifier)

    def availability(self) -> dict[str, Any]:
        """Return whether jobs are accepted. The registry requires the type, and the right identifier if any."""
        identity = self._identity.current()
        answer: dict[str, Any] = {"status": "unavailable", "type": "masumi-agent"}
        if identity.agent_identifier:
            answer["agentIdentifier"] = identity.agent_identifier
        obstacle = self._payment_obstacle()
        if not identity.agent_identifier:
            answer["message"] = f"{self.declaration.name} is not registered on the network yet."
        elif self.is_unusable:
            answer["message"] = str(unusable())
        elif identity.draining or self.is_leaving:
            answer["message"] = f"{self.declaration.name} takes no new jobs: it is about to be removed."
        elif not self.crew_is_ready:
            answer["message"] = f"{self.declaration.name} is still loading its crew."
        elif obstacle:
            answer["message"] = obstacle[1]
        elif self._runner.seconds_without_model is not None:
            answer["message"] = f"{self.declaration.name} takes no new jobs: it used up its tokens of the day."
        else:
            answer.update(status="available", message=f"{self.declaration.name} takes jobs.")
        return answer

    def input_schema(self) -> dict[str, Any]:
        """Return the fields that /start_job takes."""
        return {"input_data": [field.to_wire() for field in self.declaration.input]}

    def demo(self) -> dict[str, Any]:
        """Return an example of input and result.

        Raises:
            ApiError: 404 NO_DEMO if the declaration has no example of a result.

        """
        outputs = self.declaration.example_outputs
        if not outputs:
            raise ApiError(404, "NO_DEMO", "This agent has no example.")
        examples = {field.id: field.example() for field in self.declaration.input}
        return {
            "input": {name: value for name, value in examples.items() if value is not None},
            "output": {"result": "\n".join(f"{output.name}: {output.url}" for output in outputs)},
        }

    def payment_information(self) -> dict[str, Any]:
        """Return who is paid, where and how much, in the payment service's terms.

        Raises:
            ApiError: 503 AGENT_NOT_REGISTERED.

        """
        if not self.is_registered:
            raise _not_registered()
        return self.offer()

    def offer(self) -> dict[str, Any]:
        """Return what a buyer has to know, by the payment service's names; the identifier may not be there yet."""
        identity = self._identity.current()
        pricing, seller = self.declaration.pricing, self._seller.under(identity)
        offer: dict[str, Any] = {
            "agentIdentifier": identity.agent_identifier or None,
            "sellerVKey": seller.vkey or None,
            "network": self.declaration.network,
            "pricing": {"pricingType": pricing.type.capitalize()},
            "paymentSourceType": seller.payment.source_type,
            "supportedPaymentSourceIndex": seller.payment.source_index,
        }
        if pricing.prices:
            offer["pricing"]["Pricing"] = [{"amount": p.amount, "unit": p.unit} for p in pricing.prices]
        return {name: value for name, value in offer.items() if value is not None}

    async def begin(self, body: Mapping[str, Any], caller: Caller) -> Job:
        """Check the request and return its job: a new one, or the one that the same request with its secret has begun.

        Of the body, `input_data` is the job's input, and `identifier_from_purchaser` the buyer's name for the job.

        Raises:
            ApiError: 503 AGENT_NOT_REGISTERED, AGENT_DRAINING, AGENT_UNUSABLE, CREW_LOADING, AGENT_STOPPING,
                QUEUE_FULL, DAILY_TOKENS_SPENT, PAYMENTS_NOT_CONFIGURED, PRICE_RULE_MISSING,
                PAYMENT_SERVICE_UNAVAILABLE or PAYMENT_REFUSED, each with Retry-After; 400 INPUT_INVALID with all
                problems at once; 409 JOB_EXISTS; 429 TOO_MANY_STARTS.

        """
        agent_identifier = self._identifier_for_jobs()
        if self.is_unusable:
            raise unusable()
        if obstacle := self._payment_obstacle():
            raise ApiError(503, *obstacle, retry_after_seconds=_RETRY_STOPPING_SECONDS)
        if not self.crew_is_ready:
            raise loading()
        if self._runner.is_stopping:
            raise ApiError(
                503,
                "AGENT_STOPPING",
                "The agent is shutting down. Try again later.",
                retry_after_seconds=_RETRY_STOPPING_SECONDS,
            )
        # In a thread, so that a large one keeps nobody else waiting.
        request = await asyncio.to_thread(read_job_request, self.declaration, body, caller.secret_hash)
        return await self._intake.take(request, agent_identifier, caller.address, paid=self.is_paid)

    @property
    def is_paid(self) -> bool:
        """Return whether jobs cost something."""
        return self.declaration.is_paid

    def _payment_obstacle(self) -> tuple[str, str] | None:
        """Return the error code and message of what keeps this agent from being paid."""
        if not self.is_paid:
            return None
        if self._checkout is None:
            return "PAYMENTS_NOT_CONFIGURED", "The agent cannot take payments. Its operator has to configure them."
        if self.declaration.pricing.type == "dynamic" and self.declaration.payment.price_rule is None:
            return "PRICE_RULE_MISSING", "The agent has no rule for its price. Its operator has to declare one."
        return None

    def _identifier_for_jobs(self) -> str:
        identity = self._identity.current()
        if not identity.agent_identifier:
            raise _not_registered()
        if identity.draining or self.is_leaving:
            raise ApiError(
                503,
                "AGENT_DRAINING",
                "The agent takes no new jobs: it is about to be removed. Choose another agent.",
                retry_after_seconds=_RETRY_STOPPING_SECONDS,
            )
        return identity.agent_identifier

    async def job(self, job_id: object) -> Job:
        """Return a job as it is now.

        Raises:
            ApiError: 400 JOB_ID_MISSING, 404 JOB_UNKNOWN, 410 JOB_ERASED.

        """
        job = await self._find(job_id)
        if job.erased_at is not None and job.state.status == "completed":
            message = "The job was completed. Its result has been erased: this agent keeps results for a limited time."
            raise ApiError(410, "JOB_ERASED", message)
        return job

    async def answer(self, body: Mapping[str, Any]) -> Job:
        """Accept the answer to a job's question; the job then continues, whichever runtime it waits at.

        The body is that of MIP-003's /provide_input.

        Raises:
            ApiError: 400 JOB_ID_MISSING, 404 JOB_UNKNOWN, 400 INPUT_NOT_AWAITED, STATUS_OUTDATED or INPUT_INVALID.

        """
        job = await self._find(body.get("job_id"))
        text = read_answer(job, body)
        if not await asyncio.to_thread(self._store.answer, job.id, job.status_id, text):
            found = await asyncio.to_thread(self._store.get, job.id)
            if found is None or found.answers != (*job.answers, text):  # else it was taken, and that was not heard
                raise not_awaited()
        event(_log, logging.INFO, "input_provided", job=job.reference)
        self._runner.answered(job.id)
        return job

    async def cancel(self, job_id: object) -> Job:
        """End a free job, and return it. What is paid for is not ended: the chain decides about the money.

        Raises:
            ApiError: 400 JOB_ID_MISSING, 404 JOB_UNKNOWN, 410 JOB_ERASED, 409 JOB_NOT_CANCELABLE.

        """
        job = await self.job(job_id)
        if self.is_paid or job.payment is not None or not await self._runner.cancel(job):
            message = "The job cannot be canceled: it has ended, costs something, or runs elsewhere."
            raise ApiError(409, "JOB_NOT_CANCELABLE", message)
        return await self.job(job.id)

    async def _find(self, job_id: object) -> Job:
        if not job_id or not isinstance(job_id, str):
            raise ApiError(400, "JOB_ID_MISSING", "The request has no job_id. Send the one that /start_job returned.")
        job = None if "\0" in job_id else await asyncio.to_thread(self._store.get, job_id)
        if job is None:
            raise ApiError(404, "JOB_UNKNOWN", "There is no such job. Send the job_id that /start_job returned.")
        return job


def _not_registered() -> ApiError:
    return ApiError(
        503,
        "AGENT_NOT_REGISTERED",
        "The agent is not registered on the network yet. Try again later.",
        retry_after_seconds=_RETRY_UNREGISTERED_SECONDS,
    )
