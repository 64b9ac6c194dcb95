"""Agents in a folder on this machine, such as a volume."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from crew_runtime.agents.packages import PACKAGES, Archive, archive_among, link_packages
from crew_runtime.agents.source import (
    BESIDE,
    DECLARATION,
    ENVIRONMENT,
    IDENTITY,
    SECRETS,
    Given,
    SourceError,
    is_agent_id,
    variables_in,
    version_of,
)

_ALL: Final = (DECLARATION, ENVIRONMENT, SECRETS)
_PASSABLE: Final = 0o755
_READABLE: Final = 0o644


class FolderSource:
    """A look costs a few stat calls for each agent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def look(self) -> Mapping[str, str]:
        """Return the version of each agent that has a declaration."""
        try:
            return dict(self._agents())
        except OSError as error:
            raise SourceError(f"{self._folder} cannot be read ({error.strerror})") from None

    def _agents(self) -> Iterator[tuple[str, str]]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                marks = [_mark(f"{entry.path}/{name}") for name in _ALL] if is_agent_id(entry.name) else [None]
                if marks[0] is not None:
                    yield entry.name, version_of(*marks)

    def read(self, agent_id: str, into: Path) -> Given:
        """Copy an agent's declaration and what lies beside it."""
        folder = self._folder / agent_id
        try:
            for name in BESIDE:
                if (folder / name).is_dir():
                    shutil.copytree(folder / name, into / name, copy_function=shutil.copyfile)
            shutil.copyfile(folder / DECLARATION, into / DECLARATION)
            open_to_jobs(into)
            archive = _add_packages(folder / PACKAGES, into)
            environment, secrets = (_content(folder / name) for name in (ENVIRONMENT, SECRETS))
        except OSError as error:
            raise SourceError(f"{agent_id}: {error.filename or folder} cannot be read ({error.strerror})") from None
        return Given(
            environment=variables_in(environment, ENVIRONMENT),
            secrets=variables_in(secrets, SECRETS),
            archive=archive,
        )

    def fetch(self, agent_id: str, archive: Archive, folder: Path) -> Path:  # noqa: ARG002 - it is read where it lies
        """Return the file beside the declaration."""
        return self._folder / agent_id / archive.name

    def identity_of(self, agent_id: str, folder: Path) -> Path:  # noqa: ARG002 - it is read where it lies
        """Return the file in the agent's folder."""
        return self._folder / agent_id / IDENTITY


def _add_packages(packages: Path, into: Path) -> Archive | None:
    """Link to what is installed on this machine and the declaration names, or return the archive that it needs."""
    if not packages.is_dir():
        return None
    declaration = (into / DECLARATION).read_text()
    for entry in packages.iterdir():
        name = f"{PACKAGES}/{entry.name}"
        if entry.is_dir() and f'"{name}"' in declaration:
            link_packages(name, into, entry.resolve())
    return archive_among((f"{PACKAGES}/{entry.name}" for entry in packages.iterdir()), declaration)


def open_to_jobs(folder: Path) -> None:
    """Let the users of jobs read what is in a folder, which only those of its agent reach."""
    folder.chmod(_PASSABLE)
    for entry in folder.rglob("*"):
        entry.chmod(_PASSABLE if entry.is_dir() else _READABLE)


def _mark(file: str) -> tuple[int, int, int] | None:
    # A thousand agents are looked at every second: making a Path of each file would take longer than asking for it.
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
