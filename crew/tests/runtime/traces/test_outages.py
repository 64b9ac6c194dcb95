"""A collector that goes and comes: each exporter says so once, whatever OpenTelemetry's own code has to say."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crew_runtime.common.metrics import Metric
from crew_runtime.traces.metrics_sending import MetricsSending
from crew_runtime.traces.otlp import OtlpTraces
from crew_runtime.traces.otlp_metrics import OtlpMetrics
from crew_runtime.traces.span import Span
from support.collector import Collector
from support.declarations import one_task
from support.model import StubModel
from support.runtime import Runtime
from support.waiting import wait_for

SENT_KEY = "of-a-secret"
HEADERS = {"authorization": f"Bearer {SENT_KEY}"}
REFUSED = "The collector cannot be reached: Connection refused."


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Exporters that give up, and send, at once; and a log with all that crews log."""
    monkeypatch.setattr("crew_runtime.traces.otlp._ANSWERS_WITHIN_SECONDS", 0.2)
    monkeypatch.setattr("crew_runtime.traces.otlp._SENDS_AFTER_MILLISECONDS", 20)
    monkeypatch.setattr("crew_runtime.traces.otlp_metrics._ANSWERS_WITHIN_SECONDS", 0.2)
    caplog.set_level(logging.INFO)


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, object]]:
    """All that was logged by what sends, with its reason."""
    senders = ("crew_runtime.traces", "opentelemetry", "urllib3")
    records = [record for record in caplog.records if record.name.startswith(senders)]
    assert SENT_KEY not in str([vars(record) for record in records])
    return [(one.levelname, one.getMessage(), vars(one).get("fields", {}).get("problem")) for one in records]


def span(name: str) -> Span:
    now = time.time_ns()
    return Span(name=name, trace_id=1, span_id=1, parent_id=None, begun=now, ended=now)


@contextlib.contextmanager
def sending_traces(url: str) -> Iterator[OtlpTraces]:
    traces = OtlpTraces(url, HEADERS, service="agent", instance="one")
    yield traces
    traces.close()


@pytest.mark.usefixtures("impatient")
def test_of_traces_it_is_said_once_that_the_collector_is_away_and_once_that_it_is_back(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    with sending_traces(collector.url) as traces:
        for _ in range(2):
            traces.export([span("before")])
            collector.named("before")
            assert told(caplog) == []
            collector.close()
            for _ in range(3):
                traces.export([span("lost")])
                time.sleep(0.3)
            assert told(caplog) == [("WARNING", "traces_not_sent", REFUSED)]
            collector = Collector(collector.port)
            traces.export([span("after")])
            collector.named("after")
            traces.export([span("later")])
            collector.named("later")
            wait_for(lambda: len(told(caplog)) > 1)
            assert told(caplog)[1:] == [("INFO", "traces_sent_again", None)]
            caplog.clear()
    collector.close()


@pytest.mark.usefixtures("impatient")
def test_of_traces_that_are_refused_it_is_said_once_with_the_status(
    collector: Collector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def answer(path: object, *_: object) -> tuple[int, bytes]:
        asked.append(path)
        return 401, b"of-a-secret"

    monkeypatch.setattr(collector, "answer", answer)
    with sending_traces(collector.url) as traces:
        while len(asked) < 3:
            traces.export([span("refused")])
            time.sleep(0.05)
    assert told(caplog) == [("WARNING", "traces_not_sent", "The collector answered with status 401.")]


@pytest.mark.usefixtures("impatient")
def test_spans_that_find_no_place_while_the_collector_is_away_are_not_told_of_again(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.close()
    with sending_traces(collector.url) as traces:
        traces.export([span("lost")])
        wait_for(lambda: told(caplog))
        traces.export(span("lost") for _ in range(5000))
    assert told(caplog) == [("WARNING", "traces_not_sent", REFUSED)]


@pytest.mark.usefixtures("impatient")
def test_of_metrics_it_is_said_once_that_the_collector_is_away_and_once_that_it_is_back(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    asked = 0

    async def measure() -> Sequence[Metric]:
        nonlocal asked
        asked += 1
        return [Metric("crew_queue", "Jobs that wait.", "gauge", [({}, 3)])]

    async def away_and_back() -> Collector:
        sender = OtlpMetrics(collector.url, HEADERS, service="agent", instance="one")
        sends = MetricsSending(sender, measure, every_seconds=0.05)
        keeping = asyncio.ensure_future(sends.keep())
        await asyncio.to_thread(wait_for, lambda: collector.metrics)
        await asyncio.to_thread(collector.close)
        before = asked
        await asyncio.to_thread(wait_for, lambda: asked > before + 3)
        assert told(caplog) == [("WARNING", "metrics_not_sent", REFUSED)]
        back = Collector(collector.port)
        await asyncio.to_thread(wait_for, lambda: len(back.metrics) > 1)
        keeping.cancel()
        await asyncio.wait([keeping])
        await sends.end()
        return back

    asyncio.run(away_and_back()).close()
    assert told(caplog)[1:] == [("INFO", "metrics_sent_again", None)]


def test_the_log_of_a_runtime_whose_collector_is_away_has_one_line_for_each_exporter(
    tmp_path: Path, shared_model: StubModel, collector: Collector
) -> None:
    collector.close()
    runtime = Runtime(tmp_path, one_task("{topic}"), shared_model.url, TRACES_ENDPOINT=collector.url)
    runtime.identify()
    for _ in range(2):
        assert runtime.ended(runtime.start_job("tea"))["status"] == "completed"
        runtime.wait_for_event("traces_not_sent")
    assert runtime.stop() == 0
    complaints = [one["event"] for one in runtime.events if one["level"] != "info"]
    assert sorted(complaints) == ["metrics_not_sent", "traces_not_sent"]
