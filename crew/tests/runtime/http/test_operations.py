"""What operators are told, on a port of its own."""

import asyncio
import json
import logging
import secrets
import sys
from collections.abc import Iterator

import pytest

from conftest import StartRuntime
from crew_runtime.common.metrics import Counter, measured, rendered
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.machine.model_probe import embedder_probe, model_probe
from support.aws import FakeAws
from support.canned import Canned
from support.declarations import declaration
from support.ecs import FakeEcsAgent
from support.memory import resident
from support.model import StubModel
from support.paid import environment, paid
from support.postgres import Cluster
from support.runtime import SENTINEL_KEY
from support.sandbox import Sandbox
from support.waiting import wait_for


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    fake = FakeAws("/project/stack/researcher/identity")
    yield fake
    fake.close()


def test_the_internal_port_tells_of_readiness_and_numbers_and_the_public_one_does_not(
    start_runtime: StartRuntime,
) -> None:
    runtime = start_runtime(INTERNAL_PORT="0")
    with runtime.internal as internal:
        starting = internal.get("/readyz")
        assert starting.status_code == 503
        checks = starting.json()["checks"]
        assert checks.keys() == {"registered", "crew", "store", "disk", "model"}
        # The crew may be ready already.
        assert [name for name, ok in checks.items() if not ok and name != "crew"] == ["registered"]
        runtime.identify()
        runtime.ended(runtime.start_job("tea"))
        assert internal.get("/readyz").json()["status"] == "ready"
        metrics = internal.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        lines = metrics.text.splitlines()
        assert 'crew_jobs{kind="completed"} 1' in lines
        assert 'crew_jobs_ended_total{outcome="result"} 1' in lines
        assert "crew_model_tokens_total 24" in lines
        (seconds,) = [line for line in lines if line.startswith("crew_model_seconds_total ")]
        assert 0 < float(seconds.split()[1]) < 60
        assert "crew_ready 1" in lines
        assert internal.get("/start_job").status_code == 404
        assert [internal.head(path).status_code for path in ("/readyz", "/metrics")] == [200, 200]
    assert {runtime.http.get(path).status_code for path in ("/metrics", "/readyz")} == {404}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of memory in /proc")
def test_the_runtime_s_own_process_is_small_with_all_that_it_can_be_told_to_use(
    start_runtime: StartRuntime, sandbox: Sandbox, cluster: Cluster, ecs_agent: FakeEcsAgent, aws: FakeAws
) -> None:
    aws.value = json.dumps({"agentIdentifier": sandbox.register()})
    runtime = start_runtime(
        paid(),
        INTERNAL_PORT="0",
        DATABASE_URL=cluster.new_database(),
        IDENTITY_SSM_PARAMETER=aws.parameter,
        IDENTITY_POLL_SECONDS="0.1",
        ECS_AGENT_URI=ecs_agent.uri,
        **aws.environment,
        **environment(sandbox),
    )
    wait_for(lambda: runtime.http.get("/availability").json()["status"] == "available")
    receipt = runtime.buy("tea", secrets.token_hex(10)).json()
    sandbox.buy(receipt)
    assert runtime.ended(receipt["id"])["status"] == "completed"
    with runtime.internal as internal:
        assert internal.get("/readyz").status_code == 200
    # MB. 89 seen, and 100 on a busy machine, where the allocator keeps more for threads; CrewAI would double it.
    assert (resident(runtime.process.pid) or 0) <= 110


def access(api: str, embeddings: str = "some-model") -> ModelAccess:
    return ModelAccess(api=api, key=SENTINEL_KEY, name="stub-model", embeddings=embeddings)


@pytest.mark.parametrize(
    ("answer", "expected"), [((200, b"{}"), True), ((404, b""), True), ((401, b""), False), ((503, b""), False)]
)
def test_a_model_is_ready_if_it_answers_and_takes_the_key(answer: tuple[int, bytes], expected: bool) -> None:
    canned = Canned(answer)
    probe = model_probe(access(canned.url))

    async def ask_twice() -> list[bool]:
        return [await probe.answers() for _ in range(2)]

    assert asyncio.run(ask_twice()) == [expected, expected]
    assert [path for path, _ in canned.asked] == ["/api/v1/models"], "asked once a minute at most"
    canned.close()


def test_a_model_that_cannot_be_reached_is_not_ready() -> None:
    assert asyncio.run(model_probe(access("http://127.0.0.1:1/v1")).answers()) is False


@pytest.mark.parametrize(
    ("embeddings", "reason"),
    [
        ("some-model", None),
        ("fails with 500", "500"),
        ("fails with 404", "404"),
        ("too few vectors", "NoVector"),
        ("vectors of zeros", "NoVector"),
    ],
)
def test_an_embedding_model_is_ready_if_it_embeds(
    model: StubModel, embeddings: str, reason: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    probe = embedder_probe(access(model.url, embeddings))
    begun = len(model.requests)

    async def ask_twice() -> list[bool]:
        return [await probe.answers() for _ in range(2)]

    with caplog.at_level(logging.INFO, logger="crew_runtime"):
        assert asyncio.run(ask_twice()) == [reason is None] * 2
    assert [vars(record)["fields"] for record in caplog.records] == ([{"reason": reason}] if reason else [])
    assert [(one["path"], one["key"]) for one in model.requests[begun:]] == [
        ("/v1/embeddings", f"Bearer {SENTINEL_KEY}")
    ], "asked once a minute at most"


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"data": [{"embedding": ["x"]}]}', b'{"data": [{"embedding": []}]}']
)
def test_an_answer_without_a_vector_is_none(answer: bytes) -> None:
    canned = Canned((200, answer))
    assert asyncio.run(embedder_probe(access(canned.url)).answers()) is False
    canned.close()


def test_an_embedding_model_that_cannot_be_reached_is_not_ready() -> None:
    assert asyncio.run(embedder_probe(access("http://127.0.0.1:1/v1")).answers()) is False


@pytest.mark.parametrize(("named", "ready"), [("some-model", True), ("fails with 503", False)])
def test_an_agent_with_an_embedding_model_is_ready_only_if_that_is(
    start_runtime: StartRuntime, named: str, ready: bool
) -> None:
    runtime = start_runtime(declaration(model={"embeddings": named}), INTERNAL_PORT="0")
    runtime.identify()
    runtime.wait_until_ready()
    with runtime.internal as internal:
        answer = internal.get("/readyz")
    assert answer.status_code == (200 if ready else 503)
    assert answer.json()["checks"]["embedder"] is ready
    assert answer.json()["checks"]["model"], "the one says nothing about the other"


def test_numbers_are_written_as_prometheus_reads_them() -> None:
    counter = Counter("unused_total", "Never shown.")
    counter.add(2, word='a "quoted"\nword\\')
    counter.add(word='a "quoted"\nword\\')
    assert list(counter.values.values()) == [3]
    text = rendered(measured([("queue", "Jobs that wait.", 3), ("jobs", "Jobs by state.", {'a"b': 1_795_351_685})]))
    assert "# TYPE crew_queue gauge\ncrew_queue 3\n" in text
    assert 'crew_jobs{kind="a\\"b"} 1795351685\n' in text
