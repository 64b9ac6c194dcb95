"""Lets CrewAI ask the customer, where it would read from the keyboard: for a task's `human_input`, and in flows."""

from typing import TYPE_CHECKING, Any, Final

from crew_runtime.job.ask import Ask

if TYPE_CHECKING:
    from crewai.agents.parser import AgentFinish
    from crewai.core.providers.human_input import ExecutorContext
    from crewai.flow.async_feedback import PendingFeedbackContext

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


def answer_flows_by(ask: Ask) -> None:
    """Make `ask` what answers a flow's `ask()` and gives the feedback of its methods under @human_feedback."""
    from crewai.flow.flow_config import flow_config

    from crew_runtime.crewai.outcome.result_text import text_of

    class Customer:
        def request_input(self, message: str, _flow: Any, metadata: Any = None) -> str:  # noqa: ANN401, ARG002 - CrewAI's
            return ask(message)

        def request_feedback(self, context: "PendingFeedbackContext", _flow: Any) -> str:  # noqa: ANN401 - CrewAI's
            choices = f"\n\nAnswers: {', '.join(context.emit)}" if context.emit else ""
            return ask(f"{context.message}\n\n{text_of(context.method_output)}{choices}")

    flow_config.hitl_provider = flow_config.input_provider = Customer()
