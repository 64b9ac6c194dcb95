"""Asking a job's customer a question, from inside the worker: over its pipe, to whoever can reach the customer."""

import json
import threading
from multiprocessing.connection import Connection
from typing import Final, Protocol

LONGEST_ANSWER: Final = 100_000
"""Characters; JSON spells one in at most twelve bytes."""
_LONGEST_REPLY: Final = LONGEST_ANSWER * 12 + 100


class Ask(Protocol):
    """Asks the customer a question and returns the answer, however long the customer takes."""

    def __call__(self, prompt: str, *, is_draft: bool = False) -> str:
        """Ask a question; for a draft the customer says what to change, if anything."""


def asking(connection: Connection) -> Ask:
    """Return an Ask over the pipe: {"ask": {"prompt", "is_draft"}} goes out, {"input"} comes back.

    Of threads that ask at once, one waits for the other: the answers have no names.
    """
    one_at_a_time = threading.Lock()

    def ask(prompt: str, *, is_draft: bool = False) -> str:
        text = str(prompt).encode("utf-8", "replace").decode()
        with one_at_a_time:
            connection.send_bytes(json.dumps({"ask": {"prompt": text, "is_draft": is_draft}}).encode())
            return str(json.loads(connection.recv_bytes(_LONGEST_REPLY))["input"])

    return ask
