"""Builds the parts of agents from their settings and declarations, and what agents share."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import urlsplit

from crew_runtime.common.chores import Chores
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.declared.declaration import Declaration, code_of, documents_of, fetched_documents
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.documents.fetch_request import Bucket
from crew_runtime.http.server.connections import Connection
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.machine.identity import IdentitySource
from crew_runtime.machine.settings import WORK_FOLDER, AgentSettings
from crew_runtime.machine.task_protection import TaskProtection
from crew_runtime.model.gateway import ModelGateway
from crew_runtime.payments.checkout import Checkout, Windows
from crew_runtime.payments.client import PaymentConnections, PaymentService
from crew_runtime.payments.seller import Seller
from crew_runtime.payments.watch import PaymentWatch, WatchTimes
from crew_runtime.runner.forking import PRELOAD
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.plan import Limits, Plan
from crew_runtime.runner.slots import Slots
from crew_runtime.runner.worker_launcher import WorkerLauncher
from crew_runtime.runner.worker_process import start_fork_server
from crew_runtime.runner.workplaces import Workplaces
from crew_runtime.store import Connections, JobStore
from crew_runtime.traces.span import Traces

# Done side by side, for all agents.
_TRIALS: Final = 2
_LEASES: Final = 16
_PAYMENTS: Final = 16
_OTHERS: Final = 4
_QUIET_SERVICES_PER_SECOND: Final = 5
# By these ECS tells a task where its role's credentials are.
_CREDENTIALS: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


class _JobConnection(Connection):
    """A job's to the gateway, where a call may have to wait for earlier ones before its body is read."""

    body_within = 900


@dataclass(slots=True, kw_only=True)
class Shared:
    """What all agents of the process have a part of; in a process with one agent, it has the whole."""

    slots: Slots
    gateway: ModelGateway = field(default_factory=lambda: ModelGateway(connection=_JobConnection))
    jobs: ThreadPoolExecutor
    """Threads that wait for jobs."""
    trials: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_TRIALS, thread_name_prefix="trial"))
    readings: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_TRIALS, thread_name_prefix="read"))
    """Threads for trials that read documents, which may take minutes: the others do not wait for them."""
    leases: Chores = field(default_factory=lambda: Chores(_LEASES))
    payments: Chores = field(default_factory=lambda: Chores(_PAYMENTS))
    others: Chores = field(default_factory=lambda: Chores(_OTHERS))
    protection: TaskProtection | None = None
    connections: Connections | None = None
    traces: Traces | None = None
    agents: Callable[[], int] = lambda: 1
    _payment_connections: PaymentConnections | None = None

    @classmethod
    def of(
        cls,
        parallel: int,
        protection: TaskProtection | None,
        connections: Connections | None = None,
        traces: Traces | None = None,
    ) -> Self:
        """Return it for so many jobs side by side; where agents share `connections`, none has every place."""
        return cls(
            slots=Slots(parallel, most_of_one=max(1, parallel - 1) if connections else parallel),
            jobs=ThreadPoolExecutor(parallel, thread_name_prefix="job"),
            protection=protection,
            connections=connections,
            traces=traces,
        )

    def start(self, preload: str = PRELOAD) -> None:
        """Begin to load what jobs begin with in the fork server, and to answer jobs that ask the model."""
        self.gateway.start()
        start_fork_server(preload)

    async def stop(self) -> None:
        """End it, when all agents have ended."""
        await asyncio.to_thread(self.gateway.stop)
        for threads in (self.jobs, self.trials, self.readings):
            threads.shutdown(wait=False, cancel_futures=True)
        if self._payment_connections:
            await self._payment_connections.close()
        if self.traces:
            await asyncio.to_thread(self.traces.close)

    @property
    def payment_connections(self) -> PaymentConnections:
        """The connections to payment services; made when the first agent has one."""
        if self._payment_connections is None:
            self._payment_connections = PaymentConnections()
        return self._payment_connections

    def quiet_seconds(self, looks_per_second: float) -> float:
        """Return how long an agent that has nothing to do waits, so that all agents together look that often."""
        agents = self.agents()
        return agents / looks_per_second if agents > 1 else 0


