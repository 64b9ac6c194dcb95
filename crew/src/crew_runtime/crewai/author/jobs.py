"""Runs the crew or flow of an author's project, and finds out before any customer does whether it can be run."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from crew_runtime.crewai import json_crew
from crew_runtime.crewai.author.code import crew_classes, crew_of, flow_of, import_project
from crew_runtime.crewai.author.errors import AuthorCodeError
from crew_runtime.crewai.outcome.failed_silently import FAILURES
from crew_runtime.crewai.outcome.result_text import text_of
from crew_runtime.job.author_project import AuthorProject
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.job.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from crewai import Crew
    from crewai.flow import Flow

_YEAR: Final = "current_year"
_TRIGGER: Final = "crewai_trigger_payload"


class ProjectJob(Protocol):
    """A crew or flow that is ready for one job."""

    def run(self, inputs: Mapping[str, str]) -> str:
        """Do the work, and return the result."""

    def check(self, inputs: Collection[str]) -> None:
        """Find out what is wrong, given the names of the inputs.

        Raises:
            AuthorCodeError: with every problem.

        """


def prepare_project(project: AuthorProject, access: ModelAccess) -> ProjectJob:
    """Load a project's crew or flow.

    Raises:
        AuthorCodeError: it has none that can be served.
        Exception: whatever the author's code raises.

    """
    module = import_project(project, access)
    if project.kind == "flow":
        return _FlowJob(flow_of(module), project.folder)
    return _CrewJob(crew_of(module), json_crew.default_inputs() if module is json_crew else {})


class _CrewJob:
    def __init__(self, crew: "Crew", defaults: Mapping[str, Any]) -> None:
        self._crew = crew
        self._defaults = defaults  # for what the customer leaves empty, or is not asked for
        crew.stream = False  # nobody reads it

    def run(self, inputs: Mapping[str, str]) -> str:
        FAILURES.raise_noted()
        entered = {name: text for name, text in inputs.items() if text or name not in self._defaults}
        given = {**self._defaults, **entered}
        if any(name == _YEAR for _, name in _placeholders(self._crew)):
            given.setdefault(_YEAR, str(datetime.now(UTC).year))  # as main.py of CrewAI's own projects does
        # Without inputs CrewAI must get None: it then leaves braces in the texts alone.
        output = self._crew.kickoff(inputs=given or None)
        FAILURES.raise_noted()
        # What a hook makes of the result is its text; the result's shape is still the one from before.
        return text_of(getattr(output, "raw", output) if self._crew.after_kickoff_callbacks else output)

    def check(self, inputs: Collection[str]) -> None:
        _try_out(self._crew)
        FAILURES.raise_noted(in_full=True)
        if self._crew.before_kickoff_callbacks:
            return  # which may add any input; if they do not, the job fails
        known = {*inputs, *self._defaults, _YEAR}
        missing = [f"{{{name}}} in {place}" for place, name in _placeholders(self._crew) if name not in known]
        if missing:
            raise AuthorCodeError(
                f"{'; '.join(missing)}: not an input (inputs: {', '.join(inputs) or 'none'}). Add an input with this "
                "id to the agent's YAML, or let a method under @before_kickoff supply it"
            )


class _FlowJob:
    def __init__(self, flow: "Flow[Any]", folder: Path) -> None:
        self._flow = flow
        self._folder = folder
        flow.stream = False

    def run(self, inputs: Mapping[str, str]) -> str:
        from crewai.flow.async_feedback import HumanFeedbackPending

        # A flow of CrewAI's own template reads what it is about from there.
        payload = {_TRIGGER: dict(inputs)} if inputs and self._takes_payload() else {}
        output = self._flow.kickoff(inputs={**inputs, **payload})
        if isinstance(output, HumanFeedbackPending):
            raise AuthorCodeError("the flow waits for feedback elsewhere: leave `provider` out to ask the customer")
        FAILURES.raise_noted()
        return self._state() if output is None else text_of(output)

    def check(self, inputs: Collection[str]) -> None:
        for made in crew_classes(self._folder):
            _try_crew_of(made)
        FAILURES.raise_noted(in_full=True)
        state = self._flow.state
        known = getattr(type(state), "model_fields", None)
        if known is None or type(state).model_config.get("extra") == "allow" or self._takes_payload():
            return
        lost = [name for name in inputs if name not in known]
        if lost:
            raise AuthorCodeError(
                f"the state of the flow {type(self._flow).__name__} has no {', '.join(lost)}, which customers fill in: "
                "add it to the state's model, or remove the input from the agent's YAML"
            )

    def _takes_payload(self) -> bool:
        import inspect

        methods = [getattr(self._flow, name, None) for name in self._flow._start_method_names()]  # noqa: SLF001
        return any(_TRIGGER in inspect.signature(one).parameters for one in methods if one)

    def _state(self) -> str:
        """Return what a flow whose last method returns nothing has made: its state."""
        state = self._flow.state
        made = dict(state) if isinstance(state, dict) else state.model_dump()
        made.pop("id", None)
        return text_of(made) if any(made.values()) else ""


def _try_crew_of(made: Any) -> None:  # noqa: ANN401 - a class under @CrewBase
    """Build a crew of a flow, which might only work when the flow has come there: only what never works is told."""
    try:
        crew = made().crew()
    except AuthorCodeError:
        raise
    except Exception:  # noqa: BLE001 - see above
        return
    _try_out(crew)


def _try_out(crew: "Crew") -> None:
    """Do what CrewAI does at a kickoff, without the model: read the agents' knowledge, and ask their MCP servers."""
    for agent in crew.agents:
        set_knowledge = getattr(agent, "set_knowledge", None)
        if getattr(agent, "knowledge_sources", None) and set_knowledge:
            set_knowledge(crew_embedder=crew.embedder)
        if getattr(agent, "mcps", None):
            agent.get_mcp_tools(agent.mcps)


def _placeholders(crew: "Crew") -> Iterator[tuple[str, str]]:
    """Yield where placeholders are, and their names."""
    for number, task in enumerate(crew.tasks, 1):
        for key in ("description", "expected_output"):
            for name in PLACEHOLDER.findall(getattr(task, key) or ""):
                yield f"{key} of the task {task.name or number}", name
    for agent in crew.agents:
        for key in ("role", "goal", "backstory"):
            for name in PLACEHOLDER.findall(getattr(agent, key) or ""):
                yield f"{key} of the agent {agent.role.strip()}", name
