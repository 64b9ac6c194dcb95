"""Measures the runtime on this machine, with a model that answers at once: python tests/bench.py."""

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from crew_runtime.job.model_access import ModelAccess
from crew_runtime.model.session import Budget
from support.aws import FakeAws
from support.declarations import declaration
from support.ecs import FakeEcsAgent
from support.jobs import gateway_to
from support.memory import memory_of
from support.model import StubModel
from support.paid import environment, paid
from support.postgres import Cluster
from support.runtime import Runtime
from support.sandbox import Sandbox

_ROUNDS = 5
_SIDE_BY_SIDE = 10
_CALLS = 200
_PARAMETER = "/project/stack/researcher/identity"
_NOTHING = "-"

Row = tuple[str, str]
Column = tuple[str, list[Row]]


def main() -> int:
    """Print the table."""
    with ExitStack() as stack:
        bench = Bench(stack)
        columns = [
            ("free, SQLite", bench.free()),
            ("paid, SQLite", bench.paid()),
            ("paid, PostgreSQL", bench.paid(DATABASE_URL=bench.cluster.new_database())),
            ("the same on ECS", bench.on_ecs()),
        ]
    sys.stdout.write(table(columns))
    sys.stdout.write(f"\n{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}\n")
    return 0


class Bench:
    """Everything around the runtimes; each method measures one of them."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crew-bench-")))
        self.model = stack.enter_context(closing(StubModel()))
        self.sandbox = stack.enter_context(closing(Sandbox()))
        self.cluster = stack.enter_context(closing(Cluster()))
        self.aws = stack.enter_context(closing(FakeAws(_PARAMETER)))
        self.ecs = stack.enter_context(closing(FakeEcsAgent()))
        self.identifier = self.sandbox.register()

    def free(self) -> list[Row]:
        """A free agent, and how long its jobs take beside the model."""
        with self._started(declaration(), None, MAX_PARALLEL=str(_SIDE_BY_SIDE)) as (runtime, rows):
            alone = [timed(lambda: runtime.ended(runtime.start_job("MARKER-one"))) for _ in range(_ROUNDS)]
            rows.append((f"a job of two tasks (median of {_ROUNDS})", f"{median(alone):.2f} s"))
            rows.append((f"{_SIDE_BY_SIDE} such jobs in parallel", f"{timed(lambda: _many(runtime)):.2f} s"))
            worst = max(timed(lambda: runtime.http.get("/availability")) for _ in range(50))
            rows.append(("slowest of 50 answers", f"{worst * 1000:.0f} ms"))
            rows.extend(self._calls())
            marker = _held()
            running = runtime.start_job(f"{marker} never answer")
            rows.extend(self._memory(runtime, marker))
            runtime.ended(running)
        return rows

    def _calls(self) -> list[Row]:
        """How long a call of the model takes, asked itself and through the gateway."""
        access = ModelAccess(api=self.model.url, key="none", name="stub-model")
        with gateway_to(access) as gateway:
            through = gateway.open({}, Budget()).access
            asked = [_call_seconds(one) for one in (access, through) * 2][2:]  # the first of each opens connections
        names = ("a call of the model itself", "the same through the gateway")
        return [
            (f"{name} (median of {_CALLS})", f"{seconds * 1000:.1f} ms")
            for name, seconds in zip(names, asked, strict=True)
        ]

    def paid(self, **changes: str) -> list[Row]:
        """An agent with a price."""
        with self._started(paid(), self.identifier, **environment(self.sandbox, **changes)) as (runtime, rows):
            runtime.ended(self._bought(runtime, "MARKER-sold"))
            marker = _held()
            running = self._bought(runtime, f"{marker} never answer")
            rows.extend(self._memory(runtime, marker))
            runtime.ended(running)
        return rows

    def _bought(self, runtime: Runtime, topic: str) -> str:
        receipt: dict[str, Any] = runtime.buy(topic, secrets.token_hex(10)).json()
        self.sandbox.buy(receipt)
        return str(receipt["id"])

    def on_ecs(self) -> list[Row]:
        """All that an ECS task has."""
        self.aws.value = f'{{"agentIdentifier": "{self.identifier}"}}'
        return self.paid(
            DATABASE_URL=self.cluster.new_database(),
            IDENTITY_SSM_PARAMETER=_PARAMETER,
            IDENTITY_POLL_SECONDS="0.5",
            ECS_AGENT_URI=self.ecs.uri,
            **self.aws.environment,
        )

    @contextmanager
    def _started(
        self, declared: dict[str, Any], identifier: str | None, **variables: str
    ) -> Iterator[tuple[Runtime, list[Row]]]:
        begun = time.monotonic()
        runtime = Runtime(self.folder / secrets.token_hex(4), declared, self.model.url, **variables)
        try:
            runtime.identify(*([identifier] if identifier else []))
            runtime.http.get("/availability").raise_for_status()
            rows = [
                ("first answer after the start", f"{time.monotonic() - begun:.2f} s"),
                ("CPU time until then", f"{cpu_seconds(runtime.process.pid):.2f} s"),
            ]
            runtime.wait_until_ready()
            rows.append(("ready for jobs after the start", f"{time.monotonic() - begun:.2f} s"))
            yield runtime, rows
        finally:
            self.model.released.set()
            runtime.stop()
            self.model.released.clear()

    def _memory(self, runtime: Runtime, marker: str) -> list[Row]:
        """Look while one job waits for its model, and after it."""
        while not any(marker in str(request["body"]) for request in self.model.requests):
            time.sleep(0.01)
        at_work = memory_of(runtime.process.pid)
        self.model.released.set()
        while memory_of(runtime.process.pid).job is not None:
            time.sleep(0.01)
        at_rest = memory_of(runtime.process.pid)
        return [
            ("API process", _megabytes(at_rest.api)),
            ("fork server", _megabytes(at_rest.fork_server)),
            ("a worker, unshared", _megabytes(at_work.job)),
            ("all, with no job", _megabytes(at_rest.all)),
            ("all, with one job", _megabytes(at_work.all)),
        ]


def _call_seconds(access: ModelAccess) -> float:
    body = {"model": access.name, "messages": [{"role": "user", "content": "MARKER-call"}]}
    headers = {"Authorization": f"Bearer {access.key}"}
    with httpx.Client(headers=headers, trust_env=False) as client:
        url = f"{access.api}/chat/completions"
        return median(timed(lambda: client.post(url, json=body).raise_for_status()) for _ in range(_CALLS))


def _held() -> str:
    return f"MARKER-{secrets.token_hex(4)}"


def table(columns: list[Column]) -> str:
    names = list(dict.fromkeys(name for _, rows in columns for name, _ in rows))
    lines = [("", *(title for title, _ in columns))]
    lines += [(name, *(dict(rows).get(name, _NOTHING) for _, rows in columns)) for name in names]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() + "\n" for line in lines
    )


def _many(runtime: Runtime) -> None:
    jobs = [runtime.start_job(f"MARKER-{number}") for number in range(_SIDE_BY_SIDE)]
    for job in jobs:
        runtime.ended(job)


def timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, with that of children that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def _megabytes(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.0f} MB"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except httpx.HTTPError as error:
        sys.exit(f"The runtime did not answer: {type(error).__name__}")
