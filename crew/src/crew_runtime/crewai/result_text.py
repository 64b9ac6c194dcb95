"""What a crew or flow has made, as the text that its customer gets."""

from typing import Any


def text_of(output: Any) -> str:  # noqa: ANN401 - an author's
    """Return a text as it is, and anything else as JSON; of what CrewAI returns, its content."""
    from crewai.flow.human_feedback import HumanFeedbackResult
    from pydantic_core import to_json

    if output is None:
        return ""
    if isinstance(output, HumanFeedbackResult):
        return text_of(output.output)
    if isinstance(output, str):
        return output
    raw = getattr(output, "raw", None)
    if not isinstance(raw, str):
        return to_json(output, fallback=str).decode()
    shaped = getattr(output, "pydantic", None) or getattr(output, "json_dict", None)
    return raw if shaped is None else text_of(shaped)
