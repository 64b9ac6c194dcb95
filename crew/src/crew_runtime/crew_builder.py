"""Builds CrewAI's objects from a declared crew; fresh ones for each job, as crews must share nothing."""

from typing import TYPE_CHECKING, Any, Final

from crew_runtime.crew_work import ModelAccess

if TYPE_CHECKING:
    from crewai import LLM, Agent, Crew, Task

MODEL_TIMEOUT_SECONDS: Final = 120
MODEL_RETRIES: Final = 1


def model_of(access: ModelAccess) -> "LLM":
    """Make CrewAI's access to the declared model, with a token count of its own."""
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


def declared_crew(declared: dict[str, Any], access: ModelAccess) -> "Crew":
    """Build the crew of a declaration."""
    from crewai import Crew, Process

    agents = {name: _agent(agent, access) for name, agent in declared["agents"].items()}
    tasks: dict[str, Task] = {}
    for task in declared["tasks"]:
        tasks[task["name"]] = _task(task, agents, tasks)
    return Crew(
        name="crew",
        process=Process(declared["process"]),
        agents=list(agents.values()),
        tasks=list(tasks.values()),
        memory=False,
        tracing=False,
        verbose=False,
    )


def _agent(declared: dict[str, Any], access: ModelAccess) -> "Agent":
    from crewai import Agent

    return Agent(
        **declared,
        llm=model_of(access),
        max_retry_limit=0,  # CrewAI's own retries multiply with those of the model's client
        allow_delegation=False,
        verbose=False,
    )


def _task(declared: dict[str, Any], agents: dict[str, "Agent"], earlier: dict[str, "Task"]) -> "Task":
    from crewai import Task

    settings = {**declared, "agent": agents[declared["agent"]]}
    if "context" in declared:
        settings["context"] = [earlier[name] for name in declared["context"]]
    return Task(**settings)
