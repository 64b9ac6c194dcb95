"""Paid jobs from start to end: CrewAI itself, the repository's payment service, a stub for the model only."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import httpx
import pytest

from conftest import StartRuntime
from crew_runtime.job.job import now
from support.declarations import one_task
from support.marketplace import PaidJob, Status
from support.model import StubModel
from support.paid import V1, V2, environment, paid
from support.runtime import Runtime
from support.sandbox import PAY_KEY, V1_WALLET, V2_WALLET, Sandbox
from support.waiting import wait_for

CREATE = "POST /payment"
_GRACE_SECONDS = 400
"""More than the service waits for funds after payByTime."""


def nonce() -> str:
    return secrets.token_hex(10)


@pytest.fixture(scope="module")
def identifier(sandbox: Sandbox) -> str:
    return sandbox.register("V1")


@pytest.fixture(scope="module")
def running(sandbox: Sandbox, shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """An agent with a fixed price on V1."""
    started = Runtime(
        tmp_path_factory.mktemp("shop"), paid(), shared_model.url,
        **environment(sandbox, SELLER_VKEY=V1_WALLET, NETWORK="Preprod", INTERNAL_PORT="0"),
    )  # fmt: skip
    yield started
    started.stop()


@pytest.fixture
def shop(running: Runtime, identifier: str) -> Runtime:
    running.identify(identifier)
    running.wait_until_ready()
    return running


def receipt_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    PaidJob.model_validate(answer.json())
    receipt: dict[str, Any] = answer.json()
    return receipt


def hashed(receipt: dict[str, Any], result: str) -> str:
    return sha256(f"{receipt['identifierFromPurchaser']};{result}".encode()).hexdigest()


def metric(runtime: Runtime, name: str) -> float:
    with runtime.internal as client:
        text = client.get("/metrics").text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"crew_{name}"))


def test_a_job_waits_for_its_funds_runs_and_puts_its_result_on_the_chain(shop: Runtime, sandbox: Sandbox) -> None:
    receipt = receipt_of(shop.buy("MARKER-paid", nonce()))
    assert Status.model_validate(shop.status(receipt["id"])).status == "awaiting_payment"
    sandbox.buy(receipt)
    ended = shop.ended(receipt["id"])
    Status.model_validate(ended)
    assert ended["result"] == "Stub result MARKER-paid"
    assert sandbox.payment(receipt)["NextAction"]["resultHash"] == hashed(receipt, ended["result"])
    sandbox.put_results_on_chain()
    wait_for(lambda: shop.logged("result_on_chain", receipt["id"]))
    assert sandbox.payment(receipt)["onChainState"] == "ResultSubmitted"
    assert shop.status(receipt["id"]) == ended, "what comes after it changes nothing for the buyer"


def test_the_same_request_begins_one_job_with_one_payment_also_in_parallel(shop: Runtime, sandbox: Sandbox) -> None:
    before, mine = sandbox.count(CREATE), nonce()
    with ThreadPoolExecutor(8) as pool:
        answers = [receipt_of(answer) for answer in pool.map(lambda _: shop.buy("MARKER-once", mine), range(8))]
    assert [answer for answer in answers if answer != answers[0]] == []
    assert sandbox.count(CREATE) == before + 1
    assert receipt_of(shop.buy("MARKER-other", mine))["id"] != answers[0]["id"], "other input is another job"


def test_a_lost_answer_of_the_payment_service_is_told_and_the_same_request_works_then(
    shop: Runtime, sandbox: Sandbox
) -> None:
    mine = nonce()
    sandbox.fault("lost-after-write", CREATE)
    refused = shop.buy("MARKER-lost", mine)
    assert (refused.status_code, refused.json()["error"]) == (503, "PAYMENT_SERVICE_UNAVAILABLE")
    assert int(refused.headers["Retry-After"]) > 0
    receipt = receipt_of(shop.buy("MARKER-lost", mine))
    assert shop.status(receipt["id"])["status"] == "awaiting_payment"


def test_a_payment_that_the_service_refuses_is_told_without_its_words_and_leaves_nothing_behind(
    shop: Runtime, identifier: str
) -> None:
    mine = nonce()
    shop.identify("00" * 60)
    refused = shop.buy("MARKER-refused", mine)
    assert (refused.status_code, refused.json()["error"]) == (503, "PAYMENT_REFUSED")
    assert "policyId" not in refused.text
    shop.identify(identifier)
    receipt_of(shop.buy("MARKER-refused", mine))


@pytest.mark.parametrize("wrong", [None, 7, "", "ab" * 6 + "a", "ab" * 14, "xyz" * 6, "0123456789abcde "])
def test_a_nonce_that_the_payment_service_would_refuse_is_refused(shop: Runtime, wrong: object) -> None:
    answer = shop.http.post("/start_job", json={"identifier_from_purchaser": wrong, "input_data": {"topic": "tea"}})
    assert (answer.status_code, answer.json()["error"]) == (400, "INPUT_INVALID")
    assert "14 to 26 hexadecimal digits" in answer.json()["problems"][0]


@pytest.mark.parametrize(
    ("seen", "failure"),
    [
        ({"onChainState": "RefundRequested"}, "REFUND_REQUESTED"),
        ({"onChainState": "FundsOrDatumInvalid"}, "PAYMENT_INVALID"),
    ],
)
def test_a_job_whose_funds_are_asked_back_or_wrong_is_never_begun(
    shop: Runtime, sandbox: Sandbox, shared_model: StubModel, seen: dict[str, str], failure: str
) -> None:
    receipt = receipt_of(shop.buy(f"MARKER-{failure}", nonce()))
    sandbox.change(receipt, **seen)
    ended = shop.ended(receipt["id"])
    assert (ended["status"], ended["error"]) == ("failed", failure)
    assert not any(f"MARKER-{failure}" in str(request["body"]) for request in shared_model.requests)
    assert receipt_of(shop.buy(f"MARKER-{failure}", receipt["identifierFromPurchaser"]))["id"] == receipt["id"]


def test_a_running_job_is_finished_and_submitted_although_a_refund_was_asked_for(
    shop: Runtime, sandbox: Sandbox, shared_model: StubModel
) -> None:
    receipt = receipt_of(shop.buy("MARKER-refund never answer", nonce()))
    sandbox.buy(receipt)
    wait_for(lambda: any("MARKER-refund" in str(request["body"]) for request in shared_model.requests))
    sandbox.request_refund(receipt)
    wait_for(lambda: any(event.get("on_chain_state") == "RefundRequested" for event in shop.events))
    shared_model.released.set()
    ended = shop.ended(receipt["id"])
    shared_model.released.clear()
    assert ended["status"] == "completed"
    sandbox.put_results_on_chain()
    wait_for(lambda: shop.logged("result_on_chain", receipt["id"]))
    assert sandbox.payment(receipt)["onChainState"] == "Disputed"
    assert metric(shop, 'payment_changes_total{action="WaitingForExternalAction",state="Disputed"}') == 1


def test_a_payment_that_waits_for_its_operator_is_logged_once_and_counted(shop: Runtime, sandbox: Sandbox) -> None:
    receipt = receipt_of(shop.buy("MARKER-stuck", nonce()))
    sandbox.buy(receipt)
    shop.ended(receipt["id"])
    sandbox.change(receipt, requestedAction="WaitingForManualAction", errorType="Unknown", errorNote="no luck")
    wait_for(lambda: shop.logged("payment_needs_operator", receipt["id"]))
    wait_for(lambda: metric(shop, "payments_need_operator") == 1)
    assert sum(event["event"] == "payment_needs_operator" for event in shop.events) == 1
    sandbox.change(receipt, requestedAction="SubmitResultRequested", errorType=None)
    wait_for(lambda: metric(shop, "payments_need_operator") == 0)


def test_the_identifier_arrives_late_changes_reverts_and_drains_while_open_jobs_keep_theirs(
    shop: Runtime, sandbox: Sandbox, identifier: str
) -> None:
    def bought_as(name: str | None, *, draining: bool = False) -> tuple[int, str]:
        shop.identify(name, draining=draining)
        answer = shop.buy("MARKER-identity", nonce())
        if answer.status_code != 200:
            return answer.status_code, answer.json()["error"]
        receipts.append(receipt_of(answer))
        return 200, receipts[-1]["agentIdentifier"]

    receipts: list[dict[str, Any]] = []
    other = sandbox.register("V1")
    assert bought_as(None) == (503, "AGENT_NOT_REGISTERED")
    assert bought_as(identifier) == (200, identifier)
    assert bought_as(other) == (200, other)
    assert bought_as(identifier) == (200, identifier)
    assert bought_as(identifier, draining=True) == (503, "AGENT_DRAINING")
    sandbox.buy(*receipts)
    assert {shop.ended(receipt["id"])["status"] for receipt in receipts} == {"completed"}, "what was begun is done"
    assert [sandbox.payment(receipt)["agentIdentifier"] for receipt in receipts] == [identifier, other, identifier]


@pytest.mark.parametrize("path", ["/payment_information", "/payment-information"])
def test_payment_information_says_who_is_paid_where_and_how_much(shop: Runtime, identifier: str, path: str) -> None:
    assert shop.http.get(path).json() == {
        "agentIdentifier": identifier,
        "sellerVKey": V1_WALLET,
        "network": "Preprod",
        "pricing": {"pricingType": "Fixed", "Pricing": [{"amount": "5000000", "unit": ""}]},
        "paymentSourceType": "Web3CardanoV1",
    }


def test_an_agent_that_moves_sells_by_the_contract_and_wallet_of_each_identifier_and_ends_what_it_began(
    shop: Runtime, sandbox: Sandbox, identifier: str
) -> None:
    def bought(name: str, kind: str, wallet: str) -> tuple[tuple[str, str], dict[str, Any]]:
        shop.identify(name, seller={"paymentSourceType": kind, "sellerVkey": wallet})
        told = shop.http.get("/payment_information").json()
        return (told["paymentSourceType"], told["sellerVKey"]), receipt_of(shop.buy(f"MARKER-{kind}", nonce()))

    (after, new), (before, old) = bought(sandbox.register("V2"), "V2", V2_WALLET), bought(identifier, "V1", V1_WALLET)
    assert (after, before) == (("Web3CardanoV2", V2_WALLET), ("Web3CardanoV1", V1_WALLET))
    sandbox.buy(new, old)
    for receipt, seller in ((new, after), (old, before)):
        assert shop.ended(receipt["id"])["status"] == "completed"
        source = sandbox.payment(receipt)["PaymentSource"]["paymentSourceType"]
        assert (source, receipt["sellerVKey"]) == seller
    sandbox.put_results_on_chain()
    wait_for(lambda: all(shop.logged("result_on_chain", receipt["id"]) for receipt in (new, old)))


def test_payment_information_waits_for_the_identifier(shop: Runtime) -> None:
    shop.identify(None)
    assert shop.http.get("/payment_information").json()["error"] == "AGENT_NOT_REGISTERED"


def test_a_v2_agent_with_a_price_by_rule_is_paid_as_the_rule_says(
    start_runtime: StartRuntime, sandbox: Sandbox
) -> None:
    rule = {"funds": [{"amount": "1500000", "unit": ""}], "times": "pages"}
    declared = paid({**V2, "priceRule": rule}, {"type": "dynamic"})
    declared["input"].append({"id": "pages", "type": "number", "name": "Pages"})
    runtime = start_runtime(declared, **environment(sandbox))
    runtime.identify(sandbox.register("V2", dynamic=True))
    receipt = receipt_of(runtime.buy("MARKER-dynamic", nonce(), pages=2.5))
    assert sandbox.payment(receipt)["RequestedFunds"] == receipt["amounts"] == [{"amount": "4500000", "unit": ""}]
    assert sandbox.payment(receipt)["PaymentSource"]["paymentSourceType"] == "Web3CardanoV2"
    sandbox.buy(receipt)
    assert runtime.ended(receipt["id"])["result"] == "Stub result MARKER-dynamic"
    sandbox.put_results_on_chain()
    wait_for(lambda: runtime.logged("result_on_chain", receipt["id"]))


def test_a_free_agent_wants_no_nonce_and_asks_for_no_payment(start_runtime: StartRuntime, sandbox: Sandbox) -> None:
    before = sandbox.count(CREATE)
    runtime = start_runtime(one_task(), **environment(sandbox))
    runtime.identify()
    assert runtime.ended(runtime.start_job("MARKER-free"))["status"] == "completed"
    again = [runtime.buy("MARKER-named", "any name").json() for _ in range(2)]
    assert again[0]["id"] == again[1]["id"], "who names the request gets one job for it"
    assert runtime.ended(again[0]["id"])["status"] == "completed"
    assert sandbox.count(CREATE) == before


def test_a_job_that_nobody_pays_expires_and_the_same_request_begins_a_new_one(
    start_runtime: StartRuntime, sandbox: Sandbox, identifier: str
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, PAY_WITHIN="1", SETTLE_SECONDS="0"))
    runtime.identify(identifier)
    mine = nonce()
    receipt = receipt_of(runtime.buy("MARKER-late", mine))
    ended = runtime.ended(receipt["id"])
    assert (ended["status"], ended["error"]) == ("failed", "PAYMENT_EXPIRED")
    assert receipt_of(runtime.buy("MARKER-late", mine))["id"] != receipt["id"]


@pytest.mark.parametrize("version", ["V1", "V2"])
def test_a_job_that_the_service_gives_up_unpaid_expires_too(
    start_runtime: StartRuntime, sandbox: Sandbox, version: str
) -> None:
    runtime = start_runtime(paid(V1 if version == "V1" else V2), **environment(sandbox, PAY_WITHIN="1"))
    runtime.identify(sandbox.register(version))
    mine = nonce()
    receipt = receipt_of(runtime.buy("MARKER-given-up", mine))
    wait_for(lambda: now() > receipt["payByTime"])
    sandbox.advance(_GRACE_SECONDS)
    wait_for(lambda: sandbox.payment(receipt)["onChainState"] == "FundsOrDatumInvalid")
    ended = runtime.ended(receipt["id"])
    assert (ended["status"], ended["error"]) == ("failed", "PAYMENT_EXPIRED")
    assert receipt_of(runtime.buy("MARKER-given-up", mine))["id"] != receipt["id"]


def test_a_job_gets_no_more_time_than_is_left_until_its_result_is_due(
    start_runtime: StartRuntime, sandbox: Sandbox, identifier: str
) -> None:
    times = {"PAY_WITHIN": "1", "SUBMIT_WITHIN": "960", "SUBMIT_MARGIN": "300"}
    runtime = start_runtime(paid(), **environment(sandbox, **times, SETTLE_SECONDS="0", JOB_TIMEOUT="600"))
    runtime.identify(identifier)
    receipt = receipt_of(runtime.buy("MARKER-due never answer", nonce()))
    runtime.kill()
    # The next one gives new jobs time enough, and results longer to reach the chain: this job is left with a moment.
    runtime = start_runtime(paid(), **environment(sandbox, SUBMIT_MARGIN="957"))
    sandbox.change(receipt, onChainState="FundsLocked")
    assert runtime.ended(receipt["id"])["error"] in ("JOB_TIMEOUT", "DEADLINE_PASSED")


def test_neither_keys_nor_inputs_nor_results_are_in_logs_or_metrics(shop: Runtime, sandbox: Sandbox) -> None:
    receipt = receipt_of(shop.buy("MARKER-hidden", nonce()))
    sandbox.buy(receipt)
    shop.ended(receipt["id"])
    with shop.internal as client:
        metrics = client.get("/metrics").text
    for text in (shop.output, metrics):
        assert "MARKER" not in text
        assert PAY_KEY not in text
