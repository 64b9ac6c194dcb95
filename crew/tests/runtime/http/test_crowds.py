"""Anonymous crowds that ask for jobs and do not pay: others get in all the same, and nobody's payment is lost."""

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from conftest import StartRuntime
from crew_runtime.http.admission.callers import address_of
from crew_runtime.http.admission.rate import Rate
from support.declarations import one_task
from support.model import StubModel
from support.paid import environment, paid
from support.runtime import IDENTIFIER, Runtime
from support.sandbox import Sandbox
from support.waiting import wait_for

RATE = "30"
CUSTOMER = "203.0.113.7"


@pytest.fixture(scope="module")
def identifier(sandbox: Sandbox) -> str:
    return sandbox.register("V1")


def open_for_jobs(runtime: Runtime, identifier: str = IDENTIFIER) -> None:
    runtime.identify(identifier)
    runtime.wait_until_ready()
    assert runtime.http.get("/availability").json()["status"] == "available"


def ask(runtime: Runtime, forwarded: str, topic: str = "tea", *, is_paid: bool = True) -> httpx.Response:
    nonce = {"identifier_from_purchaser": secrets.token_hex(10)} if is_paid else {}
    body = {**nonce, "input_data": {"topic": topic}}
    return runtime.http.post("/start_job", json=body, headers={"X-Forwarded-For": forwarded})


def receipt_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def anybody(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250 + 1}"


@pytest.mark.parametrize(
    "forwarded",
    [lambda _: "198.51.100.9", lambda number: f"{anybody(number)}, 10.0.0.{number % 250}, 198.51.100.9"],
    ids=["one address", "one address that names others"],
)
def test_a_thousand_starts_of_one_client_keep_no_customer_out(
    start_runtime: StartRuntime,
    sandbox: Sandbox,
    identifier: str,
    forwarded: Any,  # noqa: ANN401 - a lambda
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, START_RATE=RATE, PROXY_HOPS="1", MAX_UNPAID="40"))
    open_for_jobs(runtime, identifier)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: ask(runtime, forwarded(number)), range(1000)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"] == "TOO_MANY_STARTS"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # A minute's worth at once, and what the minutes that the test took have added.
    assert statuses[200] < 200
    receipt = receipt_of(ask(runtime, CUSTOMER))
    sandbox.buy(receipt)
    assert runtime.ended(receipt["id"])["status"] == "completed"


def test_without_a_proxy_what_a_client_says_of_its_address_is_not_believed(
    start_runtime: StartRuntime, sandbox: Sandbox, identifier: str
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, START_RATE="2", INTERNAL_PORT="0"))
    open_for_jobs(runtime, identifier)
    statuses = [ask(runtime, anybody(number)).status_code for number in range(3)]
    assert statuses == [200, 200, 429]
    with runtime.internal as client:
        assert '\ncrew_starts_refused_total{limit="START_RATE"} 1\n' in client.get("/metrics").text


def test_a_job_that_gave_way_to_a_crowd_of_many_addresses_runs_once_it_is_paid(
    start_runtime: StartRuntime, sandbox: Sandbox, identifier: str
) -> None:
    runtime = start_runtime(
        paid(), **environment(sandbox, START_RATE=RATE, PROXY_HOPS="1", MAX_UNPAID="10", INTERNAL_PORT="0")
    )
    open_for_jobs(runtime, identifier)
    early = receipt_of(ask(runtime, CUSTOMER, "MARKER-early"))
    for number in range(30):
        receipt_of(ask(runtime, anybody(number)))
    assert runtime.logged("job_gave_way", early["id"])
    with runtime.internal as client:
        assert "\ncrew_jobs_gave_way_total 21\n" in client.get("/metrics").text
    late = receipt_of(ask(runtime, CUSTOMER, "MARKER-late"))
    sandbox.buy(early, late)
    assert runtime.ended(early["id"])["result"] == "Stub result MARKER-early"
    assert runtime.ended(late["id"])["result"] == "Stub result MARKER-late"


