"""What operators may read of tools and agents: a model may ask for any tool, and a role may quote a customer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crewai.agents.agent_builder.base_agent import BaseAgent

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


def declared_name(agent: "BaseAgent | None", agents: Mapping[str, Any]) -> str | None:
    """Return what an agent is called among those that are declared; None if it is not one of them."""
    role = agent and (agent._original_role or agent.role)  # noqa: SLF001 - as declared, before inputs were filled in
    return next((name for name, declared in agents.items() if declared.get("role") == role), None)
