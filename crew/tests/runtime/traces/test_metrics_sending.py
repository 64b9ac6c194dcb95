"""Metrics that go to the collector of traces: the numbers of /metrics, and nothing waits for it."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from crew_runtime.common.metrics import Metric
from crew_runtime.traces.metrics_sending import MetricsSending
from crew_runtime.traces.otlp_metrics import OtlpMetrics
from support.collector import Collector
from support.declarations import declaration, one_task
from support.model import StubModel
from support.runtime import Runtime
from support.service import Service
from support.waiting import wait_for

SENT_KEY = "of-a-secret"
HEADERS = f"authorization=Bearer {SENT_KEY}"
ONE = [Metric("crew_queue", "Jobs that wait.", "gauge", [({}, 3)])]


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.close()


def told(runtime: Runtime) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What /metrics tells, by name and labels."""
    with runtime.internal as internal:
        lines = [line for line in internal.get("/metrics").text.splitlines() if not line.startswith("#")]
    found = {}
    for line in lines:
        named, value = line.rsplit(" ", 1)
        name, _, labels = named.rstrip("}").partition("{")
        pairs = (pair.split("=", 1) for pair in labels.split(",") if pair)
        found[name, frozenset((label, json.loads(text)) for label, text in pairs)] = float(value)
    return found


async def measure_one() -> Sequence[Metric]:
    return ONE


def sending(
    collector_url: str,
    measure: Callable[[], Awaitable[Sequence[Metric]]] = measure_one,
    *,
    every_seconds: float = 0.05,
) -> MetricsSending:
    sender = OtlpMetrics(collector_url, {"authorization": f"Bearer {SENT_KEY}"}, service="agent", instance="one")
    return MetricsSending(sender, measure, every_seconds=every_seconds)


async def kept_until(sends: MetricsSending, is_enough: Callable[[], bool]) -> None:
    """Let it send until something is so, and end it."""
    keeping = asyncio.ensure_future(sends.keep())
    await asyncio.to_thread(wait_for, is_enough)
    keeping.cancel()
    await asyncio.wait([keeping])
    await sends.end()


def not_sent(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.getMessage() == "metrics_not_sent"]


