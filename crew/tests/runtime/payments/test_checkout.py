"""A created job gets one payment, from the runtime that holds it, whoever asks at the same time."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.declaration import Declaration
from crew_runtime.job.job import Job, JobState
from crew_runtime.machine.identity import UNKNOWN, Identity, IdentitySource
from crew_runtime.payments import checkout
from crew_runtime.payments.checkout import Checkout, Windows
from crew_runtime.payments.client import PaymentRefusedError, PaymentService
from crew_runtime.payments.seller import Seller
from crew_runtime.payments.wire import Payment
from crew_runtime.store import JobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.declarations import one_task
from support.payments import ROWS
from support.waiting import PATIENCE_SECONDS

PAYMENT = Payment.model_validate(ROWS[0])
OpenStore = Callable[..., SqliteJobStore]


class Service:
    """Makes the recorded payment each time it is asked for one."""

    def __init__(self) -> None:
        self.made = 0

    async def create(self, **_: object) -> Payment:
        self.made += 1
        return PAYMENT


class OfOneContract(Service):
    """Makes payments for an identifier of V1 or V2 alone; the real service's words for the other are not needed."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.asked: list[object] = []

    async def create(self, **asked: object) -> Payment:
        self.asked.append(asked["source_index"])
        if (asked["source_index"] is None) != (self.kind == "V1"):
            raise PaymentRefusedError(400, "V1 must not set the index, and V2 must")
        return await super().create()


