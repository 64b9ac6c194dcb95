"""Sends metrics by OTLP over HTTP, with OpenTelemetry's own exporter; loaded only where a collector is named."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import export as otel

from crew_runtime.common.metrics import Metric
from crew_runtime.traces.collector import METRICS, SCOPE, address, resource, sendable
from crew_runtime.traces.exporting import Connection

_ANSWERS_WITHIN_SECONDS: Final = 5
_UNITS: Final = {"seconds": "s", "bytes": "By"}
"""Units by the word that the names of metrics end with; what is counted has none."""


class OtlpMetrics:
    """Sends what it is given, under the names and labels that /metrics has; not for several threads at once."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], *, service: str, instance: str) -> None:
        self._resource = resource(service, instance)
        self._begun = time.time_ns()
        self._connection = Connection(OTLPMetricExporter.__module__)
        self._exporter = OTLPMetricExporter(
            endpoint=address(endpoint, METRICS),
            headers=dict(headers),
            timeout=_ANSWERS_WITHIN_SECONDS,
            compression=Compression.Gzip,
            session=self._connection,
        )

    def send(self, metrics: Sequence[Metric]) -> str | None:
        """Send them, and return None, or why the collector did not take them; blocks for some seconds at most."""
        scope = otel.ScopeMetrics(SCOPE, [self._sent(one) for one in metrics if one.samples], schema_url="")
        data = otel.MetricsData([otel.ResourceMetrics(self._resource, [scope], schema_url="")])
        is_taken = self._exporter.export(data) is otel.MetricExportResult.SUCCESS
        problem = self._connection.take_problem()
        return None if is_taken else problem

    def close(self) -> None:
        """Give up what is being sent, and send no more; returns at once."""
        self._exporter.shutdown()

    def _sent(self, metric: Metric) -> otel.Metric:
        now = time.time_ns()
        points = [
            otel.NumberDataPoint({name: sendable(text) for name, text in labels.items()}, self._begun, now, value)
            for labels, value in metric.samples
        ]
        data: otel.Sum | otel.Gauge = otel.Gauge(points)
        if metric.kind == "counter":
            data = otel.Sum(points, otel.AggregationTemporality.CUMULATIVE, is_monotonic=True)
        unit = _UNITS.get(metric.name.removesuffix("_total").rpartition("_")[2], "")
        return otel.Metric(metric.name, metric.help_text, unit, data)
