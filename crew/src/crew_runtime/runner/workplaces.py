"""The folders that workers work in, and the users that they run as."""

import os
import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from crew_runtime.machine.users import JOBS
from crew_runtime.runner.forking import SERVER

_CLEAR_SECONDS: Final = 30


class FreeUsers:
    """The users that no job runs as now, whichever agent's it would be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free = list(reversed(JOBS))

    def take(self) -> int:
        """Return one that is this job's until it is given back."""
        with self._lock:
            return self._free.pop()

    def hold(self, user: int) -> None:
        """Let no job become this user, of whom something is left; nothing happens if none can."""
        with self._lock, suppress(ValueError):
            self._free.remove(user)

    def give_back(self, user: int) -> None:
        """Let another job become a user of whom nothing is left."""
        with self._lock:
            if user not in self._free:
                self._free.append(user)


USERS: Final = FreeUsers()
"""The runtime's."""


def hold_users_of(folders: Iterable[Path]) -> None:
    """Let no job become a user whose folder a killed runtime has left in one of these, until `begin` has removed it.

    Call it for all agents before the first one begins: else what one agent has left is removed, and its processes
    ended, while another agent's job runs as the same user.
    """
    if SERVER.has_users:
        for folder in folders:
            for left in folder.iterdir():
                USERS.hold(left.lstat().st_gid)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A worker's folder, and its user; without one it runs as the runtime's. `group` is the agent's, if it has one."""

    folder: Path
    user: int | None
    group: int | None = None


class Workplaces:
    """Folders below one; where jobs run as users of their own, each is open to its user and the runtime alone.

    `group` is that of the agent where there are several: what it may read of its agent's, other agents' jobs cannot.
    """

    def __init__(self, folder: Path, *, group: int | None = None) -> None:
        self._folder = folder
        self._group = group
        self._taken: dict[str, Workplace] = {}

    def take(self, name: str) -> Workplace:
        """Make a folder.

        Raises:
            OSError: it cannot be made.

        """
        folder = Path(mkdtemp(prefix=f"{name}-", dir=self._folder))  # what could not be removed is in nobody's way
        user = None
        if SERVER.has_users:
            user = USERS.take()
            os.chown(folder, -1, user)  # the runtime is in its group
            folder.chmod(0o770)
        place = Workplace(folder, user, self._group)
        self._taken[name] = place
        return place

    def give_back(self, name: str) -> None:
        """Remove a folder, and end what its user has left running."""
        place = self._taken.pop(name, None)
        if place is None:
            return
        if place.user is None:
            shutil.rmtree(place.folder, ignore_errors=True)
        elif self._is_cleared(place.folder, place.user):
            USERS.give_back(place.user)
        # Otherwise nobody gets this user again until the next start: something of a job may be left.

    def begin(self) -> None:
        """Make the folder for them all; what a killed runtime has left there is removed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        hold_users_of([self._folder])
        for left in self._folder.iterdir():
            user = left.lstat().st_gid
            if not SERVER.has_users or user not in JOBS:
                shutil.rmtree(left, ignore_errors=True)
            elif self._is_cleared(left, user):
                USERS.give_back(user)
        self._folder.chmod(0o711 if SERVER.has_users else 0o700)

    def remove_all(self) -> None:
        """Remove all folders."""
        for name in list(self._taken):
            self.give_back(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_cleared(self, folder: Path, user: int) -> bool:
        try:
            if SERVER.clear(user, folder, self._group).wait(_CLEAR_SECONDS) != 0:
                return False
            folder.rmdir()
        except (EOFError, OSError):
            return False
        return True
