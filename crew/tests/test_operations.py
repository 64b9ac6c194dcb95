"""What operators are told, on a port of its own."""

from pathlib import Path

from conftest import StartRuntime
from crew_runtime.metrics import Counter, rendered
from support.runtime import Runtime
from support.waiting import wait_for


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


def test_a_model_that_cannot_be_reached_is_not_ready(start_runtime: StartRuntime) -> None:
    runtime = start_runtime(INTERNAL_PORT="0", MODEL_API="http://127.0.0.1:1/v1")
    with runtime.internal as internal:
        assert internal.get("/readyz").json()["checks"]["model"] is False
    wait_for(lambda: any(event["event"] == "model_not_ready" for event in runtime.events))


def test_numbers_are_written_as_prometheus_reads_them() -> None:
    counter = Counter("unused_total", "Never shown.")
    counter.add(2, word='a "quoted"\nword\\')
    counter.add(word='a "quoted"\nword\\')
    assert list(counter.values.values()) == [3]
    text = rendered([("queue", "Jobs that wait.", 3), ("jobs", "Jobs by state.", {'a"b': 1_795_351_685})])
    assert "# TYPE crew_queue gauge\ncrew_queue 3\n" in text
    assert 'crew_jobs{kind="a\\"b"} 1795351685\n' in text
