"""The endpoints for operators, on a port of their own: /metrics and /readyz."""

import asyncio
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from crew_runtime.disk import free_bytes
from crew_runtime.http.agent import Agent
from crew_runtime.jobs import now
from crew_runtime.machine.model_probe import Probe
from crew_runtime.metrics import Gauge, rendered
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.payments.watch import PaymentWatch
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.leases import LeaseKeeper
from crew_runtime.store import JobStore, StoreUnavailableError

_PROMETHEUS: Final = "text/plain; version=0.0.4"


class Operations:
    """Reports the runtime's state; never anything of an input or a result."""

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
        data_dir: Path,
        min_free_disk: int,
    ) -> None:
        self._agent = agent
        self._store = store
        self._runner = runner
        self._keeper = keeper
        self._watch = watch
        self._model = model
        self._day = day
        self._embedder = embedder
        self._data_dir = data_dir
        self._min_free_disk = min_free_disk

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(routes=[Route("/metrics", self._metrics), Route("/readyz", self._readyz)])

    async def _readyz(self, _request: Request) -> JSONResponse:
        """Answer 200 if jobs can be done now, else 503; the checks by name either way."""
        checks = {
            "registered": self._agent.is_registered,
            "crew": self._runner.crew_is_ready,
            "store": self._keeper.works,
            "disk": free_bytes(self._data_dir) >= self._min_free_disk,
            "model": await self._model.answers(),
        }
        if self._embedder:
            checks["embedder"] = await self._embedder.answers()
        if self._watch and self._agent.is_paid:
            checks["payments"] = self._watch.is_reachable
        ready = all(checks.values()) and not self._runner.is_stopping
        return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    async def _metrics(self, _request: Request) -> PlainTextResponse:
        gauges: list[Gauge] = [
            ("ready", "Whether CrewAI has built the crew.", float(self._runner.crew_is_ready)),
            ("jobs_running", "Jobs at work in a process.", self._runner.running),
            ("jobs_waiting", "Jobs that wait for a process.", self._runner.waiting),
            ("jobs_asking", "Jobs that wait for their customer.", self._runner.asking),
            ("tokens_today", "Tokens of the language model that were used today, by UTC.", self._day.used),
        ]
        if self._day.limit is not None:
            gauges.append(("daily_tokens", "Tokens that may be used in a day.", self._day.limit))
        try:
            counts = await asyncio.to_thread(self._store.counts)
            gauges.append(("jobs", "Jobs in the store by state.", {str(state): n for state, n in counts.items()}))
        except StoreUnavailableError:
            pass  # crew_store says so
        gauges.append(("store", "Whether the job store answers.", float(self._keeper.works)))
        gauges.append(("disk_free_bytes", "Bytes that can be written to DATA_DIR yet.", free_bytes(self._data_dir)))
        if self._watch:
            gauges += _payments(self._watch)
        return PlainTextResponse(rendered(gauges), media_type=_PROMETHEUS)


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
