"""Takes over what was made of the documents, in a worker that may not write to where it is kept."""

import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crew_runtime.common.atomic_file import replacing

_NAME: Final = re.compile(r"[0-9a-f]{32}\.npz")
_READABLE_FILE: Final = 0o644
_READABLE_FOLDER: Final = 0o755


def keep_drafts(drafts: Path, cache: Path, names: Iterable[str]) -> None:
    """Make the cache have the files of these names and no others; new ones are in `drafts`.

    Raises:
        OSError: a file is in neither, or cannot be copied.

    """
    wanted = set(names)
    cache.mkdir(parents=True, exist_ok=True)
    cache.chmod(_READABLE_FOLDER)
    for name in wanted:
        if not _NAME.fullmatch(name):
            raise OSError(f"{name} is not the name of a document's index")
        kept = cache / name
        if (drafts / name).is_symlink() or (drafts / name).exists():
            _copy(drafts / name, kept)
        kept.chmod(_READABLE_FILE)
    for left in {file.name for file in cache.glob("*.npz")} - wanted:
        (cache / left).unlink(missing_ok=True)


def _copy(draft: Path, kept: Path) -> None:
    # Whoever made it is not trusted with the runtime's rights: a link might lead to what only the runtime may read.
    descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as content, replacing(kept) as target:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{draft.name} is not a file")
        shutil.copyfileobj(content, target)
