"""Writes a file so that a reader sees the old content or the new, never half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Open a draft beside `file`; it takes the file's place when the block ends, and is removed if the block raises.

    Raises:
        OSError: with the file's name, whichever step it is from.

    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as content:
            yield content
        draft.replace(file)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            error.filename, error.filename2 = str(file), None
        raise
