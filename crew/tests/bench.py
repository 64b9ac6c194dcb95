"""Measures the runtime on this machine, with a model that answers at once: python tests/bench.py."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx

from support.declarations import declaration, one_task
from support.model import StubModel
from support.runtime import Runtime

_ROUNDS = 5
_SIDE_BY_SIDE = 10


def main() -> int:
    """Print the table."""
    model = StubModel()
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="crew-bench-") as folder:
        begun = time.monotonic()
        runtime = Runtime(Path(folder), declaration(), model.url, MAX_PARALLEL=str(_SIDE_BY_SIDE))
        runtime.identify()
        try:
            runtime.http.get("/availability").raise_for_status()
            rows.append(("first answer after the start", _seconds(begun)))
            runtime.wait_until_ready()
            rows.append(("ready for jobs after the start", _seconds(begun)))
            at_rest = _memory(runtime.process.pid)
            alone = [_timed(lambda: runtime.ended(runtime.start_job("MARKER-one"))) for _ in range(_ROUNDS)]
            rows.append(("a job of two tasks, no time of the model (median of 5)", f"{median(alone):.2f} s"))
            rows.append((f"{_SIDE_BY_SIDE} such jobs side by side", f"{_timed(lambda: _many(runtime)):.2f} s"))
            worst = max(_timed(lambda: runtime.http.get("/availability")) for _ in range(50))
            rows.append(("slowest of 50 answers of /availability at rest", f"{worst * 1000:.0f} ms"))
            rows.append(("memory of the API process at rest", f"{at_rest[0]:.0f} MiB"))
            rows.append(("memory of all processes at rest (proportional)", f"{at_rest[1]:.0f} MiB"))
        finally:
            runtime.stop()
    with tempfile.TemporaryDirectory(prefix="crew-bench-") as folder:
        runtime = Runtime(Path(folder), one_task(), model.url)
        runtime.identify()
        try:
            runtime.wait_until_ready()
            once = median(_timed(lambda: runtime.ended(runtime.start_job("MARKER-one"))) for _ in range(_ROUNDS))
            rows.append(("a job of one task (median of 5)", f"{once:.2f} s"))
        finally:
            runtime.stop()
    model.close()
    width = max(len(name) for name, _ in rows)
    sys.stdout.write("".join(f"{name:<{width}}  {value:>9}\n" for name, value in rows))
    sys.stdout.write(f"\n{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    return 0


def _many(runtime: Runtime) -> None:
    jobs = [runtime.start_job(f"MARKER-{number}") for number in range(_SIDE_BY_SIDE)]
    for job in jobs:
        runtime.ended(job)


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _seconds(begun: float) -> str:
    return f"{time.monotonic() - begun:.2f} s"


def _memory(pid: int) -> tuple[float, float]:
    """Give the private memory of a process, and that of its whole session, pages that several share counted once."""
    session = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _session(entry) == pid]
    return _kibibytes(Path(f"/proc/{pid}"), "Pss") / 1024, sum(_kibibytes(entry, "Pss") for entry in session) / 1024


def _session(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return 0


def _kibibytes(entry: Path, name: str) -> int:
    try:
        lines = (entry / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except httpx.HTTPError as error:
        sys.exit(f"The runtime did not answer: {type(error).__name__}")
