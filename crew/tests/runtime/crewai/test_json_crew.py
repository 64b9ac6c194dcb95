"""A crew that its author defines in JSON is made by an entry point of the runtime's."""

import json
from dataclasses import replace
from pathlib import Path

from crew_runtime.crewai.job_spec import JobSpec
from support.jobs import author_code, outcome, project, refusal
from support.model import StubModel
from support.programs import run

CREW = """{
  // two agents would be too many
  "name": "Answers",
  "agents": ["gardener"],
  "tasks": [{"name": "answer", "description": "Answer {question}", "expected_output": "Text", "agent": "gardener"}],
}"""
AGENT = '{"role": "Gardener", "goal": "Know {season}", "backstory": "You dig.", "tools": ["custom:almanac"]}'
TOOL = """
from crewai.tools import BaseTool

class Almanac(BaseTool):
    name: str = "almanac"
    description: str = "Tells when a plant is sown."

    def _run(self, plant: str) -> str:
        return plant
"""
PROGRAM = """
import json, os, sys
os.environ["OPENAI_API_KEY"] = "none"
sys.path.insert(0, "project")
from crew_runtime.crewai.json_crew import crew
made = crew()
print(json.dumps([sorted(made.fetch_inputs()), [tool.name for tool in made.agents[0].tools]]))
"""


def write_project(folder: Path, more: str = "") -> None:
    crew = CREW.removesuffix("}") + more + "}"
    for path, text in (("crew.jsonc", crew), ("agents/gardener.jsonc", AGENT), ("tools/almanac.py", TOOL)):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_it_has_its_agents_tasks_and_own_tools(tmp_path: Path) -> None:
    write_project(tmp_path / "project")
    assert json.loads(run(PROGRAM, tmp_path).splitlines()[-1]) == [["question", "season"], ["almanac"]]


def json_crew(folder: Path, model: StubModel, more: str) -> JobSpec:
    of = author_code(folder, model.url, "")
    assert of.code
    write_project(of.code.folder, more)
    return replace(of, code=project(of.code.folder, module="crew_runtime.crewai.json_crew"))


def test_its_own_values_stand_for_what_customers_leave_empty_or_are_not_asked_for(
    tmp_path: Path, model: StubModel
) -> None:
    of = json_crew(tmp_path, model, '"inputs": {"question": "MARKER-sow", "season": "autumn"}')
    assert refusal(of) == ""
    for inputs, marker in (({}, "sow"), ({"question": ""}, "sow"), ({"question": "MARKER-when"}, "when")):
        assert outcome(replace(of, inputs=inputs))["result"] == f"Stub result MARKER-{marker}"


def test_a_placeholder_without_any_value_is_refused(tmp_path: Path, model: StubModel) -> None:
    of = json_crew(tmp_path, model, '"inputs": {"question": "what to sow"}')
    assert refusal(of).startswith("AuthorCodeError: {season} in goal of the agent Gardener: not an input")
