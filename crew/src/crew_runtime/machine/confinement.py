"""What the operating system keeps a worker from, besides its time limit."""

import ctypes
import os
import re
import resource
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1024 * 1024
MEMORY_BYTES: Final = 1024 * MEGABYTE
FILE_BYTES: Final = 128 * MEGABYTE
OPEN_FILES: Final = 512

_PASSABLE: Final = 0o711
_PR_SET_DUMPABLE: Final = 4
_DATA_SEGMENT: Final = re.compile(r"^VmData:\s+(\d+) kB$", re.MULTILINE)


def limit_job() -> None:
    """Limit what this process may add to its memory, the size of files it writes, and how many it holds open.

    Memory is limited on Linux only; elsewhere the operating system does not tell how much the process began with.
    """
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if sys.platform == "linux":
        found = _DATA_SEGMENT.search(Path("/proc/self/status").read_text())
        if found:
            _limit(resource.RLIMIT_DATA, int(found[1]) * 1024 + MEMORY_BYTES)


def hide_from_others() -> None:
    """Keep the environment that this process began with, and its memory, from other processes of the same user.

    Linux only: there /proc shows them, long after variables were removed. Children inherit it until they run another
    program.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def close_to_jobs(data_dir: Path, *, open_folders: set[str]) -> None:
    """Let other users pass through the data folder, into the folders that are named, and read nothing else in it.

    Also what another version of the runtime has left there. What belongs to somebody else stays as it is.

    Raises:
        OSError: the folder is not this user's.

    """
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(_PASSABLE)
    for entry in data_dir.iterdir():
        found = entry.lstat()
        if entry.name not in open_folders and found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode):
            with suppress(FileNotFoundError):
                entry.chmod(stat.S_IMODE(found.st_mode) & stat.S_IRWXU)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))
