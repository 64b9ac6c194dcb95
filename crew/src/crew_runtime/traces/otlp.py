"""Sends spans by OTLP over HTTP, with OpenTelemetry's own SDK; loaded only where a collector is named."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from crew_runtime.traces.collector import SCOPE, TRACES, address, resource, sendable
from crew_runtime.traces.exporting import Connection
from crew_runtime.traces.outage import Outage
from crew_runtime.traces.span import Span

_ANSWERS_WITHIN_SECONDS: Final = 10
_SENDS_AFTER_MILLISECONDS: Final = 1000
_KINDS: Final = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER, "client": SpanKind.CLIENT}
_QUEUE: Final = logging.getLogger("opentelemetry.sdk._shared_internal")
"""Where it is said that spans find no place in the queue."""


class OtlpTraces:
    """Sends spans in batches, from a thread of its own. If the collector is away, they are lost, and jobs go on.

    The log says once that they are, and once that they are not any more.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        *,
        service: str,
        instance: str,
        captures_content: bool = False,
    ) -> None:
        self.captures_content = captures_content
        self._resource = resource(service, instance)
        self._outage = Outage("traces")
        exporter = _Exporter(address(endpoint, TRACES), headers, self._outage)
        _QUEUE.addFilter(self._is_news)
        self._processor = BatchSpanProcessor(exporter, schedule_delay_millis=_SENDS_AFTER_MILLISECONDS)

    def export(self, spans: Iterable[Span]) -> None:
        """Take spans that have ended; returns at once."""
        for span in spans:
            self._processor.on_end(self._readable(span))

    def close(self) -> None:
        """Send what is left; blocks for some seconds at most."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]
        _QUEUE.removeFilter(self._is_news)

    def _is_news(self, _record: logging.LogRecord) -> bool:
        return not self._outage.lasts

    def _readable(self, span: Span) -> ReadableSpan:
        named = {**span.attributes, **({"error.type": span.error} if span.error else {})}
        attributes = {name: sendable(value) if isinstance(value, str) else value for name, value in named.items()}
        return ReadableSpan(
            name=sendable(span.name),
            context=_context(span.trace_id, span.span_id),
            parent=None if span.parent_id is None else _context(span.trace_id, span.parent_id, span.kind == "server"),
            resource=self._resource,
            attributes=attributes,
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR if span.error else StatusCode.UNSET),
            start_time=span.begun,
            end_time=span.ended,
            instrumentation_scope=SCOPE,
        )


class _Exporter(OTLPSpanExporter):
    """OpenTelemetry's exporter, which notes what came of each batch."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], outage: Outage) -> None:
        self._connection = Connection(OTLPSpanExporter.__module__)
        self._outage = outage
        super().__init__(
            endpoint=endpoint,
            headers=dict(headers),
            timeout=_ANSWERS_WITHIN_SECONDS,
            session=self._connection,
        )

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, and try again for some seconds."""
        result = super().export(spans)
        problem = self._connection.take_problem()
        self._outage.note(None if result is SpanExportResult.SUCCESS else problem)
        return result


def _context(trace_id: int, span_id: int, is_remote: bool = False) -> SpanContext:  # noqa: FBT001, FBT002
    return SpanContext(trace_id, span_id, is_remote=is_remote, trace_flags=TraceFlags(TraceFlags.SAMPLED))
