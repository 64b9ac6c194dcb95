"""Measures a service of many agents, beside a process for each: python tests/bench_shared.py [numbers of agents]."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

from bench import Column, Row, cpu_seconds, table, timed
from support.declarations import one_task
from support.memory import Memory, fork_server_of, memory_of
from support.model import StubModel
from support.runtime import Runtime
from support.service import Folder, Service
from support.waiting import wait_for

_NUMBERS = (1, 10, 100, 1000)
_APART = (1, 10)
_FURTHER = 20
_CROWD = 200
_FLOOD = 400
_OTHERS = 20


def main(numbers: list[int]) -> int:
    """Print both tables."""
    with tempfile.TemporaryDirectory(prefix="crew-bench-") as made, closing(StubModel()) as model:
        bench = Bench(Path(made), model)
        columns: list[Column] = [(f"{number} in one", bench.together(number)) for number in numbers]
        columns += [(f"{number} apart", bench.apart(number)) for number in _APART]
        sys.stdout.write(table(columns))
        sys.stdout.write("\n" + table([(f"{_CROWD} agents in one", bench.flooded())]))
    sys.stdout.write(f"\n{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}\n")
    return 0


class Bench:
    """Each method measures one deployment, in a folder of its own."""

    def __init__(self, folder: Path, model: StubModel) -> None:
        self._folder = folder
        self._model = model
        self._alone = 0.0

    def together(self, number: int) -> list[Row]:
        """So many agents in one service."""
        service, rows = self._started(f"together-{number}", number)
        with closing(_Stopping(service)):
            first = service.agent("agent-0")
            rows.append(("first job", f"{timed(lambda: first.ended(first.start('tea'))):.2f} s"))
            api = memory_of(service.process.pid).api or 0
            if number == 1:
                self._alone = api
            elif self._alone:
                rows.append(("memory of each further agent", f"{(api - self._alone) / (number - 1) * 1000:.0f} kB"))
            rows += _memory(memory_of(service.process.pid))
            rows += self._further(service)
        return rows

    def _further(self, service: Service) -> list[Row]:
        """What agents cost that join later."""
        names = [f"further-{number}" for number in range(_FURTHER)]
        processes = (service.process.pid, fork_server_of(service.process.pid))
        before = sum(map(cpu_seconds, processes))
        seconds = timed(lambda: _join(service, names))
        used = sum(map(cpu_seconds, processes)) - before
        return [
            (f"a further agent (of {_FURTHER} at once)", f"{seconds / _FURTHER * 1000:.0f} ms"),
            ("CPU time of it, with its trial", f"{used / _FURTHER * 1000:.0f} ms"),
        ]

    def apart(self, number: int) -> list[Row]:
        """So many agents, each in a process of its own."""
        folder = self._folder / f"apart-{number}"
        begun = time.monotonic()
        runtimes = [
            Runtime(folder / str(one), {**one_task(), "id": f"agent-{one}"}, self._model.url) for one in range(number)
        ]
        for runtime in runtimes:
            runtime.identify()
        runtimes[0].http.get("/availability").raise_for_status()
        rows = [("first answer after the start", f"{time.monotonic() - begun:.2f} s")]
        for runtime in runtimes:
            runtime.wait_until_ready()
        rows.append(("all ready after the start", f"{time.monotonic() - begun:.2f} s"))
        rows.append(("first job", f"{timed(lambda: runtimes[0].ended(runtimes[0].start_job('tea'))):.2f} s"))
        together = [memory_of(runtime.process.pid) for runtime in runtimes]
        rows.append(("API process", f"{median(one.api or 0 for one in together):.0f} MB"))
        rows.append(("all, with no job", f"{sum(one.all or 0 for one in together):.0f} MB"))
        for runtime in runtimes:
            runtime.stop()
        return rows

    def flooded(self) -> list[Row]:
        """How long jobs of some agents take while all are quiet, and while another has hundreds of jobs waiting."""
        limits = {"MAX_QUEUE": str(_FLOOD), "SHARED_PARALLEL": "8"}
        service, _ = self._started("flooded", _CROWD, **limits)
        with closing(_Stopping(service)):
            quiet = self._others(service)
            flood = service.agent("agent-0")
            jobs = [flood.start(f"flood {number}") for number in range(_FLOOD)]
            busy = self._others(service)
            left = sum(flood.status(job) == "running" for job in jobs)
        return [
            ("p95 of a job, all others quiet", f"{quiet:.2f} s"),
            ("p95 of a job, one agent flooded", f"{busy:.2f} s"),
            ("jobs of the flood that still wait", str(left)),
        ]

    def _others(self, service: Service) -> float:
        """Run one job after the other, each of another agent, two at a time; return the 95th percentile in seconds."""

        def one(number: int) -> float:
            agent = service.agent(f"agent-{number}")
            return timed(lambda: agent.ended(agent.start("tea")))

        with ThreadPoolExecutor(2) as threads:
            return quantiles(threads.map(one, range(1, _OTHERS + 1)), n=20)[-1]

    def _started(self, name: str, number: int, **variables: str) -> tuple[Service, list[Row]]:
        folder = self._folder / name
        declared = Folder(folder / "agents")
        for one in range(number):
            declared.declare(f"agent-{one}")
        begun = time.monotonic()
        service = Service(folder, self._model.url, **variables)
        service.http.get("/healthz").raise_for_status()
        rows = [("first answer after the start", f"{time.monotonic() - begun:.2f} s")]
        _wait_for_ready(service, number)
        rows.append(("all ready after the start", f"{time.monotonic() - begun:.2f} s"))
        return service, rows


class _Stopping:
    """Stops a service as `closing` wants it."""

    def __init__(self, service: Service) -> None:
        self.close: Callable[[], object] = service.stop


def _join(service: Service, names: list[str]) -> None:
    before = _ready(service)
    for name in names:
        service.agents.declare(name)
    _wait_for_ready(service, before + len(names))


def _wait_for_ready(service: Service, number: int) -> None:
    wait_for(lambda: _ready(service) >= number, within=600)


def _ready(service: Service) -> int:
    with service.internal as internal:
        return int(internal.get("/readyz").json()["agents"]["ready"])


def _memory(memory: Memory) -> list[Row]:
    return [
        ("API process", f"{memory.api or 0:.0f} MB"),
        ("all, with no job", f"{memory.all or 0:.0f} MB"),
    ]


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]] or list(_NUMBERS)))
