"""The endpoints for operators, on a port of their own: /metrics and /readyz."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from crew_runtime.common.disk import free_bytes
from crew_runtime.common.metrics import Gauge, Metric, measured, rendered
from crew_runtime.http.agent.agent import Agent
from crew_runtime.job.job import now
from crew_runtime.machine.model_probe import Probe
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.payments.watch import PaymentWatch
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.leases import LeaseKeeper
from crew_runtime.store import JobStore, StoreUnavailableError

PROMETHEUS: Final = "text/plain; version=0.0.4"


class AgentOperations:
    """Reports the state of one agent; never anything of an input or a result."""

    def __init__(
        self,
        *,
        agent: Agent,
        store: JobStore,
        runner: JobRunner,
        keeper: LeaseKeeper,
        watch: PaymentWatch | None,
        model: Probe,
        day: DailyTokens,
        embedder: Probe | None,
    ) -> None:
        self._agent = agent
        self._store = store
        self._runner = runner
        self._keeper = keeper
        self._watch = watch
        self._model = model
        self._day = day
        self._embedder = embedder

    async def checks(self) -> dict[str, bool]:
        """Return what jobs need, by name, and whether it is there."""
        checks = {
            "registered": self._agent.is_registered,
            "crew": self._agent.crew_state == "ready",
            "store": self._keeper.works,
            "model": await self._model.answers(),
        }
        if self._embedder:
            checks["embedder"] = await self._embedder.answers()
        if self._watch and self._agent.is_paid:
            checks["payments"] = self._watch.is_reachable
        return checks

    @property
    def is_stopping(self) -> bool:
        """Return whether no more jobs are begun."""
        return self._runner.is_stopping

    def gauges(self) -> list[Gauge]:
        """Return what is known without asking anybody."""
        gauges: list[Gauge] = [
            ("ready", "Whether CrewAI has built the crew.", float(self._agent.crew_state == "ready")),
            ("jobs_running", "Jobs at work in a process.", self._runner.running),
            ("jobs_waiting", "Jobs that wait for a process.", self._runner.waiting),
            ("jobs_asking", "Jobs that wait for their customer.", self._runner.asking),
            ("tokens_today", "Tokens of the language model that were used today, by UTC.", self._day.used),
        ]
        if self._day.limit is not None:
            gauges.append(("daily_tokens", "Tokens that may be used in a day.", self._day.limit))
        gauges.append(("store", "Whether the job store answers.", float(self._keeper.works)))
        if self._watch:
            gauges += _payments(self._watch)
        return gauges

    async def counts(self) -> list[Gauge]:
        """Return the number of jobs in the store; none while it does not answer, which the gauge `store` tells."""
        try:
            counts = await asyncio.to_thread(self._store.counts)
        except StoreUnavailableError:
            return []
        return [("jobs", "Jobs in the store by state.", {str(state): n for state, n in counts.items()})]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk of DATA_DIR, and the bytes that it must have free."""

    folder: Path
    least: int

    @property
    def has_room(self) -> bool:
        """Return whether there is room for jobs."""
        return free_bytes(self.folder) >= self.least

    def gauge(self) -> Gauge:
        """Return the free bytes."""
        return ("disk_free_bytes", "Bytes that can be written to DATA_DIR yet.", free_bytes(self.folder))


async def metrics_of(one: AgentOperations, disk: Disk) -> list[Metric]:
    """Return what is measured of a process with one agent."""
    return measured([*one.gauges(), *await one.counts(), disk.gauge()])


def operations_of(one: AgentOperations, disk: Disk) -> Starlette:
    """Return the application for the operators of one agent."""

    async def readyz(_request: Request) -> JSONResponse:
        return readiness(await one.checks() | {"disk": disk.has_room}, is_stopping=one.is_stopping)

    async def metrics(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(rendered(await metrics_of(one, disk)), media_type=PROMETHEUS)

    return Starlette(routes=[Route("/metrics", metrics), Route("/readyz", readyz)])


def readiness(checks: Mapping[str, bool], *, is_stopping: bool, **more: object) -> JSONResponse:
    """Answer 200 if jobs can be done now, else 503; the checks by name either way."""
    ready = all(checks.values()) and not is_stopping
    status = "ready" if ready else "not ready"
    return JSONResponse({"status": status, "checks": dict(checks), **more}, 200 if ready else 503)


def _payments(watch: PaymentWatch) -> list[Gauge]:
    gauges: list[Gauge] = [
        ("payment_service", "Whether the payment service answers.", float(watch.is_reachable)),
        ("payments", "Watched payments by on-chain state.", dict(watch.held)),
        ("payments_need_operator", "Watched payments that wait for manual action.", watch.stuck),
    ]
    if watch.next_deadline is not None:
        seconds = (watch.next_deadline - now()) / 1000
        gauges.append(("submit_deadline_seconds", "Seconds until the next result has to be on the chain.", seconds))
    return gauges
