"""The class of the state in which CrewAI's agents keep what they do at a task, made before any job begins.

CrewAI derives it anew for each task, which takes a tenth of a short job's time, and touches each module that is loaded:
pages that a job's process otherwise shares with all others.
"""

from importlib import import_module
from typing import Any


def share_state_class() -> None:
    """Derive the class once, as CrewAI does, for all processes forked later; also what it finds out of each class."""
    executors: Any = import_module("crewai.agents.agent_executor")
    executor = executors.AgentExecutor
    flow_state = import_module("crewai.flow.runtime").FlowState
    executor.flow_definition()  # kept by the class; it names the state's class, so it comes first
    executor._initial_state_t = type("StateWithId", (flow_state, executors.AgentExecutorState), {})  # noqa: SLF001
