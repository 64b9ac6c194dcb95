"""Creates the payments of jobs: one for each job, however often and by whomever it is asked for."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.logs import event
from crew_runtime.declared.declaration import Declaration
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, now
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.payments.client import PaymentRefusedError, PaymentService, PaymentServiceUnavailableError
from crew_runtime.payments.seller import Seller
from crew_runtime.payments.wire import Payment
from crew_runtime.store import JobStore

_log: Final = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 10
_OTHERS_TURN_SECONDS: Final = 5
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How long a buyer may take to lock funds, and until when the result is due; seconds from the job's start."""

    pay_seconds: float
    submit_seconds: float


class Checkout:
    """Creates the payments of new jobs.

    A job is on the disk before its payment is asked for. If the answer is lost, the same request, sent again, asks
    for another payment (of the same job, if the request has a secret): the first was told to nobody, so that nobody can
    pay it, and it costs nothing. The service and whoever reads there are told the job's reference, never its id.
    """

    def __init__(
        self,
        *,
        service: PaymentService,
        store: JobStore,
        declaration: Declaration,
        windows: Windows,
        seller: Seller,
        identity: IdentitySource,
    ) -> None:
        self._service = service
        self._store = store
        self._declaration = declaration
        self._windows = windows
        self._seller = seller
        self._identity = identity
        self._under_way: dict[str, asyncio.Task[Job]] = {}

    async def paid_for(self, job: Job) -> Job:
        """Return the job with its payment, creating the payment if needed.

        Raises:
            ApiError: 503 PAYMENT_SERVICE_UNAVAILABLE (the same request may be sent again), PAYMENT_REFUSED.

        """
        if job.state is not JobState.CREATED:
            return job
        task = self._under_way.get(job.id)
        if task is None:
            task = asyncio.create_task(self._pay(job))
            self._under_way[job.id] = task
            task.add_done_callback(lambda _: self._under_way.pop(job.id, None))
        return await asyncio.shield(task)

    async def _pay(self, job: Job) -> Job:
        mine = await self._my_turn(job)
        if mine.state is not JobState.CREATED:
            return mine
        try:
            terms = await self._create(mine)
        except PaymentServiceUnavailableError as error:
            event(_log, logging.WARNING, "payment_not_made", job=job.reference, reason=str(error))
            if mine.secret_hash is None:  # nobody can ask for this job again; the same request begins a new one
                await asyncio.to_thread(self._store.fail, job.id, Failure.PAYMENT_NOT_MADE, repeatable=True)
            raise _unavailable("The payment service does not answer.") from None
        except PaymentRefusedError as error:
            event(_log, logging.ERROR, "payment_refused", job=job.reference, reason=str(error))
            await asyncio.to_thread(self._store.fail, job.id, Failure.PAYMENT_NOT_MADE, repeatable=True)
            raise ApiError(
                503,
                "PAYMENT_REFUSED",
                "The payment service refused to create a payment for this agent. Its operator has to look into it.",
                retry_after_seconds=_RETRY_SECONDS,
            ) from None
        bound = await asyncio.to_thread(self._store.bind_payment, job.id, terms)
        bound = bound or await asyncio.to_thread(self._store.get, job.id)
        if bound is None or bound.payment is None:
            raise _unavailable("The job was ended meanwhile.")
        event(_log, logging.INFO, "payment_made", job=job.reference, pay_by_time=bound.payment.pay_by_time)
        return bound

    async def _my_turn(self, job: Job) -> Job:
        """Wait while another runtime holds the job, and take it over once that lease has ended."""
        try:
            async with asyncio.timeout(_OTHERS_TURN_SECONDS):
                while True:
                    held = await asyncio.to_thread(self._store.renew)
                    found = await asyncio.to_thread(self._store.get, job.id)
                    if found is None:
                        raise _unavailable("The job was ended meanwhile.")
                    if found.id in held or found.state is not JobState.CREATED:
                        return found
                    if not await asyncio.to_thread(self._store.claim, job.id):
                        await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise _unavailable("The payment is still being created.") from None

    async def _create(self, job: Job) -> PaymentTerms:
        identity = self._identity.current()
        # It may have changed since the job was taken on; then it does not tell who sells under the job's identifier.
        is_of_job = identity.agent_identifier == job.agent_identifier
        seller = self._seller.under(identity) if is_of_job else self._seller
        funds = self._declaration.funds_for(job.input_data)
        index = seller.payment.source_index
        try:
            payment = await self._ask_for(job, funds, index)
        except PaymentRefusedError as first:
            if (is_of_job and identity.payment_source_type) or first.status != HTTPStatus.BAD_REQUEST:
                raise
            # V2 demands an index, and V1 refuses it.
            try:
                payment = await self._ask_for(job, funds, seller.payment.of_other_type.source_index)
            except PaymentRefusedError as second:
                event(_log, logging.ERROR, "payment_refused_for_both", job=job.reference, reason=str(second))
                raise first from None
        terms = payment.terms
        if is_of_job and seller.vkey and terms.seller_vkey not in ("", seller.vkey):
            event(_log, logging.WARNING, "seller_differs", job=job.reference, seller_vkey=terms.seller_vkey)
        return replace(terms, requested_funds=funds)

    async def _ask_for(
        self, job: Job, funds: tuple[Mapping[str, str], ...] | None, source_index: int | None
    ) -> Payment:
        assert job.identifier_from_purchaser  # noqa: S101 - demanded of all who pay
        assert job.input_hash  # noqa: S101 - comes with the purchaser
        begin = now()
        return await self._service.create(
            agent_identifier=job.agent_identifier,
            purchaser=job.identifier_from_purchaser,
            input_hash=job.input_hash,
            pay_by_time=begin + int(self._windows.pay_seconds * 1000),
            submit_result_time=begin + int(self._windows.submit_seconds * 1000),
            metadata=f"job {job.reference}",
            requested_funds=funds,
            source_index=source_index,
        )


def _unavailable(what: str) -> ApiError:
    return ApiError(
        503,
        "PAYMENT_SERVICE_UNAVAILABLE",
        f"{what} Send the same request again: it does not start a second job.",
        retry_after_seconds=_RETRY_SECONDS,
    )
