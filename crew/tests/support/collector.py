"""An OpenTelemetry collector on loopback: it reads what comes by the protocol's own messages."""

import gzip
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from support.server import Server
from support.waiting import wait_for


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as it came; ids are bytes."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    kind: int
    begun: int
    ended: int
    failed: bool
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric as it came; values by labels. `counts`: it is a cumulative sum that only goes up."""

    counts: bool
    unit: str
    values: dict[frozenset[tuple[str, str]], float]

    def of(self, **labels: str) -> float | None:
        return self.values.get(frozenset(labels.items()))


class Collector(Server):
    """Keeps spans, metrics, headers and bodies until `close`; answers metrics with `metrics_status`."""

    def __init__(self, port: int = 0) -> None:
        self.spans: list[Seen] = []
        self.metrics: list[dict[str, Measured]] = []
        self.metrics_asked = 0
        self.metrics_status = 200
        self.services: set[str] = set()
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                status, answer = collector.answer(self.path, body, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args: object) -> None:
                pass

        super().__init__(Handler, port=port)

    def answer(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self.headers.append(headers)
        self.bodies.append(body)
        if path == "/v1/metrics":
            self.metrics_asked += 1
            if self.metrics_status == 200:
                self.take_metrics(body)
            return self.metrics_status, ExportMetricsServiceResponse().SerializeToString()
        assert path == "/v1/traces"
        self.take_spans(body)
        return 200, ExportTraceServiceResponse().SerializeToString()

    def take_spans(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services.add(_service(resource))
            for scope in resource.scope_spans:
                self.spans += [_seen(span) for span in scope.spans]

    def take_metrics(self, body: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            self.services.add(_service(resource))
            self.metrics.append(
                {metric.name: _measured(metric) for scope in resource.scope_metrics for metric in scope.metrics}
            )

    def named(self, name: str, count: int = 1) -> list[Seen]:
        """Wait for so many spans of a name."""
        wait_for(lambda: len([span for span in self.spans if span.name == name]) >= count)
        return [span for span in self.spans if span.name == name]


def _seen(span: Any) -> Seen:  # noqa: ANN401 - generated code has no types
    values = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
    return Seen(
        name=span.name,
        trace=span.trace_id,
        id=span.span_id,
        parent=span.parent_span_id,
        kind=span.kind,
        begun=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        failed=span.status.code == 2,
        attributes=values,
    )


def _service(resource: Any) -> str:  # noqa: ANN401
    named: dict[str, str] = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert named["service.instance.id"]
    return named["service.name"]


def _measured(metric: Any) -> Measured:  # noqa: ANN401
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    values = {
        frozenset((one.key, one.value.string_value) for one in point.attributes): getattr(
            point, point.WhichOneof("value")
        )
        for point in data.data_points
    }
    assert len(values) == len(data.data_points), "one value for the same labels"
    counts = kind == "sum" and data.is_monotonic and data.aggregation_temporality == 2
    assert counts or kind == "gauge"
    return Measured(counts=counts, unit=metric.unit, values=values)