def document_fetch(
    settings: AgentSettings, declaration: Declaration, environment: Mapping[str, str]
) -> DocumentFetch | None:
    """Find out what has to be fetched; None if every document lies beside the declaration.

    `environment` is the container's as it started: it says where the task's credentials are.

    Raises:
        ConfigurationError: documents have to be fetched, and no setting says from where.

    """
    beside = settings.agent_declaration.resolve().parent
    wanted = fetched_documents(declaration, beside, cache=settings.documents_cache)
    if not wanted:
        return None
    if settings.documents_location is None:
        names = ", ".join(document["name"] for document in wanted)
        problem = (
            f"DOCUMENTS_LOCATION: is missing, and {names} does not lie beside the declaration. "
            "Set it to the folder in a bucket that the document is in, such as s3://documents/my-agent."
        )
        raise ConfigurationError([problem])
    place = urlsplit(settings.documents_location)
    key = settings.documents_key
    bucket = Bucket(
        bucket=place.netloc,
        folder=place.path.strip("/"),
        region=settings.documents_region,
        endpoint=str(settings.documents_endpoint).rstrip("/") if settings.documents_endpoint else None,
        key=key.get_secret_value() if key else None,
        environment={name: environment[name] for name in _CREDENTIALS if name in environment},
    )
    return DocumentFetch(bucket, wanted, settings.documents_within)


def model_access(settings: AgentSettings, declaration: Declaration) -> ModelAccess:
    """Return the model that the agent's jobs ask."""
    return ModelAccess(
        api=str(settings.model_api).rstrip("/"),
        key=settings.model_key.get_secret_value(),
        name=declaration.model.name or settings.model_name or "",
        temperature=declaration.model.temperature,
        max_tokens=declaration.model.max_tokens,
        embeddings=declaration.model.embeddings,
    )


def plan_of(settings: AgentSettings, declaration: Declaration, places: Workplaces) -> Plan:
    """Return how the agent's jobs are done."""
    beside = settings.agent_declaration.resolve().parent
    access = model_access(settings, declaration)
    spec = JobSpec(
        crew=declaration.crew.model_dump(mode="json", exclude_none=True),
        code=code_of(declaration, beside),
        files={field.id: field.rules("accept") for field in declaration.input if field.type == "file"},
        documents=documents_of(declaration, beside, cache=settings.documents_cache),
        model=replace(access, api="", key=""),  # each worker is given its own
        inputs={},
        folder=settings.data_dir / WORK_FOLDER,
    )
    limits = Limits(
        parallel=settings.max_parallel,
        queue=settings.max_queue,
        timeout_seconds=settings.job_timeout,
        ask_seconds=settings.ask_timeout,
        submit_margin_seconds=settings.submit_margin,
        model_calls=settings.job_model_calls,
        tokens=settings.job_tokens,
    )
    return Plan(
        launcher=WorkerLauncher(spec, places),
        access=access,
        fields=declaration.input,
        limits=limits,
        hash_rule=settings.result_hash_rule,
    )


def payment_service(settings: AgentSettings, declaration: Declaration, shared: Shared) -> PaymentService | None:
    """Return the service if there is one to talk to; a free agent may still have jobs from when it had a price."""
    if settings.payment_service_url is None or settings.payment_key is None:
        return None
    url, key = str(settings.payment_service_url), settings.payment_key.get_secret_value()
    return PaymentService(url.rstrip("/"), key, declaration.network, shared.payment_connections)


def watch_of(
    settings: AgentSettings, store: JobStore, service: PaymentService, runner: JobRunner, shared: Shared
) -> PaymentWatch:
    """Return what looks after the payments of the agent's jobs."""
    times = WatchTimes(
        poll_seconds=settings.payment_poll,
        settle_seconds=settings.settle_seconds,
        quiet_seconds=lambda: shared.quiet_seconds(_QUIET_SERVICES_PER_SECOND),
    )
    return PaymentWatch(service=service, store=store, times=times, run=runner.take)


def seller_of(settings: AgentSettings, declaration: Declaration) -> Seller:
    """Return who is paid, as far as the identity does not say."""
    return Seller(declaration.payment, settings.seller_vkey)


def checkout_of(
    settings: AgentSettings,
    declaration: Declaration,
    store: JobStore,
    service: PaymentService,
    identity: IdentitySource,
) -> Checkout:
    """Return what makes the payments of the agent's jobs."""
    return Checkout(
        service=service,
        store=store,
        declaration=declaration,
        windows=Windows(pay_seconds=settings.pay_within, submit_seconds=settings.submit_within),
        seller=seller_of(settings, declaration),
        identity=identity,
    )
