"""Builds the validators of CrewAI's pydantic models when one is first used, apart from those that every job uses.

CrewAI defines hundreds of models, events above all, and a job uses some forty. Pydantic can build each when it is first
used (`defer_build`): that saves a fifth of the time that CrewAI takes, and a tenth of the memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final

from pydantic import BaseModel

_DEFERRED: Final = "defer_build"

USED: Final = {
    "crewai.agents.agent_builder.utilities.base_token_process": ("TokenProcess",),
    "crewai.agents.agent_executor": ("AgentExecutorState",),
    "crewai.agents.tools_handler": ("ToolsHandler",),
    "crewai.crews.crew_output": ("CrewOutput",),
    "crewai.events.types.agent_events": (
        "AgentExecutionCompletedEvent",
        "AgentExecutionStartedEvent",
        "LiteAgentExecutionCompletedEvent",
        "LiteAgentExecutionStartedEvent",
    ),
    "crewai.events.types.crew_events": ("CrewKickoffCompletedEvent", "CrewKickoffStartedEvent"),
    "crewai.events.types.env_events": ("DefaultEnvEvent",),
    "crewai.events.types.flow_events": ("FlowFinishedEvent", "FlowStartedEvent"),
    "crewai.events.types.llm_events": ("LLMCallCompletedEvent", "LLMCallStartedEvent"),
    "crewai.events.types.llm_guardrail_events": ("LLMGuardrailCompletedEvent", "LLMGuardrailStartedEvent"),
    "crewai.events.types.logging_events": ("AgentLogsExecutionEvent", "AgentLogsStartedEvent"),
    "crewai.events.types.task_events": ("TaskCompletedEvent", "TaskStartedEvent"),
    "crewai.events.types.tool_usage_events": ("ToolUsageFinishedEvent", "ToolUsageStartedEvent"),
    "crewai.flow.flow_definition": ("FlowConfigDefinition", "FlowDefinition", "FlowPydanticStateDefinition"),
    "crewai.lite_agent_output": ("LiteAgentOutput",),
    "crewai.llms.providers.openai.completion": ("OpenAICompletion",),
    "crewai.security.fingerprint": ("Fingerprint",),
    "crewai.security.security_config": ("SecurityConfig",),
    "crewai.state.event_record": ("EventNode", "EventRecord"),
    "crewai.state.provider.json_provider": ("JsonProvider",),
    "crewai.tasks.llm_guardrail": ("LLMGuardrailResult",),
    "crewai.tasks.task_output": ("TaskOutput",),
    "crewai.tools.base_tool": ("Tool",),
    "crewai.tools.structured_tool": ("CrewStructuredTool",),
    "crewai.types.usage_metrics": ("UsageMetrics",),
    "crewai.utilities.crew.models": ("CrewContext",),
    "crewai.utilities.guardrail": ("GuardrailResult",),
    "crewai.utilities.planning_types": ("TodoList",),
    "crewai.utilities.prompts": ("Prompts", "SystemPromptResult"),
    "crewai.utilities.rpm_controller": ("RPMController",),
    "crewai.utilities.token_counter_callback": ("TokenCalcHandler",),
    "openai.types.chat.chat_completion": ("ChatCompletion", "Choice"),
    "openai.types.chat.chat_completion_message": ("ChatCompletionMessage",),
    "openai.types.chat.chat_completion_message_function_tool_call": (
        "ChatCompletionMessageFunctionToolCall",
        "Function",
    ),
}
"""What a job of a declared crew uses, by module. What is missing here costs each job some milliseconds."""


@contextmanager
def building_on_demand() -> Iterator[None]:
    """Build models that are defined in the block when they are used; those that jobs use at its end."""
    BaseModel.model_config[_DEFERRED] = True
    try:
        yield
        for module, names in USED.items():
            for name in names:
                getattr(import_module(module), name).model_rebuild()
    finally:
        del BaseModel.model_config[_DEFERRED]
        for model in _subclasses_of(BaseModel):
            # What an author derives from these is built at once, as ever: mistakes are told where they are made.
            if not model.__module__.startswith("openai."):  # it has its own built late, by itself
                model.model_config.pop(_DEFERRED, None)


def _subclasses_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for subclass in type.__subclasses__(model):
        yield subclass
        yield from _subclasses_of(subclass)
