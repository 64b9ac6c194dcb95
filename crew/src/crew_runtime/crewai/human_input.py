"""Lets CrewAI's tasks with `human_input` ask the customer, where CrewAI would read from the keyboard."""

from typing import TYPE_CHECKING, Final

from crew_runtime.ask import Ask

if TYPE_CHECKING:
    from crewai.agents.parser import AgentFinish
    from crewai.core.providers.human_input import ExecutorContext

MOST_ROUNDS: Final = 3


def answer_human_input_by(ask: Ask) -> None:
    """Make `ask` the source of human input in this process.

    The customer sees the draft and says what to change; an empty answer accepts it. After MOST_ROUNDS rounds the last
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
