"""Sends every model that an author's code names to the runtime's gateway, or says why it cannot be asked."""

import os
from functools import cache
from typing import Any, Final

from crew_runtime.crewai.author.errors import AuthorCodeError
from crew_runtime.job.model_access import ModelAccess

_OPENAI: Final = "openai"
_OWN_ACCESS: Final = ("base_url", "api_base", "api_key")


def set_environment(access: ModelAccess) -> None:
    """Let OpenAI clients of any kind find the gateway; CrewAI's `MODEL` is the declared model."""
    os.environ.update(
        OPENAI_API_KEY=access.key,
        OPENAI_BASE_URL=access.api,
        OPENAI_API_BASE=access.api,
        MODEL=f"{_OPENAI}/{access.name}",  # whatever the name begins with, the API is OpenAI's
    )


@cache
def route_models(access: ModelAccess) -> None:
    """Make CrewAI ask the gateway for whatever model is named, in this process; once.

    A name of OpenAI's stays as it is, with or without `openai/`. One that is the declared model's but for the
    provider before it means the declared model, and so does CrewAI's own default. Any other provider is refused, as no
    job has its key, unless the code passes on an address or a key of its own.
    """
    from crewai.llm import LLM

    resolve = LLM._resolve_route  # noqa: SLF001 - of a pinned version

    def route(model: str, named: dict[str, Any]) -> Any:  # noqa: ANN401 - CrewAI's
        if any(named.get(name) for name in _OWN_ACCESS):
            return resolve(model, named)
        if _without_provider(model) == _without_provider(access.name):
            return resolve(access.name, {**named, "custom_openai": True})
        try:
            found = resolve(model, named)
        except ImportError:  # of a provider whose package is not there
            found = None
        if found is None or found.provider != _OPENAI:
            raise AuthorCodeError(_refused(model, access.name))
        return found if found.native_class else resolve(model, {**named, "custom_openai": True})

    LLM._resolve_route = staticmethod(route)  # noqa: SLF001
    _replace_defaults(f"{_OPENAI}/{access.name}")


def _replace_defaults(model: str) -> None:
    """Replace the names that CrewAI asks for where nobody has named a model."""
    from crewai.memory.unified_memory import Memory
    from crewai.utilities.planning_handler import CrewPlanner

    Memory.model_fields["llm"].default = model
    Memory.model_rebuild(force=True)
    begin = CrewPlanner.__init__

    def planner(self: Any, tasks: Any, planning_agent_llm: Any = None) -> None:  # noqa: ANN401 - CrewAI's
        begin(self, tasks, planning_agent_llm or model)

    CrewPlanner.__init__ = planner


def _without_provider(model: str) -> str:
    return model.rpartition("/")[2]


def _refused(model: str, declared: str) -> str:
    return (
        f"the code names the model {model}, and a job reaches none but the models behind MODEL_API: leave `llm` out, "
        f"which means the declared one ({declared}), or, if MODEL_API serves it, declare it in the agent's YAML as "
        "model.name"
    )
