"""What all that is sent to an OpenTelemetry collector has in common."""

from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

TRACES: Final = "/v1/traces"
METRICS: Final = "/v1/metrics"
SCOPE: Final = InstrumentationScope("crew_runtime")


def address(endpoint: str, path: str) -> str:
    """Return where a signal goes; `endpoint` may have the path of traces already, which the others are beside."""
    return endpoint.rstrip("/").removesuffix(TRACES).rstrip("/") + path


def resource(service: str, instance: str) -> Resource:
    """Return who sends."""
    return Resource.create({"service.name": service, "service.instance.id": instance})


def sendable(text: str) -> str:
    """Return a text without halves of surrogate pairs, for which all that is sent with it would be lost."""
    return text.encode("utf-8", "replace").decode()
