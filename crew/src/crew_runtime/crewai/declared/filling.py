"""Fills in CrewAI's templates in one pass, so that nothing that was filled in is taken for a placeholder again.

CrewAI replaces one placeholder after the other in the running text: a customer who writes `{secret}` would be shown
what stands for it, be that another field, a document or the list of tools.
"""

from collections.abc import Mapping
from functools import cache
from secrets import token_hex
from typing import Any, Final

from crew_runtime.job.placeholders import filled

# Stands for the opening brace of a text that was filled in until its prompt is complete. Nobody can guess it.
_BRACE: Final = f"{{{token_hex(16)}"


@cache
def fill_in_one_pass() -> None:
    """Replace CrewAI's own functions in this process, once."""
    from crewai import task
    from crewai.agents import agent_executor
    from crewai.agents.agent_builder import base_agent
    from crewai.utilities import prompts, string_utils

    crewais = string_utils.interpolate_only

    def interpolate(input_string: str | None, inputs: dict[str, Any]) -> str:
        crewais("", inputs)  # raises where an input is of a wrong type
        crewais(input_string, dict.fromkeys(inputs, ""))  # raises where one is missing
        return filled(input_string or "", {name: str(value) for name, value in inputs.items()})

    for module in (string_utils, task, base_agent):
        if module.interpolate_only is not crewais:
            raise RuntimeError(f"{module.__name__} fills in its texts in an unknown way")
        module.interpolate_only = interpolate

    build_prompt = prompts.Prompts._build_prompt  # noqa: SLF001 - of a pinned version

    def build(self: Any, *given: Any, **named: Any) -> str:  # noqa: ANN401 - CrewAI's
        template: str = build_prompt(self.model_copy(update={"agent": _Unfilled}), *given, **named)
        return filled(template, _texts_of(self.agent))

    prompts.Prompts._build_prompt = build  # noqa: SLF001
    agent_executor.AgentExecutor._format_prompt = staticmethod(_format_prompt)  # noqa: SLF001


class _Unfilled:
    """An agent whose texts leave the placeholders as they are."""

    role, goal, backstory = "{role}", "{goal}", "{backstory}"


def _texts_of(agent: Any) -> dict[str, str]:  # noqa: ANN401 - CrewAI's
    return {name: getattr(agent, name).replace("{", _BRACE) for name in ("role", "goal", "backstory")}


def _format_prompt(prompt: str, inputs: Mapping[str, str]) -> str:
    names = ("input", "tool_names", "tools")
    return filled(prompt, {name: inputs[name] for name in names}).replace(_BRACE, "{")
