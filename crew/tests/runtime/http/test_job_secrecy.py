"""A job's id opens its result: attempts to get one without having begun the job."""

import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from crew_runtime.job.job import new_id, reference_of
from support.model import StubModel
from support.paid import environment, paid
from support.runtime import Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

LEAST_RANDOM_BYTES = 16


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox, shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """An agent with a fixed price."""
    started = Runtime(
        tmp_path_factory.mktemp("secrecy"), paid(), shared_model.url, **environment(sandbox, INTERNAL_PORT="0")
    )
    started.identify(sandbox.register("V1"))
    yield started
    started.stop()


def receipt_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def nonce() -> str:
    return secrets.token_hex(10)


@pytest.mark.parametrize("victims", ["the secret of the victim", None])
@pytest.mark.parametrize("attackers", [None, "a guess of the attacker", "the secret of the victi"])
def test_the_nonce_on_the_chain_and_a_guessed_input_get_nobody_the_jobs_id(
    shop: Runtime, victims: str | None, attackers: str | None
) -> None:
    mine = nonce()
    receipt = receipt_of(shop.buy("a guessable topic", mine, key=victims))
    stolen = shop.buy("a guessable topic", mine, key=attackers)
    assert (stolen.status_code, stolen.json()["error"]) == (409, "JOB_EXISTS")
    assert receipt["id"] not in stolen.text + str(stolen.headers)
    assert receipt["blockchainIdentifier"] not in stolen.text
    assert "new identifier_from_purchaser" in stolen.json()["message"]


def test_who_sent_a_secret_gets_the_id_again_by_it(shop: Runtime) -> None:
    mine = nonce()
    first = receipt_of(shop.buy("tea", mine, key="chosen by the first caller"))
    assert receipt_of(shop.buy("tea", mine, key="chosen by the first caller")) == first


def test_a_secret_is_kept_as_its_hash_alone(shop: Runtime) -> None:
    receipt_of(shop.buy("tea", nonce(), key="MARKER-secret-in-clear"))
    files = list(shop.data.glob("jobs.sqlite*"))
    assert files
    assert not any(b"MARKER-secret" in file.read_bytes() for file in files)
    assert "MARKER-secret" not in shop.output


@pytest.mark.parametrize("wrong", ["too short", "x" * 256, "tab\tbut long enough"])
def test_a_secret_that_is_none_is_refused(shop: Runtime, wrong: str) -> None:
    answer = shop.buy("tea", nonce(), key=wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_a_lost_answer_of_the_payment_service_leaves_no_job_behind_that_nobody_can_ask_for(
    shop: Runtime, sandbox: Sandbox
) -> None:
    mine = nonce()
    sandbox.fault("lost-after-write", "POST /payment")
    assert shop.buy("tea", mine, key=None).status_code == 503
    receipt_of(shop.buy("tea", mine, key=None))


def test_nobody_who_may_read_payments_logs_metrics_or_folders_learns_a_jobs_id(shop: Runtime, sandbox: Sandbox) -> None:
    receipt = receipt_of(shop.buy("answer slowly", nonce()))
    job_id, reference = receipt["id"], reference_of(receipt["id"])
    sandbox.buy(receipt)
    wait_for(lambda: list((shop.data / "work").glob(f"{reference}-*")))
    folders = [path.name for path in (shop.data / "work").iterdir()]
    shop.ended(job_id)
    sandbox.put_results_on_chain()
    wait_for(lambda: shop.logged("result_on_chain", job_id))
    payment = sandbox.payment(receipt)  # with a Read key
    with shop.internal as client:
        metrics, ready = client.get("/metrics").text, client.get("/readyz").text
    for text in (str(payment), shop.output, metrics, ready, str(folders)):
        assert job_id not in text
        assert job_id[:16] not in text
    assert payment["metadata"] == f"job {reference}", "by which the operator finds its log"
    for name in (reference, payment["id"], payment["blockchainIdentifier"], receipt["identifierFromPurchaser"]):
        assert shop.http.get("/status", params={"job_id": name}).status_code == 404


def test_ids_cannot_be_guessed() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(bytes.fromhex(one)) >= LEAST_RANDOM_BYTES for one in ids)


def test_a_name_that_another_customer_of_a_free_agent_uses_too_does_not_lead_to_its_job(runtime: Runtime) -> None:
    first = receipt_of(runtime.buy("tea", "any name", key=None))
    assert receipt_of(runtime.buy("tea", "any name", key=None))["id"] != first["id"]
    assert receipt_of(runtime.buy("tea", "any name", key="a secret of somebody else"))["id"] != first["id"]


def test_a_free_job_is_begun_once_for_a_secret_and_an_input(runtime: Runtime) -> None:
    def begun(topic: str, secret: str) -> str:
        return str(receipt_of(runtime.buy(topic, "any name", key=secret))["id"])

    first = begun("tea", "the secret of one caller")
    assert begun("tea", "the secret of one caller") == first
    assert len({first, begun("coffee", "the secret of one caller"), begun("tea", "the secret of another")}) == 3


def test_a_failed_job_has_a_reference_by_which_its_operator_finds_it(runtime: Runtime) -> None:
    job_id = runtime.start_job("answer with status 500")
    assert runtime.ended(job_id)["reference"] == reference_of(job_id)
