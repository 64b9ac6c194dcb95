"""The client of the payment service: what it makes of good, bad and missing answers, and what it tries again."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.payments import client
from crew_runtime.payments.client import (
    PaymentConnections,
    PaymentRefusedError,
    PaymentService,
    PaymentServiceUnavailableError,
)
from crew_runtime.payments.wire import Payment
from support.canned import Canned
from support.payments import ROWS

ONE = {"status": "success", "data": ROWS[0]}
REFUSAL = {"status": "error", "error": {"message": "Pricing type not supported for payments"}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_READ_PAUSES_SECONDS", (0, 0))


Start = Callable[..., Canned]


@pytest.fixture
def answering() -> Iterator[Start]:
    started: list[Canned] = []

    def start(*answers: tuple[int, object], **how: Any) -> Canned:  # noqa: ANN401 - as Canned takes it
        started.append(Canned(*answers, **how))
        return started[-1]

    yield start
    for canned in started:
        canned.close()


def ask(canned: Canned, call: Callable[[PaymentService], Awaitable[Any]]) -> Any:  # noqa: ANN401 - what the call gives
    async def asked() -> Any:  # noqa: ANN401 - what the call gives
        connections = PaymentConnections()
        try:
            return await call(PaymentService(canned.url, "key", "Preprod", connections))
        finally:
            await connections.close()

    return asyncio.run(asked())


def create(service: PaymentService) -> Awaitable[Payment]:
    return service.create(
        agent_identifier="ab", purchaser="cd", input_hash="ef", pay_by_time=1_795_351_685_000,
        submit_result_time=1_795_358_885_000, metadata="job 1", source_index=0,
        requested_funds=({"unit": "", "amount": "1"},),
    )  # fmt: skip


def resolve(service: PaymentService) -> Awaitable[Payment]:
    return service.resolve("0b02")


def test_a_recorded_payment_is_read_with_its_times_as_numbers(answering: Start) -> None:
    terms = ask(answering((200, ONE)), resolve).terms
    assert (terms.source_type, terms.seller_vkey) == ("Web3CardanoV1", ROWS[0]["SmartContractWallet"]["walletVkey"])
    assert (terms.pay_by_time, terms.external_dispute_unlock_time) == (1_795_351_685_000, 1_795_391_285_000)


def test_a_payment_is_asked_for_in_the_service_s_words(answering: Start) -> None:
    canned = answering((200, ONE))
    ask(canned, create)
    ((path, body),) = canned.asked
    assert path == "/api/v1/payment"
    assert json.loads(body) == {
        "network": "Preprod",
        "agentIdentifier": "ab",
        "identifierFromPurchaser": "cd",
        "inputHash": "ef",
        "payByTime": "2026-11-22T12:48:05.000Z",
        "submitResultTime": "2026-11-22T14:48:05.000Z",
        "metadata": "job 1",
        "supportedPaymentSourceIndex": 0,
        "RequestedFunds": [{"unit": "", "amount": "1"}],
    }


BROKEN: list[tuple[int, object]] = [
    (0, b""),
    (500, {"status": "error", "error": {"message": "Internal Server Error"}}),
    (503, b"<html>"),
    (429, b""),
    (200, b'{"status": "success", "da'),
    (200, b"[]"),
    (200, {"status": "success", "data": {"id": 1}}),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda answer: f"{answer[0]} {str(answer[1])[:12]}")
@pytest.mark.parametrize(("call", "times"), [(create, 1), (resolve, 3)], ids=["writes", "reads"])
def test_what_is_no_answer_is_asked_again_only_by_reads(
    answering: Start, broken: tuple[int, object], call: Callable[[PaymentService], Awaitable[Any]], times: int
) -> None:
    canned = answering(broken)
    with pytest.raises(PaymentServiceUnavailableError):
        ask(canned, call)
    assert len(canned.asked) == (1 if broken[0] == 200 else times), "what was answered at all is left to the next look"


@pytest.mark.parametrize(
    "write", [create, lambda service: service.submit_result("0b02", "ab")], ids=["create", "submit"]
)
def test_a_write_goes_out_on_no_connection_that_the_service_may_be_closing(
    answering: Start, write: Callable[[PaymentService], Awaitable[Payment]]
) -> None:
    canned = answering((200, ONE), closes_idle=True)

    async def read_and_write_in_turns(service: PaymentService) -> None:
        for _ in range(2):
            await resolve(service)
            await write(service)

    ask(canned, read_and_write_in_turns)
    assert len(canned.asked) == 4


def test_a_read_succeeds_at_its_third_try(answering: Start) -> None:
    assert ask(answering((503, b""), (0, b""), (200, ONE)), resolve).id == ROWS[0]["id"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_a_refusal_is_final_and_told_in_the_service_s_words(answering: Start, status: int) -> None:
    canned = answering((status, REFUSAL))
    with pytest.raises(PaymentRefusedError, match=f"{status} Pricing type not supported for payments"):
        ask(canned, resolve)
    assert len(canned.asked) == 1


def test_an_endless_answer_is_not_read_to_its_end(answering: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LARGEST_ANSWER", 1000)
    with pytest.raises(PaymentServiceUnavailableError, match="too large"):
        ask(answering((200, b" " * 100_000)), create)


def test_changes_are_read_page_by_page_over_the_inclusive_cursor(
    answering: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAGE", 2)
    rows = [{**ROWS[0], "id": f"p{number}"} for number in range(4)]
    pages = [rows[0:2], rows[1:3], rows[2:4], rows[3:4]]
    canned = answering(*[(200, {"status": "success", "data": {"Payments": page}}) for page in pages])
    found = ask(canned, lambda service: service.changed_since("Web3CardanoV2", "2026-11-22T00:00:00.000Z"))
    assert [payment.id for payment in found] == ["p0", "p1", "p2", "p3"]
    assert "filterPaymentSourceType=Web3CardanoV2" in canned.asked[0][0]
    assert "cursorId" not in canned.asked[0][0]
    assert "cursorId=p1" in canned.asked[1][0]


def test_a_payment_of_another_agent_that_cannot_be_read_hides_no_other(
    answering: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAGE", 3)
    odd: list[dict[str, Any]] = [
        {"payByTime": None}, {"NextAction": None}, {"PaymentSource": {}}, {"SmartContractWallet": "odd"}
    ]  # fmt: skip
    rows = [{**ROWS[0], "id": "p0"}, *({**ROWS[0], "id": f"odd {n}", **fields} for n, fields in enumerate(odd))]
    pages = [rows[0:3], rows[2:5], [rows[4], {**ROWS[0], "id": "p1"}]]
    canned = answering(*[(200, {"status": "success", "data": {"Payments": page}}) for page in pages])
    found = ask(canned, lambda service: service.changed_since("Web3CardanoV2", "2026-11-22T00:00:00.000Z"))
    assert [payment.id for payment in found] == ["p0", "p1"]


def test_a_list_without_ids_is_not_the_service_s(answering: Start) -> None:
    canned = answering((200, {"status": "success", "data": {"Payments": [{"id": 7}]}}))
    with pytest.raises(PaymentServiceUnavailableError):
        ask(canned, lambda service: service.changed_since("Web3CardanoV2", "2026-11-22T00:00:00.000Z"))


@pytest.mark.parametrize("trusted", [False, True])
def test_it_believes_an_authority_of_the_machines_own_only_if_it_is_named(
    answering: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    key, certificate, both = (tmp_path / name for name in ("key.pem", "certificate.pem", "both.pem"))
    of_curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    whose = ["-days", "1", "-subj", "/CN=a company", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", *of_curve, *whose, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    both.write_text(key.read_text() + certificate.read_text())
    canned = answering((200, ONE), tls=both)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert ask(canned, create)
        return
    with pytest.raises(PaymentServiceUnavailableError):
        ask(canned, create)
