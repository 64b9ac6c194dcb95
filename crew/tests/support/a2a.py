"""Asks an agent by A2A's JSON-RPC, as a client without an SDK."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

PATH = "/a2a"


def message(*parts: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"message": {"messageId": "m-1", "role": "ROLE_USER", "parts": list(parts), **fields}}


def body(method: str, params: object, **changes: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "r-1", "method": method, "params": params, **changes}


class A2A:
    """One agent, at a path below an HTTP client's base."""

    def __init__(self, http: httpx.Client, path: str = PATH) -> None:
        self._http = http
        self._path = path

    def post(self, content: object, **headers: str) -> httpx.Response:
        return self._http.post(self._path, json=content, headers=headers)

    def call(self, method: str, params: object, **headers: str) -> dict[str, Any]:
        """The result of a method."""
        answer = self.post(body(method, params), **headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["id"] == "r-1"
        assert "error" not in found, found
        result: dict[str, Any] = found["result"]
        return result

    def error(self, method: str, params: object, **headers: str) -> dict[str, Any]:
        """The error of a method that fails."""
        answer = self.post(body(method, params), **headers)
        assert answer.status_code == 200, answer.text
        error: dict[str, Any] = answer.json()["error"]
        return error

    def send(self, *parts: dict[str, Any], **fields: object) -> dict[str, Any]:
        task: dict[str, Any] = self.call("SendMessage", message(*parts, **fields))["task"]
        return task

    def task(self, task_id: str) -> dict[str, Any]:
        return self.call("GetTask", {"id": task_id})

    @contextmanager
    def stream(self, method: str, params: object) -> Iterator[Iterator[dict[str, Any]]]:
        """The results of a stream, as they come."""
        with self._http.stream("POST", self._path, json=body(method, params)) as answer:
            yield (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: "))

    def streamed(self, method: str, params: object) -> list[dict[str, Any]]:
        with self.stream(method, params) as events:
            return [event.get("result", event) for event in events]
