"""How a crew asks its customer in the middle of a job: over the job's pipe, to whoever can reach the customer."""

import json
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from crewai.agents.parser import AgentFinish
    from crewai.core.providers.human_input import ExecutorContext

MOST_ROUNDS: Final = 3
LONGEST_ANSWER: Final = 100_000
"""Characters; JSON spells one in at most twelve bytes."""
_LONGEST_REPLY: Final = LONGEST_ANSWER * 12 + 100


class Ask(Protocol):
    """Puts a question to the customer, and gives the answer; it waits as long as the customer takes."""

    def __call__(self, prompt: str, *, is_draft: bool = False) -> str:
        """Ask; of a draft the customer says what to change, if anything."""


def asking(connection: Connection) -> Ask:
    """Ask over the pipe: {"ask": {"prompt", "is_draft"}} goes out, and {"input"} comes back."""

    def ask(prompt: str, *, is_draft: bool = False) -> str:
        text = str(prompt).encode("utf-8", "replace").decode()
        connection.send_bytes(json.dumps({"ask": {"prompt": text, "is_draft": is_draft}}).encode())
        return str(json.loads(connection.recv_bytes(_LONGEST_REPLY))["input"])

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
                reply = ask(self._get_output_string(draft), is_draft=True)
                if not reply.strip():
                    break
                context.messages.append(context._format_feedback_message(reply))  # noqa: SLF001 - as CrewAI's own does
                draft = context._invoke_loop()  # noqa: SLF001
            context.ask_for_human_input = False
            return draft

    set_provider(Customer())
