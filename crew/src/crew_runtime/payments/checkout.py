"""Creates the payments of jobs: one for each job, however often and by whomever it is asked for."""

import asyncio
import logging
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Final

from crew_runtime.common.api_error import ApiError
from crew_runtime.common.logs import event
from crew_runtime.declared.declaration import Declaration
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, now
from crew_runtime.payments.client import PaymentRefusedError, PaymentService, PaymentServiceUnavailableError
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
        self, *, service: PaymentService, store: JobStore, declaration: Declaration, windows: Windows, seller_vkey: str
    ) -> None:
        self._service = service
        self._store = store
        self._declaration = declaration
        self._windows = windows
        self._seller_vkey = seller_vkey
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
        if self._seller_vkey and bound.payment.seller_vkey not in ("", self._seller_vkey):
            event(_log, logging.WARNING, "seller_differs", job=job.reference, seller_vkey=bound.payment.seller_vkey)
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
        assert job.identifier_from_purchaser  # noqa: S101 - demanded of all who pay
        assert job.input_hash  # noqa: S101 - comes with the purchaser
        funds = self._declaration.funds_for(job.input_data)
        begin = now()
        create = partial(
            self._service.create,
            agent_identifier=job.agent_identifier,
            purchaser=job.identifier_from_purchaser,
            input_hash=job.input_hash,
            pay_by_time=begin + int(self._windows.pay_seconds * 1000),
            submit_result_time=begin + int(self._windows.submit_seconds * 1000),
            metadata=f"job {job.reference}",
            requested_funds=funds,
        )
        index = self._declaration.payment.source_index
        try:
            payment = await create(source_index=index)
        except PaymentRefusedError as first:
            # An agent that moves to V2 has its V1 identifier until the new one is confirmed, and V1 knows no index.
            if index is None or first.status != HTTPStatus.BAD_REQUEST:
                raise
            try:
                payment = await create(source_index=None)
            except PaymentRefusedError as second:
                event(_log, logging.ERROR, "payment_refused_without_index", job=job.reference, reason=str(second))
                raise first from None
        return replace(payment.terms, requested_funds=funds)


def _unavailable(what: str) -> ApiError:
    return ApiError(
        503,
        "PAYMENT_SERVICE_UNAVAILABLE",
        f"{what} Send the same request again: it does not start a second job.",
        retry_after_seconds=_RETRY_SECONDS,
    )
