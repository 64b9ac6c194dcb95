"""Which of CrewAI's models are built before any job begins."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.declarations import declaration
from support.model import StubModel
from support.programs import run

JOB = """
import json, os, sys
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from pydantic import BaseModel
from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.crewai.models_on_demand import _subclasses_of
from crew_runtime.crewai.worker_main import run_crew
from crew_runtime.job.model_access import ModelAccess

TOOLS = "crewai.tools.base_tool"  # where models of a tool's arguments are made: the tool is a job's own

class Left(BaseException): pass
def leave(code):
    raise Left
os._exit = leave

models = set(_subclasses_of(BaseModel))
unbuilt = {model for model in models if not model.__pydantic_complete__}
loaded = set(sys.modules)
programs = []
sys.addaudithook(lambda event, given: programs.append(str(given[0])) if event == "subprocess.Popen" else None)
ours, theirs = Pipe()
access = ModelAccess(api=GIVEN["api"], key="none", name="stub-model")
inputs = {"topic": "bees", "tone": "plain"}
with suppress(Left):
    run_crew(theirs, JobSpec(crew=GIVEN["crew"], model=access, inputs=inputs, folder=Path.cwd()))
answers = []
with suppress(EOFError):
    while True:
        answers.append(json.loads(ours.recv_bytes()))
new = {model for model in set(_subclasses_of(BaseModel)) - models if model.__module__ != TOOLS}
built = [f"{model.__module__}.{model.__name__}" for model in unbuilt | new if model.__pydantic_complete__]
print(json.dumps([answers[-1], sorted({*built, *sys.modules, *programs} - loaded)]))
"""


@pytest.fixture
def model() -> Iterator[StubModel]:
    with closing(StubModel()) as stub:
        yield stub


def with_tool(crew: dict[str, Any]) -> dict[str, Any]:
    crew["agents"]["researcher"]["tools"] = ["calculate"]
    crew["tasks"][0]["description"] += ' call the tool calculate with {"expression": "1+1"}'
    return crew


def with_guardrail(crew: dict[str, Any]) -> dict[str, Any]:
    crew["tasks"][0]["guardrail"] = "It has to be good."
    return crew


@pytest.mark.parametrize(
    "change",
    [lambda crew: crew, with_tool, with_guardrail],
    ids=["plain", "with a tool", "with a guardrail"],
)
def test_a_job_builds_loads_and_starts_nothing_that_another_has_to_again(
    change: Any,  # noqa: ANN401 - a function
    model: StubModel,
    tmp_path: Path,
) -> None:
    given = {"crew": change(declaration()["crew"]), "api": model.url}
    answer, anew = json.loads(run(f"GIVEN = {given!r}\n{JOB}", tmp_path))
    assert "result" in answer
    assert anew == []


def test_most_events_are_built_when_they_are_used(tmp_path: Path) -> None:
    program = """
from crewai.events.types.knowledge_events import KnowledgeQueryFailedEvent as Event
from pydantic import BaseModel
print(Event.__pydantic_complete__, Event(query="q", error="e").error, Event.__pydantic_complete__)
print("defer_build" in BaseModel.model_config)
"""
    assert run(program, tmp_path) == "False e True\nFalse"


def test_no_package_s_models_are_built_late_afterwards_but_those_that_are_by_its_own_wish(tmp_path: Path) -> None:
    program = """
from pydantic import BaseModel
from crew_runtime.crewai.models_on_demand import _subclasses_of
late = [model for model in _subclasses_of(BaseModel) if "defer_build" in model.model_config]
print(*{model.__module__.partition(".")[0] for model in late})
"""
    assert run(program, tmp_path) == "openai"


@pytest.mark.parametrize("base", ["BaseModel", "crewai.tools.BaseTool", "crewai.events.BaseEvent"])
def test_an_author_s_mistake_in_a_model_is_told_where_it_is_made(base: str, tmp_path: Path) -> None:
    program = f"""
import crewai.events, crewai.tools, pydantic
from pydantic import BaseModel
crewai.events.BaseEvent = __import__("crewai.events.base_events", fromlist=["BaseEvent"]).BaseEvent
class Unknown: pass
try:
    class Mine({base}):
        model_config = {{"arbitrary_types_allowed": False}}
        unknown: Unknown
except pydantic.errors.PydanticSchemaGenerationError:
    print("told")
"""
    assert run(program, tmp_path) == "told"
