"""Ends and removes what a job has left, as the user of that job: nobody else in the container has the right to."""

import ctypes
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from crew_runtime.machine.users import JOBS, processes_of

# Where anybody may write, as far as the container lets anybody.
_SHARED: Final = ("/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp")  # noqa: S108 - looked through, not written to
_REMOVE: Final = 0  # IPC_RMID of sys/ipc.h
_ROUNDS: Final = 50
_PAUSE_SECONDS: Final = 0.02


def remove_all_of(user: int, folder: Path) -> int:
    """End all processes of this job's user and empty its folder; return 0 if nothing is left.

    Must run as that user: it sends SIGKILL to all processes that it has the right to.
    """
    if user not in JOBS or set(os.getresuid()) != {user}:
        raise PermissionError
    ended = _end_processes(user)
    for entry in _own_entries(user):
        _remove(entry)
    _remove_shared_memory()
    for entry in folder.iterdir() if folder.is_dir() else ():
        _remove(entry)
    return 0 if ended and not (folder.is_dir() and any(folder.iterdir())) else 1


def _end_processes(user: int) -> bool:
    for _ in range(_ROUNDS):
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        if not processes_of(user):
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _remove_shared_memory() -> None:
    """Remove System V's memory, queues and semaphores, which are no files; this user has a right to its own alone."""
    libc = ctypes.CDLL(None)
    for memory in _listed("shm"):
        libc.shmctl(memory, _REMOVE, None)
    for queue in _listed("msg"):
        libc.msgctl(queue, _REMOVE, None)
    for semaphores in _listed("sem"):
        libc.semctl(semaphores, 0, _REMOVE)


def _listed(kind: str) -> list[int]:
    try:
        _, *rows = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()
    except OSError:  # a kernel without them
        return []
    return [int(row.split()[1]) for row in rows]


def _own_entries(user: int) -> Iterator[Path]:
    for place in map(Path, _SHARED):
        try:
            entries = list(place.iterdir())
        except OSError:
            continue
        for entry in entries:
            with suppress(OSError):
                if entry.lstat().st_uid == user:
                    yield entry


def _remove(entry: Path) -> None:
    """Remove a file or a folder, whatever rights its owner has taken from itself."""
    if entry.is_symlink() or not entry.is_dir():
        entry.unlink(missing_ok=True)
        return
    closed = [entry]
    while closed:
        folder = closed.pop()
        folder.chmod(0o700)
        closed += [below for below in folder.iterdir() if below.is_dir() and not below.is_symlink()]
    shutil.rmtree(entry, ignore_errors=True)
