"""What operators are told, on a port of its own."""

import asyncio
from pathlib import Path

import pytest

from conftest import StartRuntime
from crew_runtime.metrics import Counter, rendered
from crew_runtime.model_probe import ModelProbe
from support.canned import Canned
from support.runtime import Runtime


def test_the_internal_port_tells_of_readiness_and_numbers_and_the_public_one_does_not(
    start_runtime: StartRuntime,
) -> None:
    runtime = start_runtime(INTERNAL_PORT="0")
    with runtime.internal as internal:
        starting = internal.get("/readyz")
        assert starting.status_code == 503
        assert starting.json()["checks"] == {"registered": False, "crew": False, "store": True, "model": True}
        runtime.identify()
        runtime.ended(runtime.start_job("tea"))
        assert internal.get("/readyz").json()["status"] == "ready"
        metrics = internal.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        lines = metrics.text.splitlines()
        assert 'crew_jobs{kind="completed"} 1' in lines
        assert 'crew_jobs_ended_total{outcome="result"} 1' in lines
        assert "crew_model_tokens_total 24" in lines
        assert "crew_ready 1" in lines
        assert internal.get("/start_job").status_code == 404
    assert {runtime.http.get(path).status_code for path in ("/metrics", "/readyz")} == {404}


def test_the_runtime_s_own_process_is_small(runtime: Runtime) -> None:
    runtime.ended(runtime.start_job("tea"))
    status = Path(f"/proc/{runtime.process.pid}/status").read_text().splitlines()
    resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident <= 80 * 1024, "kB"


@pytest.mark.parametrize(
    ("answer", "expected"), [((200, b"{}"), True), ((404, b""), True), ((401, b""), False), ((503, b""), False)]
)
def test_a_model_is_ready_if_it_answers_and_takes_the_key(answer: tuple[int, bytes], expected: bool) -> None:
    canned = Canned(answer)
    probe = ModelProbe(canned.url, "key")

    async def ask_twice() -> list[bool]:
        return [await probe.answers() for _ in range(2)]

    assert asyncio.run(ask_twice()) == [expected, expected]
    assert [path for path, _ in canned.asked] == ["/api/v1/models"], "asked once a minute at most"
    canned.close()


def test_a_model_that_cannot_be_reached_is_not_ready() -> None:
    assert asyncio.run(ModelProbe("http://127.0.0.1:1/v1", "key").answers()) is False


def test_numbers_are_written_as_prometheus_reads_them() -> None:
    counter = Counter("unused_total", "Never shown.")
    counter.add(2, word='a "quoted"\nword\\')
    counter.add(word='a "quoted"\nword\\')
    assert list(counter.values.values()) == [3]
    text = rendered([("queue", "Jobs that wait.", 3), ("jobs", "Jobs by state.", {'a"b': 1_795_351_685})])
    assert "# TYPE crew_queue gauge\ncrew_queue 3\n" in text
    assert 'crew_jobs{kind="a\\"b"} 1795351685\n' in text