class AsTold(IdentitySource):
    """Says what it was given."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def current(self) -> Identity:
        return self._identity


class Refusing(Service):
    """Makes no payments."""

    async def create(self, **asked: object) -> Payment:
        raise PaymentRefusedError(400, f"refused with {asked['source_index']}")


@pytest.fixture(autouse=True)
def _long_turns_and_quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "_OTHERS_TURN_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(checkout, "_LOOK_SECONDS", 0.01)


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OpenStore]:
    opened: list[SqliteJobStore] = []

    def start(holder: str, lease_seconds: float = 30) -> SqliteJobStore:
        opened.append(SqliteJobStore(tmp_path / "jobs.sqlite", holder=holder, lease_seconds=lease_seconds))
        return opened[-1]

    yield start
    for store in opened:
        store.disconnect()


def created(store: JobStore) -> Job:
    return store.add(
        Job(
            input_data={"topic": "tea"}, agent_identifier="ab", identifier_from_purchaser="ab" * 7,
            input_hash="cd" * 32, request_key="cd" * 32, secret_hash="ef" * 32,
            state=JobState.CREATED,
        )
    )  # fmt: skip


def checkout_over(
    store: JobStore,
    service: Service,
    seller_vkey: str = "",
    declaration: dict[str, Any] | None = None,
    identity: Identity = UNKNOWN,
) -> Checkout:
    declared = Declaration.model_validate(declaration or one_task(), strict=False)
    return Checkout(
        service=cast("PaymentService", service),
        store=store,
        declaration=declared,
        windows=Windows(pay_seconds=10, submit_seconds=1000),
        seller=Seller(declared.payment, seller_vkey),
        identity=AsTold(identity),
    )


def test_a_job_that_another_runtime_holds_gets_no_second_payment(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "_OTHERS_TURN_SECONDS", 0.1)
    job, service = created(open_store("other")), Service()
    with pytest.raises(ApiError, match="The payment is still being created") as caught:
        asyncio.run(checkout_over(open_store("mine"), service).paid_for(job))
    assert (caught.value.status, caught.value.body["error"]) == (503, "PAYMENT_SERVICE_UNAVAILABLE")
    assert service.made == 0


def test_the_payment_that_another_runtime_makes_meanwhile_is_the_jobs(open_store: OpenStore) -> None:
    other = open_store("other")
    job, service = created(other), Service()

    async def both() -> Job:
        asking = asyncio.create_task(checkout_over(open_store("mine"), service).paid_for(job))
        await asyncio.sleep(0.1)
        assert other.bind_payment(job.id, replace(PAYMENT.terms, blockchain_identifier="theirs"))
        return await asking

    found = asyncio.run(both())
    assert found.payment
    assert (found.payment.blockchain_identifier, found.state) == ("theirs", JobState.AWAITING_PAYMENT)
    assert service.made == 0


def test_a_runtime_whose_lease_has_ended_leaves_the_payment_to_whoever_asks(open_store: OpenStore) -> None:
    job, service, mine = created(open_store("other", 0.05)), Service(), open_store("mine")
    found = asyncio.run(checkout_over(mine, service).paid_for(job))
    assert found.payment
    assert service.made == 1
    assert mine.renew() == {job.id}, "its own by now"


def test_a_job_that_was_given_up_meanwhile_gets_no_payment(open_store: OpenStore) -> None:
    service = Service()
    job = Job(input_data={}, agent_identifier="ab", state=JobState.CREATED)
    with pytest.raises(ApiError, match="The job was ended"):
        asyncio.run(checkout_over(open_store("mine"), service).paid_for(job))
    assert service.made == 0


def test_who_asks_at_once_at_one_runtime_gets_one_payment(open_store: OpenStore) -> None:
    store, service = open_store("mine"), Service()
    job, one = created(store), checkout_over(store, service)

    async def at_once() -> list[Job]:
        return await asyncio.gather(*[one.paid_for(job) for _ in range(5)])

    assert len({found.payment for found in asyncio.run(at_once()) if found.payment}) == 1
    assert service.made == 1


@pytest.mark.parametrize(
    ("declared", "registered", "asked"),
    [("V2", "V2", [0]), ("V2", "V1", [0, None]), ("V1", "V1", [None]), ("V1", "V2", [None, 0])],
)
@pytest.mark.parametrize("told", ["with its type", "without it", "of another identifier"])
def test_an_agent_that_moves_is_paid_by_the_contract_of_the_identifier_that_the_job_has(
    open_store: OpenStore, declared: str, registered: str, asked: list[object], told: str
) -> None:
    store, service = open_store("mine"), OfOneContract(registered)
    identity = {
        "with its type": {"agentIdentifier": "ab", "paymentSourceType": registered},
        "without it": {"agentIdentifier": "ab"},
        "of another identifier": {"agentIdentifier": "cd", "paymentSourceType": declared},
    }[told]
    one = checkout_over(
        store,
        service,
        declaration=one_task() | {"payment": {"type": declared}},
        identity=Identity.model_validate(identity),
    )
    assert asyncio.run(one.paid_for(created(store))).payment
    assert service.asked == (asked[-1:] if told == "with its type" else asked)


def test_an_agent_that_is_refused_both_ways_has_both_reasons_in_its_log(
    open_store: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store("mine")
    declaration = one_task() | {"payment": {"type": "V2"}}
    with pytest.raises(ApiError, match="refused"), caplog.at_level(logging.INFO, logger="crew_runtime"):
        asyncio.run(checkout_over(store, Refusing(), declaration=declaration).paid_for(created(store)))
    assert {record.message: vars(record)["fields"]["reason"] for record in caplog.records} == {
        "payment_refused": "400 refused with 0",
        "payment_refused_for_both": "400 refused with None",
    }


@pytest.mark.parametrize(
    ("configured", "told", "differs"),
    [
        ("", None, False),
        (PAYMENT.terms.seller_vkey, None, False),
        ("fa" * 28, None, True),
        ("fa" * 28, PAYMENT.terms.seller_vkey, False),
        (PAYMENT.terms.seller_vkey, "fa" * 28, True),
    ],
)
def test_a_payment_to_another_wallet_than_the_identifiers_is_logged(
    open_store: OpenStore, caplog: pytest.LogCaptureFixture, configured: str, told: str | None, differs: bool
) -> None:
    store, identity = open_store("mine"), Identity(agentIdentifier="ab", sellerVkey=told)
    with caplog.at_level(logging.INFO, logger="crew_runtime"):
        asyncio.run(checkout_over(store, Service(), configured, identity=identity).paid_for(created(store)))
    assert ("seller_differs" in caplog.messages, "payment_made" in caplog.messages) == (differs, True)
