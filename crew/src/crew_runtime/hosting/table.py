"""Keeps the agents that are served what their source says: each comes, changes and goes without touching another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Final

from crew_runtime.agents.source import AgentSource, SourceError
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.current_agent import work_for
from crew_runtime.common.logs import event
from crew_runtime.common.metrics import COUNTERS
from crew_runtime.hosting.hosted_agent import HostedAgent
from crew_runtime.hosting.opening import Opening
from crew_runtime.http.agent.substitute import Substitute

_log: Final = logging.getLogger(__name__)
_SIDE_BY_SIDE: Final = 4
# What is wrong may be so for a moment alone, such as a database that restarts, or a role that is too new.
_RETRY_SECONDS: Final = 30


@dataclass(slots=True)
class Entry:
    """One agent: as it is served, and what is being done about it."""

    substitute: Substitute
    version: str = ""
    hosted: HostedAgent | None = None
    problems: Sequence[str] = ()
    is_leaving: bool = False
    is_closing: bool = False
    task: asyncio.Task[None] | None = None
    retry_at: float = inf

    @property
    def state(self) -> str:
        """Return `loading`, `ready`, `unusable` or `leaving`."""
        if self.is_leaving:
            return "leaving"
        return self.hosted.served.agent.crew_state if self.hosted else self.substitute.state


class AgentTable:
    """Looks at the source again and again; `entries` are the agents by their ids."""

    def __init__(self, source: AgentSource, opening: Opening, poll_seconds: float) -> None:
        self._source = source
        self._opening = opening
        self._poll_seconds = poll_seconds
        self._places = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._reason: str | None = None
        self.entries: dict[str, Entry] = {}
        self.is_known = False
        """Whether the last look succeeded."""

    async def keep(self) -> None:
        """Keep the table until cancelled."""
        while True:
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - the next look may go well; what it met is logged
                _log.exception("agents_look_failed")
            await asyncio.sleep(self._poll_seconds)

    async def stop(self, grace_seconds: float) -> None:
        """End all agents; what they have begun is gone on with by the next runtime."""
        tasks = [entry.task for entry in self.entries.values() if entry.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        hosted = [entry.hosted for entry in self.entries.values() if entry.hosted]
        await asyncio.gather(*(one.stop(grace_seconds) for one in hosted))

    async def _look(self) -> None:
        try:
            found = await asyncio.to_thread(self._source.look)
        except SourceError as error:
            self.is_known = False
            if self._reason != str(error):
                event(_log, logging.ERROR, "agents_unreadable", reason=str(error))
            self._reason = str(error)
            return
        self.is_known, self._reason = True, None
        for agent_id, version in found.items():
            self._expect(agent_id, version)
        for agent_id in self.entries.keys() - found.keys():
            entry = self.entries[agent_id]
            if not entry.is_leaving and entry.task is None:
                entry.is_leaving = True
                self._begin(agent_id, entry, self._let_go)

    def _expect(self, agent_id: str, version: str) -> None:
        """Bring an agent to a version, unless it has it; one that was about to go may stay."""
        entry = self.entries.get(agent_id)
        if entry is None:
            entry = self.entries[agent_id] = Entry(self._opening.substitute(agent_id))
        if entry.is_leaving:
            if entry.is_closing:
                return
            if entry.task:
                entry.task.cancel()
            entry.task, entry.is_leaving, entry.version = None, False, ""
            if entry.hosted:
                entry.hosted.served.agent.is_leaving = False
        if entry.task is None and (entry.version != version or monotonic() >= entry.retry_at):
            entry.version = version
            self._begin(agent_id, entry, self._bring_up)

    def _begin(self, agent_id: str, entry: Entry, do: Callable[[str, Entry], Awaitable[None]]) -> None:
        async def done() -> None:
            with work_for(agent_id):
                try:
                    await do(agent_id, entry)
                except Exception:  # noqa: BLE001 - what happened to one agent must not reach another
                    _log.exception("agent_broke")
                    entry.retry_at = monotonic() + _RETRY_SECONDS

        task = asyncio.create_task(done())
        entry.task = task
        task.add_done_callback(lambda ended: self._note_end(entry, ended))

    def _note_end(self, entry: Entry, ended: asyncio.Task[None]) -> None:
        if entry.task is ended:
            entry.task = None

    async def _bring_up(self, agent_id: str, entry: Entry) -> None:
        entry.retry_at = inf
        try:
            reason = await self._changed(agent_id, entry)
            problems = [f"the crew cannot be used: {reason}"] if reason else []
        except ConfigurationError as error:
            problems = list(error.problems)
        except SourceError as error:
            problems = [str(error)]
        if entry.hosted:
            entry.hosted.served.agent.is_unusable = bool(problems)
        if problems:
            entry.substitute.state = "unusable"
            entry.retry_at = monotonic() + _RETRY_SECONDS
            if entry.problems != problems:
                event(_log, logging.ERROR, "agent_unusable", problems=problems)
        entry.problems = problems
        self._opening.note_outcome(agent_id)

    async def _changed(self, agent_id: str, entry: Entry) -> str | None:
        """Open an agent, or let it follow its declaration; return why its crew cannot be used."""
        async with self._places:
            configured, fetch = await asyncio.to_thread(self._opening.configure, agent_id)
        if entry.hosted and not entry.hosted.has_store_of(configured):
            await entry.hosted.end()
            await entry.hosted.close()
            entry.hosted = None
        if entry.hosted:
            reason = await entry.hosted.follow(configured, fetch)
        else:
            async with self._places:
                entry.hosted = await asyncio.to_thread(self._opening.open, agent_id, configured)
                await entry.hosted.start()
            event(_log, logging.INFO, "agent_added")
            reason = await entry.hosted.make_ready(fetch)
        if reason is None and entry.hosted.is_idle:
            await asyncio.to_thread(self._opening.tidy, configured)
        return reason

    async def _let_go(self, agent_id: str, entry: Entry) -> None:
        event(_log, logging.INFO, "agent_leaving")
        if entry.hosted:
            await entry.hosted.end()
            entry.is_closing = True
            await entry.hosted.close()
        self._opening.let_go(agent_id)
        del self.entries[agent_id]
        for counter in COUNTERS:
            counter.forget(agent_id)
        event(_log, logging.INFO, "agent_removed")
