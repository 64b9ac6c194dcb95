"""Runs crews in job processes as the runtime does, without the runtime around them."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.crewai.worker_main import build_crew, run_crew
from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.input_schema import InputField
from crew_runtime.http.server.connections import Connection
from crew_runtime.job.author_project import AuthorProject
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.model.agent_model import AgentModel
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.model.gateway import ModelGateway
from crew_runtime.model.session import Budget, Session
from crew_runtime.runner.job_runner import JobRunner
from crew_runtime.runner.plan import Limits, Plan
from crew_runtime.runner.slots import Slots
from crew_runtime.runner.worker_launcher import WorkerLauncher
from crew_runtime.runner.worker_process import WorkerProcess, is_progress, start_fork_server
from crew_runtime.runner.workplaces import Workplaces
from crew_runtime.store import JobStore
from crew_runtime.traces.span import AgentTraces
from support.declarations import declaration
from support.runtime import SENTINEL_KEY

JOB_SECONDS: Final = 120
_count = itertools.count()


def job_spec(folder: Path, declared: dict[str, Any], model_url: str, **changes: Any) -> JobSpec:  # noqa: ANN401 - any field
    """What one job of the declared agent is told; its folder is a new one."""
    own = folder / f"job-{next(_count)}"
    own.mkdir()
    declaration = Declaration.model_validate_json(json.dumps(declared))
    settings: dict[str, Any] = {
        "crew": declaration.crew.model_dump(mode="json", exclude_none=True),
        "model": ModelAccess(api=model_url, key=SENTINEL_KEY, name="stub-model"),
        "inputs": {"topic": "tea", "tone": "plain"},
        "folder": own,
    }
    return JobSpec(**settings | changes)


def project(folder: Path, **changes: Any) -> AuthorProject:  # noqa: ANN401 - any field
    """A project whose root has crew.py."""
    settings: dict[str, Any] = {"kind": "crew", "module": "crew", "paths": (folder,), "inputs": ("topic", "tone")}
    return AuthorProject(folder=folder, **settings | changes)


def author_code(folder: Path, model_url: str, source: str | Path, **changes: Any) -> JobSpec:  # noqa: ANN401 - any field
    """What a job of an agent with a crew.py is told."""
    code = folder / "code" if isinstance(source, str) else source
    if isinstance(source, str):
        code.mkdir(exist_ok=True)
        (code / "crew.py").write_text(source)
    return replace(job_spec(folder, declaration(), model_url), crew={}, code=project(code), **changes)


class TokenCounts:
    """The part of a job store that counts tokens, in memory."""

    def __init__(self) -> None:
        self.days: Counter[str] = Counter()

    def add_usage(self, day: str, usages: Sequence[ModelUsage]) -> int:
        self.days[day] += sum(usage.tokens for usage in usages)
        return self.days[day]


class ModelBehind:
    """A model behind a gateway, for the jobs of one agent."""

    def __init__(self, gateway: ModelGateway, access: ModelAccess, day: DailyTokens) -> None:
        self.model = AgentModel(gateway, day)
        self._access = access

    def open(self, inputs: Mapping[str, str], budget: Budget) -> Session:
        return self.model.open(self._access, inputs, budget)

    def close(self, token: str) -> None:
        self.model.close(token)


@contextmanager
def gateway_to(access: ModelAccess, daily: int | None = None) -> Iterator[ModelBehind]:
    """A gateway to a model, as the runtime has it; it serves until the end of the `with`."""
    gateway = ModelGateway(connection=Connection)
    gateway.start()
    try:
        yield ModelBehind(gateway, access, DailyTokens(TokenCounts(), daily))
    finally:
        gateway.stop()


@contextmanager
def session_of(of: JobSpec, *, calls: int = 20, tokens: int = 500_000) -> Iterator[tuple[JobSpec, Session]]:
    """What a worker is told by the runtime: it asks the gateway, and its key is a token."""
    with gateway_to(of.model) as gateway:
        session = gateway.open(of.inputs, Budget(calls=calls, tokens=tokens))
        yield replace(of, model=session.access), session


def outcome(of: JobSpec, *, calls: int = 20, tokens: int = 500_000) -> dict[str, Any]:
    with session_of(of, calls=calls, tokens=tokens) as (spec, session):
        return session.explained(WorkerProcess(run_crew, spec).answer(timeout=JOB_SECONDS))


def next_but_progress(process: WorkerProcess) -> dict[str, Any]:
    """What a job says next, apart from how far it is."""
    while is_progress(message := process.next_message(timeout=JOB_SECONDS)):
        pass
    return message


def refusal(of: JobSpec) -> str:
    """Why a crew or flow cannot be served, as a start tells it; "" if it can."""
    with session_of(replace(of, inputs={})) as (spec, _):
        answer = WorkerProcess(build_crew, spec).answer(timeout=JOB_SECONDS)
    return "" if "result" in answer else str(answer["detail"])


@contextmanager
def job_runner(
    store: JobStore,
    spec: JobSpec,
    model: AgentModel,
    fields: Sequence[InputField],
    limits: Limits,
    traces: AgentTraces | None = None,
) -> Iterator[JobRunner]:
    """The runner of one agent's jobs, as the runtime has it; its model's gateway is there already."""
    places = Workplaces(spec.folder)
    places.begin()
    start_fork_server("crew_runtime.crewai.preload")
    plan = Plan(launcher=WorkerLauncher(spec, places), access=spec.model, fields=fields, limits=limits)
    with ThreadPoolExecutor(limits.parallel) as threads:
        yield JobRunner(
            store=store, model=model, plan=plan, slots=Slots(limits.parallel), threads=threads, traces=traces
        )
