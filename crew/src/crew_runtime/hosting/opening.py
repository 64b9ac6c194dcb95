"""Opens the agents of a service: gives each its folder, reads its declaration, and puts its parts together."""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from crew_runtime.agents.packages import PACKAGES, Archive, link_packages, remove_unused, unpack
from crew_runtime.agents.source import DECLARATION, AgentSource
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.documents.fetch_process import DocumentFetch
from crew_runtime.hosting.assembly import Shared, document_fetch
from crew_runtime.hosting.configured_agent import REVISION, ConfiguredAgent, read_shared_agent
from crew_runtime.hosting.hosted_agent import HostedAgent
from crew_runtime.hosting.left_behind import keep_only_jobs, note_keep_days
from crew_runtime.http.agent.substitute import Substitute
from crew_runtime.machine.identity import IdentityFile
from crew_runtime.machine.service_settings import HOSTED_FOLDER, ServiceSettings
from crew_runtime.machine.users import AGENTS
from crew_runtime.runner.forking import SERVER
from crew_runtime.store import open_store

_DECLARED: Final = "declared"
_PASSABLE: Final = 0o755
_TO_ITS_JOBS: Final = 0o710
_CLOSED: Final = 0o700


class Opening:
    """`environment` is the process's as it started; agents have from it what they do not set themselves."""

    def __init__(
        self, shared: Shared, settings: ServiceSettings, source: AgentSource, environment: Mapping[str, str]
    ) -> None:
        self._shared = shared
        self._settings = settings
        self._source = source
        self._environment = dict(environment)
        self._free_groups = list(reversed(AGENTS))
        self._groups: dict[str, int] = {}
        self._revisions: dict[str, str] = {}
        self._facts: dict[str, dict[str, str]] = {}

    def substitute(self, agent_id: str) -> Substitute:
        """Return what answers until the agent does."""
        return Substitute(IdentityFile(self._identity_of(agent_id)), self._facts_of(agent_id))

    def configure(self, agent_id: str) -> tuple[ConfiguredAgent, DocumentFetch | None]:
        """Read what is declared now, into a folder that stays as it is for the jobs that are done by it. Blocks.

        Raises:
            SourceError, ConfigurationError: the agent cannot be used, now or as it is.

        """
        folder = self._folder_of(agent_id)
        declared = folder / _DECLARED / secrets.token_hex(8)
        declared.mkdir(parents=True)
        declared.parent.chmod(_PASSABLE)
        try:
            given = self._source.read(agent_id, declared)
            if given.archive:
                self._add_packages(agent_id, given.archive, declared)
            self._revisions[agent_id] = given.environment.get(REVISION, "")
            configured = read_shared_agent(
                agent_id,
                self._environment,
                given.environment,
                given.secrets,
                {
                    "AGENT_DECLARATION": str(declared / DECLARATION),
                    "AGENT_IDENTITY_FILE": str(self._identity_of(agent_id)),
                    "DATA_DIR": str(folder),
                },
                may_have_code=self._settings.shared_code,
            )
            note_keep_days(folder, configured.settings.keep_days)
            return configured, document_fetch(configured.settings, configured.declaration, self._environment)
        except BaseException:
            shutil.rmtree(declared, ignore_errors=True)
            raise

    def open(self, agent_id: str, configured: ConfiguredAgent) -> HostedAgent:
        """Put the parts of an agent together. Its store may block: call it in a thread, with the agent as the current.

        Raises:
            ConfigurationError: the store cannot be used.

        """
        store = open_store(configured.settings, agent_id, self._shared.connections)
        identity = IdentityFile(self._identity_of(agent_id))
        base = self._settings.public_base
        return HostedAgent(
            self._shared,
            configured,
            store,
            identity,
            facts=self._facts_of(agent_id),
            proxy_hops=self._settings.proxy_hops,
            url=None if base is None else f"{base}/{agent_id}",
            group=self._groups.get(agent_id),
        )

    def tidy(self, configured: ConfiguredAgent) -> None:
        """Remove what the agent was declared to be before; no job is done by it any more. Blocks."""
        current = configured.settings.agent_declaration.parent
        for left in current.parent.iterdir():
            if left != current:
                shutil.rmtree(left, ignore_errors=True)
        remove_unused(current.parent.parent / PACKAGES, current.parent)

    def let_go(self, agent_id: str) -> None:
        """Close the folder of an agent that is gone; of what is in it, its jobs stay (LeftBehind)."""
        folder = self._own(agent_id)
        if folder.exists():
            keep_only_jobs(folder)
            folder.chmod(_CLOSED)
        self._facts.pop(agent_id, None)
        self._revisions.pop(agent_id, None)
        if (group := self._groups.pop(agent_id, None)) is not None:
            self._free_groups.append(group)

    def note_outcome(self, agent_id: str) -> None:
        """Let /healthz say which revision has become what it says of the crew."""
        if revision := self._revisions.get(agent_id):
            self._facts_of(agent_id)["revision"] = revision

    def _add_packages(self, agent_id: str, archive: Archive, declared: Path) -> None:
        """Unpack an agent's packages, unless an earlier declaration of it had the same ones."""
        unpacked = self._own(agent_id) / PACKAGES / archive.sha256
        if not unpacked.is_dir():
            unpacked.parent.mkdir(exist_ok=True)
            unpacked.parent.chmod(_PASSABLE)
            with TemporaryDirectory(dir=unpacked.parent) as folder:
                unpack(archive, self._source.fetch(agent_id, archive, Path(folder)), unpacked)
        link_packages(archive.folder, declared, unpacked)

    def _facts_of(self, agent_id: str) -> dict[str, str]:
        return self._facts.setdefault(agent_id, {"agent": agent_id, "instance": self._settings.agent_instance})

    def _own(self, agent_id: str) -> Path:
        return self._settings.data_dir.resolve() / HOSTED_FOLDER / agent_id

    def _identity_of(self, agent_id: str) -> Path:
        return self._source.identity_of(agent_id, self._own(agent_id))

    def _folder_of(self, agent_id: str) -> Path:
        """Return the agent's own folder, into which no other agent's jobs pass."""
        folder = self._own(agent_id)
        try:
            folder.mkdir(mode=_CLOSED, parents=True, exist_ok=True)
            if SERVER.has_users:
                os.chown(folder, -1, self.group_of(agent_id))
                folder.chmod(_TO_ITS_JOBS)
        except OSError as error:
            raise ConfigurationError([f"DATA_DIR: {folder} cannot be used ({error.strerror})."]) from None
        return folder

    def group_of(self, agent_id: str) -> int:
        """Return the group by which an agent's jobs pass into its folder.

        Raises:
            ConfigurationError: there are too many agents.

        """
        if agent_id not in self._groups:
            if not self._free_groups:
                problem = (
                    f"AGENTS: one service serves at most {len(AGENTS)} agents. Let another service have the others."
                )
                raise ConfigurationError([problem])
            self._groups[agent_id] = self._free_groups.pop()
        return self._groups[agent_id]
