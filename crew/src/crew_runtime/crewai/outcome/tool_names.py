"""What a tool may be called where operators read it: a model may ask for any."""

from typing import Final

UNKNOWN: Final = "unknown"
_OFFERED: Final = ("original_tools", "tools")
"""Where those of CrewAI's classes that call tools have what they were given. Its models have neither: they call nothing
else."""


def offered_name(source: object, asked: str) -> str:
    """Return the name of the tool that a model asks `source` for, as models are told it; `unknown` if there is none."""
    from crewai.utilities.string_utils import sanitize_tool_name

    name = str(sanitize_tool_name(asked))
    if not any(hasattr(source, attribute) for attribute in _OFFERED):
        return name
    tools = [tool for attribute in _OFFERED for tool in getattr(source, attribute, None) or ()]
    return name if name in {sanitize_tool_name(str(getattr(tool, "name", ""))) for tool in tools} else UNKNOWN
