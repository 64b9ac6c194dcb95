"""The folder for temporary files."""

import shutil
import tempfile
from pathlib import Path

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.disk import is_full, no_space


def make_temporary_folder(data_dir: Path) -> Path:
    """Make an empty `tmp` in the data folder and let this process use it; what a killed runtime left there is removed.

    Raises:
        ConfigurationError: it cannot be made.

    """
    folder = (data_dir / "tmp").resolve()
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = no_space(folder) if is_full(error) else f"{folder} cannot be made ({error.strerror})"
        raise ConfigurationError(
            [f"DATA_DIR: {reason}. Set DATA_DIR to a folder with room for temporary files."]
        ) from None
    tempfile.tempdir = str(folder)
    return folder
