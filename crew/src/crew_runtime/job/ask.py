"""Asking a job's customer a question, from inside the worker: over its pipe, to whoever can reach the customer."""

import json
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Final, Protocol

LONGEST_ANSWER: Final = 100_000
"""Characters; JSON spells one in at most twelve bytes."""
_LONGEST_REPLY: Final = LONGEST_ANSWER * 12 + 100


class Ask(Protocol):
    """Asks the customer a question and returns the answer, however long the customer takes."""

    def __call__(self, prompt: str, *, is_draft: bool = False) -> str:
        """Ask a question; for a draft the customer says what to change, if anything."""


class Parent:
    """The worker's side of its pipe. Any thread may send a message; of those that ask, one waits for the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = Lock()
        self._asking = Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message, whole."""
        with self._sending:
            self._connection.send_bytes(json.dumps(message).encode())

    def ask(self, prompt: str, *, is_draft: bool = False) -> str:
        """Ask the customer: {"ask": {"prompt", "is_draft"}} goes out, {"input"} comes back."""
        text = str(prompt).encode("utf-8", "replace").decode()
        with self._asking:  # answers have no names
            self.send({"ask": {"prompt": text, "is_draft": is_draft}})
            return str(json.loads(self._connection.recv_bytes(_LONGEST_REPLY))["input"])

    def close(self) -> None:
        """Close the pipe."""
        self._connection.close()
