"""Projects as `crewai create` makes them run as they are: crews and flows."""

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.crewai.worker_main import run_crew
from crew_runtime.runner.worker_process import WorkerProcess
from support.jobs import author_code, next_but_progress, outcome, project, refusal, session_of
from support.model import StubModel

PROJECTS = Path(__file__).parents[2] / "fixtures" / "author-code"
CREW_PROJECT = PROJECTS / "crew-project"
FLOW_PROJECT = PROJECTS / "flow-project"


def created(tmp_path: Path, model: StubModel, folder: Path) -> JobSpec:
    """What a job of a project is told that CrewAI's own command has made."""
    kind, module = ("crew", "tea_desk.crew") if folder == CREW_PROJECT else ("flow", "note_flow.main")
    code = project(folder, kind=kind, module=module, paths=(folder / "src",), inputs=("topic",))
    of = author_code(tmp_path, model.url, folder)
    return JobSpec(crew={}, code=code, model=of.model, inputs={"topic": "tea"}, folder=of.folder)


def flow(tmp_path: Path, model: StubModel, source: str, *inputs: str) -> JobSpec:
    """What a job of an agent is told whose flow is in one file."""
    folder = tmp_path / "flow"
    folder.mkdir(exist_ok=True)
    (folder / "main.py").write_text(f"from crewai.flow import *\nfrom pydantic import BaseModel\n{source}")
    of = author_code(tmp_path, model.url, folder)
    code = project(folder, kind="flow", module="main", inputs=inputs)
    return JobSpec(crew={}, code=code, model=of.model, inputs={"topic": "tea"}, folder=of.folder)


