"""A disk that is full: how it is told from other errors, and how much room is left."""

import errno
import shutil
from pathlib import Path
from typing import Final

NO_SPACE: Final = "NO_SPACE"
"""The code by which logs, failed jobs and errors at start name it."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: BaseException) -> bool:
    """Return whether an error says that there is no space, or that a quota is used up."""
    return isinstance(error, OSError) and error.errno in _FULL


def no_space(place: Path | str) -> str:
    """Return the reason in words; `place` is the file that was to be written, or its folder."""
    return f"{NO_SPACE}: there is no space left for {place}"


def free_bytes(folder: Path) -> int:
    """Return how many bytes can be written yet; 0 if the folder is gone."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
