"""How much memory a runtime and its processes take, as Linux tells it; None where it does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Memory:
    """In megabytes, as containers are limited by.

    `api` and `fork_server` are what the two have in RAM (VmRSS), `job` what a job's process has to itself, and `all`
    what they have together, shared pages counted once.
    """

    api: float | None
    fork_server: float | None
    job: float | None
    all: float | None


def memory_of(runtime: int) -> Memory:
    """Look at a runtime by its process id."""
    children = children_of(runtime)
    fork_servers = [pid for pid in children if "fork_server" in _command(pid)]
    jobs = [job for pid in fork_servers for job in children_of(pid)]
    together = [_rollup(pid, "Pss") for pid in {runtime, *children, *jobs}]
    return Memory(
        api=resident(runtime),
        fork_server=next((resident(pid) for pid in fork_servers), None),
        job=next((_rollup(pid, "Private_Clean", "Private_Dirty") for pid in jobs), None),
        all=sum(filter(None, together)) if None not in together else None,
    )


def fork_server_of(runtime: int) -> int:
    """The process that a runtime's jobs are forked from."""
    return next(pid for pid in children_of(runtime) if "fork_server" in _command(pid))


def resident(pid: int) -> float | None:
    """What a process has in RAM."""
    return _sum(Path(f"/proc/{pid}/status"), "VmRSS")


def children_of(parent: int) -> list[int]:
    """The processes that a process has started."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _parent(int(entry.name)) == parent
    ]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _rollup(pid: int, *names: str) -> float | None:
    return _sum(Path(f"/proc/{pid}/smaps_rollup"), *names)


def _sum(file: Path, *names: str) -> float | None:
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except PermissionError:  # the process hides from whoever is not root
        return None
    except OSError:  # it is gone
        return 0
    return sum(int(words[1]) for words in lines if words[0].rstrip(":") in names) * 1024 / _MEGABYTE
