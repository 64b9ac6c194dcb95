"""The folder for temporary files, above all for the socket of the fork server."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from crew_runtime.configuration import ConfigurationError
from crew_runtime.disk import is_full, no_space

# What the operating systems allow for a socket's path (macOS the least), and what multiprocessing adds to a folder's.
_LONGEST_SOCKET_PATH: Final = 103
_SOCKET: Final = Path("pymp-12345678", "listener-12345678")


def make_temporary_folder(data_dir: Path) -> Path:
    """Make an empty `tmp` in the data folder and let this process use it; what a killed runtime left there is removed.

    Where the data folder's path is too long for a socket, it is a new folder in the system's place for such files: the
    only case in which a killed runtime leaves something behind that no later start removes.

    Raises:
        ConfigurationError: it cannot be made.

    """
    folder = (data_dir / "tmp").resolve()
    try:
        if len(os.fsencode(folder / _SOCKET)) > _LONGEST_SOCKET_PATH:
            folder = Path(tempfile.mkdtemp(prefix="crew-"))
        else:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = no_space(folder) if is_full(error) else f"{folder} cannot be made ({error.strerror})"
        raise ConfigurationError(
            [f"DATA_DIR: {reason}. Set DATA_DIR to a folder with room for temporary files."]
        ) from None
    tempfile.tempdir = str(folder)
    return folder