@pytest.fixture
def read_only() -> Iterator[None]:
    """The projects as they lie in an image."""
    paths = [*CREW_PROJECT.rglob("*"), *FLOW_PROJECT.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    yield
    for path, mode in modes.items():
        path.chmod(mode)


@pytest.mark.usefixtures("read_only")
def test_a_crew_as_crewai_creates_it_runs_as_it_is(tmp_path: Path, model: StubModel) -> None:
    of = created(tmp_path, model, CREW_PROJECT)
    assert refusal(of) == ""
    of = created(tmp_path, model, CREW_PROJECT)
    answer = outcome(of)
    assert answer["result"] == "Stub result MARKER-taste MARKER-green_two_minutes"
    prompt = json.dumps(model.requests[0]["body"])
    assert f"tea as it is drunk in {datetime.now(UTC).year}" in prompt
    assert (of.folder / "report.md").read_text() == answer["result"]
    assert "MARKER-oolong" in (of.folder / "knowledge" / "user_preference.txt").read_text()
    assert {path.name for path in CREW_PROJECT.rglob("*")}.isdisjoint({"report.md", "__pycache__"})


@pytest.mark.usefixtures("read_only")
def test_a_flow_as_crewai_creates_it_runs_as_it_is(tmp_path: Path, model: StubModel) -> None:
    assert refusal(created(tmp_path, model, FLOW_PROJECT)) == ""
    of = created(tmp_path, model, FLOW_PROJECT)
    result = json.loads(outcome(of)["result"])
    assert result == {"topic": "tea", "tone": "plain", "note": "Stub result MARKER-note"}, (
        "its last method returns nothing"
    )
    assert (of.folder / "output" / "note.md").read_text() == "Stub result MARKER-note"
    assert not list(FLOW_PROJECT.rglob("output"))


RESULTS = [
    ("return f\"On {self.state['topic']}\"", "On tea"),
    ("return Answer(city='Graz', people=1)", '{"city":"Graz","people":1}'),
    ("return {'a': [1, None]}", '{"a":[1,null]}'),
    ("return 42", "42"),
    ("self.state['note'] = 'x'", '{"topic":"tea","note":"x"}'),
]


@pytest.mark.parametrize(("last", "result"), RESULTS, ids=[row[1] for row in RESULTS])
def test_the_result_is_what_the_last_method_of_a_flow_returns(
    tmp_path: Path, model: StubModel, last: str, result: str
) -> None:
    source = f"""
class Answer(BaseModel):
    city: str
    people: int

class Base(Flow):
    pass

class Last(Base):
    @start()
    async def begin(self):
        return "early"

    @listen(begin)
    def end(self):
        {last}
"""
    assert outcome(flow(tmp_path, model, source, "topic"))["result"] == result


FEEDBACK = """
class Review(Flow):
    @start()
    @human_feedback(message="Is it good?", emit=["approved", "rejected"], default_outcome="rejected")
    def draft(self):
        return "MARKER-draft"

    @listen("approved")
    def publish(self):
        return f"Published {self.human_feedback.output}, said {self.human_feedback.feedback}"

    @listen("rejected")
    def drop(self):
        colour = self.ask("Which colour then?")
        return f"Dropped for {colour}"
"""


def test_a_flow_asks_its_customer(tmp_path: Path, model: StubModel) -> None:
    with session_of(flow(tmp_path, model, FEEDBACK, "topic")) as (spec, _):
        process = WorkerProcess(run_crew, spec)
        asked = next_but_progress(process)["ask"]["prompt"]
        assert asked == "Is it good?\n\nMARKER-draft\n\nAnswers: approved, rejected"
        process.reply("")
        assert next_but_progress(process)["ask"]["prompt"] == "Which colour then?"
        process.reply("blue")
        assert next_but_progress(process)["result"] == "Dropped for blue"


ELSEWHERE = """
from crewai.flow.async_feedback import HumanFeedbackPending

class Elsewhere:
    def request_feedback(self, context, flow):
        raise HumanFeedbackPending(context=context)

class Review(Flow):
    @start()
    @human_feedback(message="Is it good?", provider=Elsewhere())
    def draft(self):
        return "draft"
"""


def test_a_flow_that_waits_for_others_than_its_customer_fails(tmp_path: Path, model: StubModel) -> None:
    answer = outcome(flow(tmp_path, model, ELSEWHERE, "topic"))
    assert answer["failure"] == "CREW_FAILED"
    assert "leave `provider` out to ask the customer" in answer["detail"]


STATE = """
class State(BaseModel):
    topic: str = ""

class Plain(Flow[State]):
    @start()
    def begin(self):
        return self.state.topic
"""

WITH_CREW = """
from crewai import Agent, Crew, Task
from crewai.project import CrewBase, agent, crew, task

@CrewBase
class Inner:
    @agent
    def cook(self):
        return Agent(role="Cook", goal="Cook {anything}", backstory="B", llm="anthropic/claude-opus-5")
    @task
    def cooking(self):
        return Task(description="{anything}", expected_output="Text", agent=self.cook())
    @crew
    def crew(self):
        return Crew(agents=self.agents, tasks=self.tasks)

class Outer(Flow):
    @start()
    def begin(self):
        return Inner().crew().kickoff()
"""

UNFIT_FLOWS = [
    (WITH_CREW, "the code names the model anthropic/claude-opus-5"),
    (STATE, "the state of the flow Plain has no tone, which customers fill in"),
    ("", "main.py has no class that is a flow: one is needed"),
    ("class A(Flow): pass", "the flow A has no method of its own under @start"),
    ("class A(Flow): pass\nclass B(Flow): pass", "main.py has A, B that is a flow"),
    ("class A(Flow):\n    def __init__(self, key): pass", "the flow A needs key: give them default values"),
]


@pytest.mark.parametrize(("source", "reason"), UNFIT_FLOWS, ids=[row[1] for row in UNFIT_FLOWS])
def test_a_flow_that_cannot_be_served_is_told_at_start(
    tmp_path: Path, model: StubModel, source: str, reason: str
) -> None:
    assert reason in refusal(flow(tmp_path, model, source, "topic", "tone"))
