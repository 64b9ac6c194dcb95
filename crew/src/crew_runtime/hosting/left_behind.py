"""Keeps the jobs of removed agents as long as those of others, and then removes what is left of these agents."""

import asyncio
import logging
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from crew_runtime.agents.source import is_agent_id
from crew_runtime.common.atomic_file import replacing
from crew_runtime.common.current_agent import work_for
from crew_runtime.common.logs import event
from crew_runtime.job.job import new_id, now
from crew_runtime.machine.settings import WORK_FOLDER, AgentSettings
from crew_runtime.runner.forking import SERVER
from crew_runtime.store import StoreUnavailableError
from crew_runtime.store.sqlite import JOBS_FILE, SqliteJobStore

_log: Final = logging.getLogger(__name__)
_ROUND_SECONDS: Final = 3_600
_NOT_KNOWN_SECONDS: Final = 10
_DAY_MS: Final = 86_400_000
_KEEP_DAYS: Final = "keep-days"
# No agent's id begins with a dot.
_REMOVED: Final = ".removed-"


def note_keep_days(folder: Path, days: int) -> None:
    """Write into an agent's folder how long its jobs are kept: nothing else tells once the agent is removed."""
    if _keep_days(folder) != days:
        with replacing(folder / _KEEP_DAYS) as file:
            file.write(str(days).encode())


def keep_only_jobs(folder: Path) -> None:
    """Remove all from an agent's folder but its jobs, and what tells how long they are kept."""
    for left in folder.iterdir():
        if left.name.startswith(JOBS_FILE) or left.name in (_KEEP_DAYS, WORK_FOLDER):
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


class LeftBehind:
    """Looks after the agents' folders in `hosted` whose agents are gone; `is_there` tells which are not."""

    def __init__(self, hosted: Path, is_there: Callable[[str], bool], clock: Callable[[], int] = now) -> None:
        self._hosted = hosted
        self._is_there = is_there
        self._clock = clock

    async def keep(self, is_known: Callable[[], bool]) -> None:
        """Look once an hour until cancelled, while it is known which agents are there."""
        while True:
            if known := is_known():
                await self.look()
            await asyncio.sleep(_ROUND_SECONDS if known else _NOT_KNOWN_SECONDS)

    async def look(self) -> None:
        """Erase what is due, and remove the folders that have nothing to keep."""
        for folder in await asyncio.to_thread(self._folders):
            with work_for(folder.name):
                try:
                    await self._look_at(folder)
                except StoreUnavailableError as error:
                    event(_log, logging.ERROR, "store_unavailable", reason=str(error))
                except Exception:  # noqa: BLE001 - the next look may go well; what it met is logged
                    _log.exception("agent_not_forgotten")

    def _folders(self) -> list[Path]:
        return sorted(self._hosted.iterdir()) if self._hosted.is_dir() else []

    async def _look_at(self, folder: Path) -> None:
        if folder.name.startswith(_REMOVED):  # by a runtime that was killed
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return
        if not is_agent_id(folder.name) or self._is_there(folder.name):
            return
        if await asyncio.to_thread(self._has_kept, folder) or self._is_there(folder.name):
            return
        # Nothing is awaited in between: an agent that comes back from here on gets a new folder.
        removed = _put_aside(folder)
        await asyncio.to_thread(shutil.rmtree, removed, ignore_errors=True)
        event(_log, logging.INFO, "agent_forgotten")

    def _has_kept(self, folder: Path) -> bool:
        """Erase what is due, and return whether anything is left that has to stay."""
        work = folder / WORK_FOLDER
        if SERVER.has_users and work.is_dir() and any(work.iterdir()):
            return True  # it tells that a user may still have processes
        if not (folder / JOBS_FILE).exists():
            return False
        at = self._clock()
        before = at - _keep_days(folder) * _DAY_MS
        store = SqliteJobStore(folder / JOBS_FILE, holder=new_id())
        try:
            if erased := store.erase(at=at, ended_before=before):
                event(_log, logging.INFO, "erased", jobs=erased)
            return store.has_kept(begun_after=before)
        finally:
            store.disconnect()


def _put_aside(folder: Path) -> Path:
    return folder.rename(folder.with_name(f"{_REMOVED}{secrets.token_hex(8)}"))


def _keep_days(folder: Path) -> int:
    try:
        return int((folder / _KEEP_DAYS).read_text())
    except (OSError, ValueError):  # of an older runtime
        return int(AgentSettings.model_fields["keep_days"].default)