def test_at_its_end_a_runtime_sends_the_numbers_of_its_jobs_once(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    runtime = Runtime(
        tmp_path,
        declaration(),
        shared_model.url,
        INTERNAL_PORT="0",
        TRACES_ENDPOINT=collector.url,
        TRACES_HEADERS=HEADERS,
    )
    runtime.identify()
    assert runtime.ended(runtime.start_job("MARKER-of-a-customer"))["status"] == "completed"
    before = told(runtime)
    assert runtime.stop() == 0
    (sent,) = collector.metrics
    assert collector.metrics_asked == 1, "only the runtime's own process sends, none of its jobs'"
    assert sent["crew_jobs_ended_total"].of(outcome="result") == 1
    assert sent["crew_model_tokens_total"].of() == 24
    assert sent["crew_jobs"].of(kind="completed") == 1
    assert {name for name, one in sent.items() if one.counts} == {name for name in sent if name.endswith("_total")}
    assert (sent["crew_job_seconds_total"].unit, sent["crew_disk_free_bytes"].unit) == ("s", "By")
    assert {(name, labels) for name, one in sent.items() for labels in one.values} == before.keys()
    for (name, labels), value in before.items():
        if name != "crew_disk_free_bytes":
            assert sent[name].values[labels] == pytest.approx(value), name
    assert collector.services == {declaration()["id"]}
    assert all(one["authorization"] == f"Bearer {SENT_KEY}" for one in collector.headers)
    assert b"MARKER" not in b"".join(collector.bodies)
    assert SENT_KEY not in runtime.output


def test_a_service_s_metrics_name_their_agents(tmp_path: Path, shared_model: StubModel, collector: Collector) -> None:
    service = Service(tmp_path, shared_model.url, TRACES_ENDPOINT=collector.url)
    service.agents.declare("one", one_task("{topic}"))
    service.agents.declare("other", one_task("{topic}"))
    service.wait_for_state("ready", "one", "other")
    one = service.agent("one")
    assert one.ended(one.start("tea"))["status"] == "completed"
    assert service.stop() == 0
    (sent,) = collector.metrics
    assert sent["crew_jobs_ended_total"].values == {frozenset({("agent", "one"), ("outcome", "result")}): 1}
    assert [sent["crew_ready"].of(agent=name) for name in ("one", "other")] == [1, 1]
    assert sent["crew_agents"].of(kind="ready") == 2
    assert "crew-service" in collector.services


def test_metrics_are_sent_again_and_again_and_once_more_at_the_end(collector: Collector) -> None:
    asyncio.run(kept_until(sending(collector.url + "/v1/traces"), lambda: len(collector.metrics) >= 3))
    kept = len(collector.metrics)
    assert all(sent["crew_queue"].of() == 3 for sent in collector.metrics)
    asyncio.run(sending(collector.url, every_seconds=60).end())
    assert len(collector.metrics) == kept + 1


def test_a_label_that_is_no_text_loses_no_other(collector: Collector) -> None:
    async def measure() -> Sequence[Metric]:
        return [Metric("crew_odd", "Odd.", "gauge", [({"kind": "\ud800"}, 1)]), *ONE]

    asyncio.run(sending(collector.url, measure).end())
    (sent,) = collector.metrics
    assert sent["crew_odd"].of(kind="?") == 1
    assert sent["crew_queue"].of() == 3


def test_a_collector_that_refuses_is_logged_once_until_it_takes_them_again(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.metrics_status = 401
    sends = sending(collector.url)

    async def refused_thrice_then_taken() -> None:
        keeping = asyncio.ensure_future(sends.keep())
        await asyncio.to_thread(wait_for, lambda: collector.metrics_asked >= 3)
        collector.metrics_status = 200
        await asyncio.to_thread(wait_for, lambda: len(collector.metrics) >= 2)
        keeping.cancel()
        await asyncio.wait([keeping])
        assert len(not_sent(caplog)) == 1
        collector.metrics_status = 404
        await sends.end()

    asyncio.run(refused_thrice_then_taken())
    assert ["401" in str(vars(one)["fields"]) for one in not_sent(caplog)] == [True, False]
    assert len(caplog.records) == 2, "the exporter itself says nothing"
    assert SENT_KEY not in str([vars(record) for record in caplog.records])


def test_a_runtime_whose_collector_is_away_does_its_jobs_and_ends_as_ever(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    collector.close()
    environment = {"TRACES_ENDPOINT": collector.url, "TRACES_HEADERS": HEADERS}
    runtime = Runtime(tmp_path, one_task("{topic}"), shared_model.url, **environment)
    runtime.identify()
    assert runtime.ended(runtime.start_job("tea"))["status"] == "completed"
    assert runtime.stop() == 0
    (problem,) = [one["problem"] for one in runtime.events if one["event"] == "metrics_not_sent"]
    assert "refused" in problem or "did not answer in time" in problem
    assert SENT_KEY not in runtime.output


def test_a_collector_that_never_answers_keeps_the_end_waiting_for_seconds_only(
    collector: Collector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crew_runtime.traces.metrics_sending._ENDS_WITHIN_SECONDS", 0.2)
    monkeypatch.setattr("crew_runtime.traces.otlp_metrics._ANSWERS_WITHIN_SECONDS", 1)

    def answer(*_: object) -> tuple[int, bytes]:
        time.sleep(2)
        return 200, b""

    monkeypatch.setattr(collector, "answer", answer)
    begun = time.monotonic()
    asyncio.run(sending(collector.url).end())
    assert time.monotonic() - begun < 1
    assert [vars(one)["fields"] for one in not_sent(caplog)] == [{"problem": "The collector did not answer in time."}]


def test_a_fault_in_what_is_measured_ends_no_sending(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    asked = 0

    async def measure() -> Sequence[Metric]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OSError("the folder is gone")
        return ONE

    asyncio.run(kept_until(sending(collector.url, measure), lambda: len(collector.metrics) >= 1))
    assert [vars(one)["fields"] for one in not_sent(caplog)] == [{"problem": "OSError"}]
