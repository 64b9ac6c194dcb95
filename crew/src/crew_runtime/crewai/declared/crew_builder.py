"""Builds CrewAI's objects from a declared crew; fresh ones for each job, as crews must share nothing."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.crewai.declared.result_schema import json_guardrail
from crew_runtime.job.model_access import ModelAccess

if TYPE_CHECKING:
    from crewai import LLM, Agent, Crew, Task

MODEL_TIMEOUT_SECONDS: Final = 120
MODEL_RETRIES: Final = 1

Tools = Mapping[str, Callable[[str], str]]


def model_of(access: ModelAccess) -> "LLM":
    """Return CrewAI's client of the declared model, with a token count of its own."""
    from crewai import LLM

    settings: dict[str, Any] = {
        "model": access.name,
        "custom_openai": True,  # any model name, by the API at base_url
        "base_url": access.api,
        "api_key": access.key,
        "temperature": access.temperature,
        "max_tokens": access.max_tokens,
        "timeout": MODEL_TIMEOUT_SECONDS,
        "max_retries": MODEL_RETRIES,
    }
    return LLM(**{name: value for name, value in settings.items() if value is not None})


def declared_crew(declared: dict[str, Any], access: ModelAccess, tools: Tools) -> "Crew":
    """Build the crew of a declaration; `tools` are those that its agents can name."""
    from crewai import Crew, Process

    agents = {name: _agent(agent, access, tools) for name, agent in declared["agents"].items()}
    manager = agents.pop(declared["manager_agent"]) if "manager_agent" in declared else None
    process = Process(declared["process"])
    tasks: dict[str, Task] = {}
    for task in declared["tasks"]:
        tasks[task["name"]] = _task(task, agents, tasks)
    return Crew(
        name="crew",
        process=process,
        agents=list(agents.values()),
        tasks=list(tasks.values()),
        manager_agent=manager,
        manager_llm=model_of(access) if process == Process.hierarchical and manager is None else None,
        memory=False,
        tracing=False,
        verbose=False,
    )


def _agent(declared: dict[str, Any], access: ModelAccess, tools: Tools) -> "Agent":
    from crewai import Agent
    from crewai.tools import tool

    return Agent(
        **{**declared, "tools": [tool(name)(tools[name]) for name in declared.get("tools", ())]},
        llm=model_of(access),
        max_retry_limit=0,  # CrewAI's own retries multiply with those of the model's client
        allow_delegation=False,
        verbose=False,
    )


def _task(declared: dict[str, Any], agents: dict[str, "Agent"], earlier: dict[str, "Task"]) -> "Task":
    from crewai import Task

    settings = {name: value for name, value in declared.items() if name not in ("guardrail", "output_json")}
    if "agent" in declared:
        settings["agent"] = agents[declared["agent"]]
    if "context" in declared:
        settings["context"] = [earlier[name] for name in declared["context"]]
    guardrails: list[Any] = []
    if "output_json" in declared:
        guardrails.append(json_guardrail(declared["output_json"]))
    if "guardrail" in declared:
        guardrails.append(declared["guardrail"])
    return Task(**settings, guardrails=guardrails or None)
