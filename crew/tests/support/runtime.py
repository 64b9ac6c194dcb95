"""Starts the runtime as a process of its own, as a deployment does, and talks to it by HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from crew_runtime.common.atomic_file import replacing
from crew_runtime.job.job import reference_of
from crew_runtime.runner.forking import SERVER
from support.sharing_runtime import environment_with, new_fork_server

IDENTIFIER = "ab" * 28 + "01"
SENTINEL_KEY = "sk-sentinel-5c1d"
PATIENCE_SECONDS = 120
SHARED, OWN = "shared", "own"
_TESTS = Path(__file__).parents[1]


class Runtime:
    """One running agent; its files are in `folder`.

    Its jobs come from the fork server of the tests, where there is one, unless it is to start its own.
    """

    def __init__(
        self,
        folder: Path,
        declaration: dict[str, Any],
        model_url: str,
        *,
        fork_server: str = SHARED,
        **environment: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.identity_file = folder / "identity.json"
        declaration_file = folder / "crew.json"
        declaration_file.write_text(json.dumps(declaration))
        self._lines: list[str] = []
        self._listening = threading.Event()
        arguments = ["--instance", "test-instance"]
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.data),
            "LANG": "C.UTF-8",
            "PORT": "0",
            "AGENT_DECLARATION": str(declaration_file),
            "AGENT_IDENTITY_FILE": str(self.identity_file),
            "AGENT_INSTANCE": "test-instance",
            "DATA_DIR": str(self.data),
            "MODEL_API": model_url,
            "MODEL_KEY": SENTINEL_KEY,
            "MODEL_NAME": "stub-model",
            "SHUTDOWN_GRACE": "0",
            "START_RATE": "0",  # every test is the same client
            "REQUEST_RATE": "0",
            "MAX_PER_CLIENT": "10000",
            **environment,
        }
        if fork_server == SHARED and SERVER.is_running:
            with new_fork_server() as control:
                shared = {"PYTHONPATH": str(_TESTS), **environment_with(control)}
                self.process = self._start("support.sharing_runtime", arguments, variables | shared, control.fileno())
        else:
            self.process = self._start("crew_runtime", arguments, variables)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._client: httpx.Client | None = None

    def _start(
        self, program: str, arguments: list[str], environment: dict[str, str], *inherited: int
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            cwd=self.folder,
            env=environment,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.append(line)
            if '"listening"' in line:
                self._listening.set()
        self._listening.set()

    @property
    def output(self) -> str:
        return "".join(self._lines)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._lines]

    @property
    def http(self) -> httpx.Client:
        if self._client is None:
            assert self._listening.wait(PATIENCE_SECONDS)
            port = next(event["port"] for event in self.events if event["event"] == "listening")
            self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS, trust_env=False)
        return self._client

    @property
    def internal(self) -> httpx.Client:
        """The port for operators; `close` is the caller's."""
        port = self.wait_for_event("listening")["internal_port"]
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS, trust_env=False)

    def logged(self, name: str, job_id: str) -> bool:
        return any((event["event"], event.get("job")) == (name, reference_of(job_id)) for event in self.events)

    def identify(
        self, identifier: str | None = IDENTIFIER, *, draining: bool = False, seller: dict[str, str] | None = None
    ) -> None:
        with replacing(self.identity_file) as file:
            file.write(json.dumps({"agentIdentifier": identifier, **(seller or {}), "draining": draining}).encode())

    def wait_until_ready(self) -> None:
        self.wait_for_event("crew_ready")

    def buy(self, topic: str, nonce: str, *, key: str | None = "", **fields: object) -> httpx.Response:
        """Start a job as a buyer does who pays, by a secret key of the nonce's own unless another or none is given."""
        self.wait_until_ready()
        body = {"identifier_from_purchaser": nonce, "input_data": {"topic": topic, **fields}}
        headers = {} if key is None else {"Idempotency-Key": key or f"secret of the buyer of {nonce}"}
        return self.http.post("/start_job", json=body, headers=headers)

    def start_job(self, topic: str, **fields: object) -> str:
        self.wait_until_ready()
        answer = self.http.post("/start_job", json={"input_data": {"topic": topic, **fields}})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def status(self, job_id: str) -> dict[str, Any]:
        answer = self.http.get("/status", params={"job_id": job_id})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait until the job ends, or asks its customer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.status(job_id))["status"] in ("awaiting_payment", "running"):
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)
        return found

    def asked(self, job_id: str) -> dict[str, Any]:
        """Wait until the job asks its customer, and give its status."""
        found = self.ended(job_id)
        assert found["status"] == "awaiting_input", self.output
        return found

    def provide(self, job_id: str, input_data: object, **fields: object) -> httpx.Response:
        return self.http.post("/provide_input", json={"job_id": job_id, "input_data": input_data, **fields})

    def wait_for_event(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            for event in self.events:
                if event["event"] == name:
                    return event
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)

    def exit_code(self) -> int:
        """Wait until the runtime ends by itself."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._close()
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the runtime alone, and wait."""
        self.process.send_signal(number)
        return self.exit_code()

    def kill(self) -> None:
        """End the runtime as a crash of the machine would: with no time for anything."""
        self.stop(signal.SIGKILL)

    def _close(self) -> None:
        """End what is left of the process's group, such as a fork server that still imports."""
        if self._client:
            self._client.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reader.join(PATIENCE_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
