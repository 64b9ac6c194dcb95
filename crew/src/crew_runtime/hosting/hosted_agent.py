"""One agent with all that is its own: from its start, over changes of its declaration, to its end."""

import asyncio
import logging
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from math import inf
from typing import Final

from crew_runtime.common.chores import Chore
from crew_runtime.common.logs import event
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.hosting.assembly import (
    Shared,
    checkout_of,
    payment_service,
    plan_of,
    seller_of,
    watch_of,
)
from crew_runtime.hosting.configured_agent import ConfiguredAgent
from crew_runtime.http.admission.doorman import Doorman
from crew_runtime.http.agent.agent import Agent
from crew_runtime.http.agent.job_intake import Clients, IntakeLimits
from crew_runtime.http.operations.agent_operations import AgentOperations
from crew_runtime.http.served import Served
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.machine.model_probe import embedder_probe, model_probe
from crew_runtime.machine.settings import WORK_FOLDER
from crew_runtime.model.agent_model import AgentModel
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.payments.watch import PaymentWatch
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.leases import LeaseKeeper
from crew_runtime.runner.plan import Plan
from crew_runtime.runner.running_times import ContainerSize, RunningTimes
from crew_runtime.runner.workplaces import Workplaces
from crew_runtime.store import JobStore, Retention, StoreUnavailableError
from crew_runtime.traces.span import AgentTraces

_log: Final = logging.getLogger(__name__)
_QUIET_STORES_PER_SECOND: Final = 20
_LEAVING_LOOK_SECONDS: Final = 0.5