def test_a_job_that_gave_way_expires_as_any_other(
    start_runtime: StartRuntime, sandbox: Sandbox, identifier: str
) -> None:
    times = {"PAY_WITHIN": "1", "SETTLE_SECONDS": "0"}
    runtime = start_runtime(paid(), **environment(sandbox, MAX_UNPAID="1", **times))
    open_for_jobs(runtime, identifier)
    early, late = receipt_of(ask(runtime, CUSTOMER)), receipt_of(ask(runtime, CUSTOMER))
    assert runtime.logged("job_gave_way", early["id"])
    assert [runtime.ended(one["id"])["error"] for one in (early, late)] == ["PAYMENT_EXPIRED"] * 2


def test_what_is_paid_for_a_job_that_a_larger_crowd_has_ended_is_never_collected(
    start_runtime: StartRuntime, sandbox: Sandbox, identifier: str
) -> None:
    runtime = start_runtime(paid(), **environment(sandbox, MAX_UNPAID="2"))
    open_for_jobs(runtime, identifier)
    early = receipt_of(ask(runtime, CUSTOMER))
    for _ in range(12):
        receipt_of(ask(runtime, CUSTOMER))
    ended = runtime.ended(early["id"])
    assert (ended["status"], ended["error"]) == ("failed", "GAVE_WAY")
    sandbox.buy(early)
    sandbox.request_refund(early)
    payment = sandbox.payment(early)
    assert (payment["onChainState"], payment["resultHash"] or None) == ("RefundRequested", None), "the money goes back"


def test_one_client_of_a_free_agent_leaves_places_to_others(start_runtime: StartRuntime, model: StubModel) -> None:
    limits = {"MAX_PARALLEL": "1", "MAX_QUEUE": "5", "MAX_PER_CLIENT": "3", "PROXY_HOPS": "1"}
    runtime = start_runtime(one_task(), **limits)
    open_for_jobs(runtime)
    with ThreadPoolExecutor(8) as pool:
        crowd = list(pool.map(lambda _: ask(runtime, "198.51.100.9", "never answer", is_paid=False), range(20)))
    assert Counter(answer.status_code for answer in crowd) == {200: 3, 429: 17}
    assert receipt_of(ask(runtime, CUSTOMER, is_paid=False))["status"] == "running"
    model.released.set()
    taken = [answer.json()["id"] for answer in crowd if answer.status_code == 200]
    wait_for(lambda: all(runtime.status(job_id)["status"] == "completed" for job_id in taken))
    receipt_of(ask(runtime, "198.51.100.9", is_paid=False))


def request_from(peer: str | None, headers: list[tuple[str, str]]) -> Request:
    return Request({
        "type": "http",
        "client": None if peer is None else (peer, 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "told", "hops", "address"),
    [
        ("192.0.2.1", "203.0.113.7", 0, "192.0.2.1"),
        ("10.0.0.1", "203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", 2, "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7", 2, "10.0.0.1"),
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "nonsense", 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", 1, "203.0.113.7"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("10.0.0.1", "2001:db8:1:2:ffff::1", 1, "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2::9]:4711", 1, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "", 0, "192.0.2.1"),
        (None, "", 0, ""),
    ],
)
def test_a_client_is_known_by_what_the_proxies_in_front_have_seen(
    peer: str | None, told: str, hops: int, address: str
) -> None:
    headers = [("X-Forwarded-For", told)] if told else []
    assert address_of(request_from(peer, headers), proxy_hops=hops) == address


def test_a_header_that_comes_twice_is_one_list() -> None:
    twice = request_from("10.0.0.1", [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.7")])
    assert address_of(twice, proxy_hops=1) == "203.0.113.7"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted(rate: Rate, client: str, times: int) -> int:
    return sum(rate.wait_for(client) is None for _ in range(times))


def test_a_minute_has_so_many_requests_for_each_client() -> None:
    clock = Clock()
    rate = Rate(6, clock=clock)
    assert admitted(rate, "one", 20) == 6
    assert admitted(rate, "two", 20) == 6, "of each"
    clock.now += 10
    assert admitted(rate, "one", 20) == 1, "one more as time goes by"
    clock.now += 600
    assert admitted(rate, "one", 20) == 6, "and never more at once"


def test_a_client_is_told_when_it_may_come_again() -> None:
    clock = Clock()
    rate = Rate(6, clock=clock)
    admitted(rate, "one", 6)
    wait = rate.wait_for("one")
    assert wait
    clock.now += wait
    assert rate.wait_for("one") is None


def test_no_rate_is_no_limit() -> None:
    assert admitted(Rate(0), "one", 1000) == 1000
