"""The agent that ECS runs beside a task, on loopback."""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.server import Server


class FakeEcsAgent:
    """Notes what it is asked for; `answer` is what it says to it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"protection": {}}
        agent = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_PUT(self) -> None:
                assert self.path == "/api/task/task-protection/v1/state"
                agent.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(agent.answer).encode())

        self._server = Server(Handler)
        self.uri = f"{self._server.url}/api/task"

    @property
    def is_protected(self) -> bool:
        return bool(self.asked) and bool(self.asked[-1]["ProtectionEnabled"])

    @staticmethod
    def wait_until(reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not reached():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def close(self) -> None:
        self._server.close()
