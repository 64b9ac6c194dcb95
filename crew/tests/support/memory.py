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
    """Look at a runtime by its process id, which is that of its session too."""
    session = [pid for pid in _processes() if _numbers(pid)[1] == runtime]
    fork_servers = [pid for pid in session if _numbers(pid)[0] == runtime and "forkserver" in _command(pid)]
    jobs = [pid for pid in session if _numbers(pid)[0] in fork_servers]
    together = [_rollup(pid, "Pss") for pid in session]
    return Memory(
        api=resident(runtime),
        fork_server=next((resident(pid) for pid in fork_servers), None),
        job=next((_rollup(pid, "Private_Clean", "Private_Dirty") for pid in jobs), None),
        all=sum(filter(None, together)) if None not in together else None,
    )


def resident(pid: int) -> float | None:
    """What a process has in RAM."""
    return _sum(Path(f"/proc/{pid}/status"), "VmRSS")


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _numbers(pid: int) -> tuple[int, int]:
    """Parent and session."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(words[1]), int(words[3])


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
