"""How a crew asks its customer in the middle of a job: over the job's pipe, to whoever can reach the customer."""

import json
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crewai.agents.parser import AgentFinish
    from crewai.core.providers.human_input import ExecutorContext

MOST_ROUNDS: Final = 3
LONGEST_REPLY: Final = 1024 * 1024

Ask = Callable[[str], str]
"""Puts a question to the customer, and gives the answer; it waits as long as the customer takes."""


def asking(connection: Connection) -> Ask:
    """Ask over the pipe: {"ask": {"prompt"}} goes out, and {"input"} comes back."""

    def ask(prompt: str) -> str:
        connection.send_bytes(json.dumps({"ask": {"prompt": prompt}}).encode())
        return str(json.loads(connection.recv_bytes(LONGEST_REPLY))["input"])

    return ask


def answer_human_input_by(ask: Ask) -> None:
    """Let tasks with `human_input` ask the customer, where CrewAI would read from the keyboard.

    The customer sees the draft, and says what to change; an empty answer takes it as it is. After a few rounds the last
    draft stands.
    """
    from crewai.core.providers.human_input import SyncHumanInputProvider, set_provider

    class Customer(SyncHumanInputProvider):  # type: ignore[misc] # CrewAI is not read for its types
        def handle_feedback(self, formatted_answer: "AgentFinish", context: "ExecutorContext") -> "AgentFinish":
            draft = formatted_answer
            for _ in range(MOST_ROUNDS):
                reply = ask(self._get_output_string(draft))
                if not reply.strip():
                    break
                context.messages.append(context._format_feedback_message(reply))  # noqa: SLF001 - as CrewAI's own does
                draft = context._invoke_loop()  # noqa: SLF001
            context.ask_for_human_input = False
            return draft

    set_provider(Customer())
