"""What a crew or flow has made, as the text that its customer gets."""

from typing import Any


def text_of(output: Any) -> str:  # noqa: ANN401 - an author's
    """Return a text as it is, and anything else as JSON; of what CrewAI returns, its content."""
    from crewai.crews.crew_output import CrewOutput
    from crewai.flow.human_feedback import HumanFeedbackResult
    from crewai.lite_agent_output import LiteAgentOutput
    from crewai.tasks.task_output import TaskOutput
    from pydantic_core import to_json

    if output is None:
        return ""
    if isinstance(output, HumanFeedbackResult):
        return text_of(output.output)
    if isinstance(output, str):
        return output
    if not isinstance(output, (CrewOutput, LiteAgentOutput, TaskOutput)):
        return to_json(output, fallback=str).decode()
    shaped = output.pydantic or getattr(output, "json_dict", None)
    return str(output.raw) if shaped is None else text_of(shaped)
