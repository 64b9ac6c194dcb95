"""The endpoints for operators of a service with many agents: /metrics, /readyz, /agents and /<agent id>/readyz."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from crew_runtime.common.metrics import Gauge, Metric, measured, rendered
from crew_runtime.http.operations.agent_operations import PROMETHEUS, AgentOperations, Disk, readiness

_ALWAYS: frozenset[str] = frozenset(("ready", "store", "payment_service"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """An agent as its operators see it; without `operations` it is not served, for the reasons in `problems`."""

    state: str
    problems: Sequence[str] = ()
    operations: AgentOperations | None = None


def service_metrics(reports: Mapping[str, AgentReport], disk: Disk) -> list[Metric]:
    """Return what is measured of a service and of its agents."""
    gauges: list[Gauge] = [
        disk.gauge(),
        ("agents", "Agents by state.", _numbers([one.state for one in reports.values()])),
    ]
    return measured(gauges, {name: _gauges(one) for name, one in reports.items()})


def service_operations(
    reports: Callable[[], Mapping[str, AgentReport]],
    checks: Callable[[], Mapping[str, bool]],
    disk: Disk,
    is_stopping: Callable[[], bool],
) -> Starlette:
    """Return the application; `checks` are those of the service itself."""

    async def readyz(_request: Request) -> JSONResponse:
        found = [report.state for report in reports().values()]
        numbers = {state: found.count(state) for state in ("ready", "loading", "unusable", "leaving")}
        all_checks = {**checks(), "disk": disk.has_room}
        return readiness(all_checks, is_stopping=is_stopping(), agents=numbers)

    async def agents(_request: Request) -> JSONResponse:
        return JSONResponse(
            {name: {"state": one.state, "problems": list(one.problems)} for name, one in reports().items()}
        )

    async def agent_readyz(request: Request) -> JSONResponse:
        report = reports().get(request.path_params["agent"])
        if report is None:
            return JSONResponse({"error": "AGENT_UNKNOWN", "message": "There is no such agent here."}, 404)
        own = await report.operations.checks() if report.operations else {"crew": False}
        own["disk"] = disk.has_room
        return readiness(own, is_stopping=is_stopping(), state=report.state, problems=list(report.problems))

    async def metrics(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(rendered(service_metrics(reports(), disk)), media_type=PROMETHEUS)

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/readyz", readyz),
            Route("/agents", agents),
            Route("/{agent}/readyz", agent_readyz),
        ]
    )


def _numbers(states: Sequence[str]) -> dict[str, float]:
    return {state: states.count(state) for state in sorted(set(states))}


def _gauges(one: AgentReport) -> list[Gauge]:
    """Return an agent's gauges, without the zeros of those that have nothing to do, which are most."""
    if one.operations is None:
        return [("ready", "Whether CrewAI has built the crew.", 0.0)]
    return [gauge for gauge in one.operations.gauges() if gauge[2] or gauge[0] in _ALWAYS]
