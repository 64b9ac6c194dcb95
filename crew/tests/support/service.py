"""Starts the runtime as a service of many agents, as a deployment does, and declares agents for it."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from crew_runtime.common.atomic_file import replacing
from support.declarations import one_task
from support.runtime import IDENTIFIER, Runtime
from support.waiting import wait_for


class Folder:
    """The folder of agents, as the deployment writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def declare(
        self,
        agent_id: str,
        declared: Mapping[str, Any] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        identifier: str | None = IDENTIFIER,
    ) -> None:
        """Write an agent's files, the declaration last."""
        self.write(agent_id, "identity.json", {"agentIdentifier": identifier, "draining": False})
        if environment is not None:
            self.write(agent_id, "environment.json", environment)
        if secrets is not None:
            self.write(agent_id, "secrets.json", secrets)
        self.write(agent_id, "crew.json", {**(one_task() if declared is None else declared), "id": agent_id})

    def write(self, agent_id: str, name: str, content: object) -> None:
        folder = self.path / agent_id
        folder.mkdir(mode=0o700, exist_ok=True)
        with replacing(folder / name) as file:
            file.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        (folder / name).chmod(0o600)

    def remove(self, agent_id: str) -> None:
        """Remove an agent's files, the declaration first."""
        (self.path / agent_id / "crew.json").unlink()
        shutil.rmtree(self.path / agent_id)


class Service(Runtime):
    """One service; `agent` talks to one of its agents."""

    def __init__(self, folder: Path, model_url: str, **environment: str) -> None:
        self.agents = Folder(folder / "agents")
        settings = {"AGENT_DECLARATION": "", "AGENTS": str(self.agents.path), "AGENTS_POLL_SECONDS": "0.1"}
        super().__init__(folder, {}, model_url, **settings | {"INTERNAL_PORT": "0"} | environment)

    def agent(self, agent_id: str) -> "SharedAgent":
        return SharedAgent(self, agent_id)

    def state(self, agent_id: str) -> dict[str, Any]:
        with self.internal as internal:
            found: dict[str, dict[str, Any]] = internal.get("/agents").json()
        return found.get(agent_id, {"state": "unknown"})

    def wait_for_state(self, state: str, *agent_ids: str) -> Self:
        for agent_id in agent_ids:
            wait_for(lambda agent_id=agent_id: self.state(agent_id)["state"] == state)  # type: ignore[misc]
        return self


class SharedAgent:
    """One agent of a service, by its path."""

    def __init__(self, service: Service, agent_id: str) -> None:
        self._service = service
        self._path = f"/{agent_id}"

    def get(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        answer = self._service.http.get(f"{self._path}{path}", params=query)
        return answer.status_code, answer.json()

    def post(self, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
        answer = self._service.http.post(f"{self._path}{path}", json=body, headers=headers)
        return answer.status_code, answer.json()

    def start(self, topic: str, **fields: object) -> str:
        status, answer = self.post("/start_job", {"input_data": {"topic": topic, **fields}})
        assert status == 200, answer
        return str(answer["id"])

    def status(self, job_id: str) -> str:
        status, answer = self.get("/status", job_id=job_id)
        assert status == 200, answer
        return str(answer["status"])

    def ended(self, job_id: str) -> dict[str, Any]:
        wait_for(lambda: self.status(job_id) not in ("awaiting_payment", "running"))
        return self.get("/status", job_id=job_id)[1]
