"""An agent's packages where the service runs in a container: an archive beside its declaration, unpacked when it comes.

What a deployment installs for a container is code of others, so nothing of it is imported here: jobs do that. The
folder belongs to the runtime; jobs can read it, and only those of its agent reach it.
"""

import compileall
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Final

from crew_runtime.common.configuration import ConfigurationError

PACKAGES: Final = "packages"
"""The folder beside the declaration with what its code needs: a folder for each set of packages, or an archive."""

_ARCHIVE: Final = re.compile(r"(packages/[\w-]+)\.([0-9a-f]{64})\.tgz")
_UNPACKED_WITHIN_SECONDS: Final = 300
_MOST_UNPACKED_BYTES: Final = 2 * 1024**3
_MOST_ENTRIES: Final = 200_000
_LOWEST_PRIORITY: Final = 19
_PASSABLE: Final = 0o755
_READABLE: Final = 0o644
_EXECUTABLE: Final = 0o111


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of the folder that a declaration names; the SHA-256 of its content is in its name."""

    name: str
    folder: str
    sha256: str


def archive_among(names: Iterable[str], declaration: str) -> Archive | None:
    """Return the archive that a declaration needs, of those beside it; None if it needs none that is there."""
    for name in sorted(names):
        if (found := _ARCHIVE.fullmatch(name)) and f'"{found[1]}"' in declaration:
            return Archive(name, found[1], found[2])
    return None


def unpack(archive: Archive, file: Path, into: Path) -> None:
    """Unpack an archive that has arrived in `file` into a folder that is whole once it exists. Blocks.

    It is done by a process of its own, with the lowest priority: the service goes on with other agents meanwhile.

    Raises:
        ConfigurationError: it is not the archive that was sent, or cannot be unpacked.

    """
    with file.open("rb") as content:
        if file_digest(content, "sha256").hexdigest() != archive.sha256:
            raise ConfigurationError([f"{archive.name}: is not what its name says, so it was not unpacked"])
    draft = into.with_suffix(".draft")
    rmtree(draft, ignore_errors=True)
    isolated = ["-I"] if sys.flags.isolated else []
    command = [sys.executable, *isolated, "-m", __name__, str(file), str(draft)]
    try:
        # It gets no environment: the service's has keys.
        subprocess.run(command, check=True, capture_output=True, timeout=_UNPACKED_WITHIN_SECONDS, env={})  # noqa: S603
    except subprocess.SubprocessError as error:
        said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
        reason = said[-1] if said else type(error).__name__
        rmtree(draft, ignore_errors=True)
        raise ConfigurationError([f"{archive.name}: cannot be unpacked ({reason})"]) from None
    draft.rename(into)


def link_packages(folder: str, declared: Path, unpacked: Path) -> None:
    """Let a declaration find the packages that it names; they are too many files to be copied."""
    link = declared / folder
    link.parent.mkdir(exist_ok=True)
    link.parent.chmod(_PASSABLE)
    link.symlink_to(unpacked)


def remove_unused(packages: Path, declared: Path) -> None:
    """Remove packages that no declaration in `declared` links to, and what was interrupted."""
    used = {one.readlink().name for one in declared.glob(f"*/{PACKAGES}/*") if one.is_symlink()}
    for left in packages.iterdir() if packages.is_dir() else ():
        if left.name not in used:
            rmtree(left, ignore_errors=True)


def _entries_of(packed: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Take the entries of an archive, open to jobs, and only so much of them: the disk is other agents' too.

    Python's own filters came with 3.11.4, and what is packed here has only files and folders.
    """
    size = 0
    for count, member in enumerate(packed, start=1):
        size += member.size
        if size > _MOST_UNPACKED_BYTES or count > _MOST_ENTRIES:
            message = f"it has more than {_MOST_UNPACKED_BYTES // 1024**3} GiB or {_MOST_ENTRIES} files"
            raise ValueError(message)
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isreg() or member.isdir()):
            message = f"{member.name} is no file or folder of its own"
            raise ValueError(message)
        member.mode = _PASSABLE if member.isdir() or member.mode & _EXECUTABLE else _READABLE
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def _main(archive: str, into: str) -> None:
    """Unpack, and compile what a job would otherwise compile each time: it cannot write there."""
    os.nice(_LOWEST_PRIORITY)
    with tarfile.open(archive) as packed:
        packed.extraction_filter = lambda member, _: member  # each is looked at already
        packed.extractall(into, members=_entries_of(packed))  # noqa: S202 - and checked against its hash before
    compileall.compile_dir(into, quiet=2, workers=1)
    for entry in Path(into).rglob("__pycache__"):
        entry.chmod(_PASSABLE)
        for compiled in entry.iterdir():
            compiled.chmod(_READABLE)
    Path(into).chmod(_PASSABLE)


if __name__ == "__main__":
    _main(*sys.argv[1:])
