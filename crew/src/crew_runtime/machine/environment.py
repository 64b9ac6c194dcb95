"""The environment variables that crews and their libraries get to see."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crew_runtime.machine.confinement import hide_from_others

_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

_ADDED: Final = {
    # Read while CrewAI is imported: later is too late. The second does not follow from the first.
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    # CrewAI reads a .env file of any folder above it.
    "PYTHON_DOTENV_DISABLED": "1",
    # One thread more, and forking the process that has loaded everything would not be sound.
    "OPENBLAS_NUM_THREADS": "1",
    # No module of the working folder stands in for a library's.
    "PYTHONSAFEPATH": "1",
}


def scrubbed(environment: Mapping[str, str], *, home: Path, temporary: Path) -> dict[str, str]:
    """Return an environment built from scratch, so that no key and no credential of the machine is in it."""
    kept = {name: environment[name] for name in _KEPT if name in environment}
    return {"HOME": str(home), **kept, "TMPDIR": str(temporary), **_ADDED}


def replace_environment(environment: Mapping[str, str]) -> None:
    """Make this process, and what it starts from now on, see `environment` and nothing else.

    Jobs cannot look up in /proc what the environment was before either.
    """
    hide_from_others()
    os.environ.clear()
    os.environ.update(environment)


def move_into(folder: Path) -> None:
    """Make `folder` this process's working folder, home, place for temporary files, and CrewAI's storage."""
    os.environ.update(HOME=str(folder), TMPDIR=str(folder), CREWAI_STORAGE_DIR=str(folder / "storage"))
    tempfile.tempdir = str(folder)
    os.chdir(folder)