class HostedAgent:
    """Has the agent's store, and its jobs; what follows from the declaration is made anew when that changes.

    `facts` are answered by /healthz, and may change. `url` is where customers reach it, if that is known. `group` is
    that by which its jobs pass into its folder, if any. `container` is its own, if it shares it with no other.
    """

    def __init__(
        self,
        shared: Shared,
        configured: ConfiguredAgent,
        store: JobStore,
        identity: IdentitySource,
        *,
        facts: dict[str, str],
        proxy_hops: int,
        url: str | None = None,
        group: int | None = None,
        container: ContainerSize | None = None,
    ) -> None:
        settings = configured.settings
        self._shared = shared
        self._store = store
        self._identity = identity
        self._facts = facts
        self._proxy_hops = proxy_hops
        self._url = url
        self.configured = configured
        self._day = DailyTokens(store, settings.daily_tokens)
        self._times = RunningTimes(store, container)
        self._clients = Clients()
        self._places = Workplaces(settings.data_dir / WORK_FOLDER, group=group)
        self._traces = AgentTraces(shared.traces, configured.declaration.id) if shared.traces else None
        self._runner = JobRunner(
            store=store,
            model=AgentModel(shared.gateway, self._day),
            plan=plan_of(settings, configured.declaration, self._places),
            slots=shared.slots,
            threads=shared.jobs,
            traces=self._traces,
        )
        self._keeper = LeaseKeeper(
            store=store,
            runner=self._runner,
            lease_seconds=settings.lease_seconds,
            protection=shared.protection,
            quiet_seconds=self._quiet_seconds,
        )
        self._watch: PaymentWatch | None = None
        self._watching: Chore | None = None
        self._leases = shared.leases.add(self._keeper.look)
        self._others = [shared.others.add(self._day.look), shared.others.add(self._retain)]
        self._timing = shared.others.add(self._times.look)
        self._is_at_work = False
        self._runner.on_ran = self._note_time
        self._runner.on_change = self._keep_up
        self._runner.on_result = self._look_after_payments
        self._keeper.on_jobs = self._look_after_payments
        self._clients.on_job = self._keep_up_with_new
        self._apply(configured)

    def _apply(self, configured: ConfiguredAgent) -> None:
        """Make what follows from the declaration and the settings."""
        settings, declaration = configured.settings, configured.declaration
        self.configured = configured
        if configured.digest:
            self._facts["declaration"] = configured.digest
        self._day.limit = settings.daily_tokens
        self._retention = Retention(store=self._store, keep_days=settings.keep_days)
        service = payment_service(settings, declaration, self._shared)
        self._watch = watch_of(settings, self._store, service, self._runner, self._shared) if service else None
        self._watching = self._shared.payments.add(self._watch.look) if self._watch else None
        checkout = checkout_of(settings, declaration, self._store, service, self._identity) if service else None
        agent = Agent(
            declaration=declaration,
            identity=self._identity,
            store=self._store,
            runner=self._runner,
            checkout=checkout,
            seller=seller_of(settings, declaration),
            limits=IntakeLimits(unpaid=settings.max_unpaid, per_client=settings.max_per_client),
            clients=self._clients,
        )
        self.served = Served(
            agent=agent,
            doorman=Doorman(
                proxy_hops=self._proxy_hops,
                starts_per_minute=settings.start_rate,
                requests_per_minute=settings.request_rate,
            ),
            max_body=settings.max_body,
            url=self._url,
            facts=self._facts,
            traces=self._traces,
        )
        access = self._runner.plan.access
        self.operations = AgentOperations(
            agent=agent,
            store=self._store,
            runner=self._runner,
            keeper=self._keeper,
            watch=self._watch,
            model=model_probe(access),
            day=self._day,
            embedder=embedder_probe(access) if declaration.needs_embeddings else None,
        )

    async def start(self) -> None:
        """Bring to an end what an earlier runtime has begun, and take jobs; documents are waited for."""
        await asyncio.to_thread(self._places.begin)  # which may wait for the fork server
        if self.configured.declaration.documents:
            self._runner.hold_back()
        self._timing.wake()
        if not self._store.is_new:
            self._keep_up()

    async def make_ready(self, fetch: DocumentFetch | None) -> str | None:
        """Fetch the documents and try out the crew; return the reason if one of them cannot be used."""
        reason = await self._tried(None, fetch)
        if reason is None:
            event(_log, logging.INFO, "crew_ready")
            self._runner.let_begin()
        return reason

    async def follow(self, configured: ConfiguredAgent, fetch: DocumentFetch | None) -> str | None:
        """Go on by another declaration; what runs ends by the old one. Return the reason if it cannot be used."""
        plan = plan_of(configured.settings, configured.declaration, self._places)
        reason = await self._tried(plan, fetch)
        if reason is not None:
            return reason
        await self._stop_watch()
        self._apply(configured)
        self._runner.let_begin()
        self._keep_up()
        event(_log, logging.INFO, "crew_changed")
        return None

    def has_store_of(self, configured: ConfiguredAgent) -> bool:
        """Return whether another declaration's jobs are kept where this one's are."""
        names = ("database_url", "database_schema", "database_ca", "lease_seconds")
        return all(getattr(self.configured.settings, one) == getattr(configured.settings, one) for one in names)

    @property
    def is_idle(self) -> bool:
        """Whether no job runs or waits here."""
        return not self._runner.known

    async def end(self) -> None:
        """Take no more jobs, and return when those that were begun have come to an end."""
        self.served.agent.is_leaving = True
        while True:
            if not self._store.is_new:
                await self._keeper.look()
            if not self._keeper.has_unfinished and not self._clients.coming:
                return
            await asyncio.sleep(_LEAVING_LOOK_SECONDS)

    async def stop(self, grace_seconds: float) -> None:
        """End at once what runs, but for the grace; the next runtime goes on with it."""
        await self._runner.stop(grace_seconds)
        for chore in (self._leases, self._timing, *self._others):
            await chore.stop()
        self._keeper.stop()
        await self._stop_watch()
        if self._is_at_work or self._times.has_written:
            await asyncio.to_thread(self._times.write)
        if self._is_at_work:
            await asyncio.to_thread(self._day.write)
            with suppress(StoreUnavailableError):
                await asyncio.to_thread(self._store.release)

    async def close(self) -> None:
        """End what is its own, when no job of it runs any more, and let go of its store."""
        await self.stop(0)
        await asyncio.to_thread(self._store.disconnect)

    def _keep_up(self) -> None:
        """Look after jobs, now and from now on: there may be some."""
        self._keeper.note_busy()
        if not self._is_at_work:
            self._is_at_work = True
            for chore in self._others:
                chore.wake()
        if not self._keeper.has_jobs:
            self._leases.wake()
            self._look_after_payments()

    def _keep_up_with_new(self) -> None:
        """Look after a job that was just stored: a look that is under way may have missed it, and be the last."""
        self._keep_up()
        self._leases.wake()

    def _note_time(self, job: str, seconds: float) -> None:
        self._times.add(job, seconds)
        self._timing.wake()

    def _look_after_payments(self) -> None:
        if self._watching:
            self._watching.wake()

    def _quiet_seconds(self) -> float:
        """Return the seconds between two looks at a store without jobs: another runtime may leave some to this one."""
        if self._store.shared or self._shared.agents() == 1:
            return self._shared.quiet_seconds(_QUIET_STORES_PER_SECOND)
        return inf

    async def _retain(self) -> float:
        return await self._retention.look()

    async def _tried(self, plan: Plan | None, fetch: DocumentFetch | None) -> str | None:
        if fetch and (reason := await fetch.run()) is not None:
            return reason
        has_documents = (plan or self._runner.plan).launcher.spec.documents is not None
        threads = self._shared.readings if has_documents else self._shared.trials
        work = partial(copy_context().run, self._runner.try_out, plan)
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def _stop_watch(self) -> None:
        if self._watching:
            await self._watching.stop()
        if self._watch:
            self._watch.stop()
