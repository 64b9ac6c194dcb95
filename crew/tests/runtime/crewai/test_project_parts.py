"""What crews in Python are made of works in a job: hooks, callbacks, guardrails, shapes of results."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.jobs import author_code, outcome, refusal
from support.model import StubModel

CREW = """
from crewai import Agent, Crew, Task
from crewai.project import CrewBase, after_kickoff, agent, before_kickoff, crew, task
from crewai.tools import tool
from pydantic import BaseModel

class City(BaseModel):
    name: str
    people: int

def note(name):
    def called(output):
        with open(name, "a") as file:
            file.write(type(output).__name__ + "\\n")
    return called

@tool("count_pots")
def count_pots(kind: str) -> str:
    'Count pots.'
    return "3"

def is_long(output):
    return (True, output.raw + " MARKER-judged") if "twice" in output.raw else (False, "Say it twice.")

@CrewBase
class Parts:
    @agent
    def cook(self) -> Agent:
        return Agent(role="Cook", goal="Cook", backstory="You cook.", allow_delegation=False)

    @task
    def cooking(self) -> Task:
        return Task(description=DESCRIPTION, expected_output="Text", agent=self.cook(), OF_TASK)

    HOOK

    @crew
    def crew(self) -> Crew:
        return Crew(agents=self.agents, tasks=self.tasks, OF_CREW)
"""

BEFORE = """@before_kickoff
    def before(self, inputs):
        return {**inputs, "added": "MARKER-added"}"""
AFTER = """@after_kickoff
    def after(self, output):
        output.raw += " and more"
        return output"""
AFTER_TEXT = """@after_kickoff
    def after(self, output):
        return f"Only this: {output.raw}" """
JSON = 'answer with JSON {"name": "Graz", "people": 1} then {}'


def parts(description: str = "MARKER-cook {topic}", *, of_task: str = "", of_crew: str = "", hook: str = "") -> str:
    source = CREW.replace("DESCRIPTION", repr(description)).replace("HOOK", hook)
    return source.replace("OF_TASK", of_task).replace("OF_CREW", of_crew)


WORKING = [
    ("before_kickoff", parts("{topic} {added}", hook=BEFORE), "Stub result MARKER-added"),
    ("after_kickoff", parts(hook=AFTER), "Stub result MARKER-cook and more"),
    ("after_kickoff that returns a text", parts(hook=AFTER_TEXT), "Only this: Stub result MARKER-cook"),
    ("output_pydantic", parts(JSON + " {topic}", of_task="output_pydantic=City"), '{"name":"Graz","people":1}'),
    ("output_json", parts(JSON + " {topic}", of_task="output_json=City"), '{"name":"Graz","people":1}'),
    (
        "a guardrail function",
        parts("{topic} MARKER-twice", of_task="guardrail=is_long"),
        "Stub result MARKER-twice MARKER-judged",
    ),
    ("verbose and tracing", parts(of_crew="verbose=True, tracing=True"), "Stub result MARKER-cook"),
    ("a stream", parts(of_crew="stream=True"), "Stub result MARKER-cook"),
]


@pytest.mark.parametrize(("source", "result"), [row[1:] for row in WORKING], ids=[row[0] for row in WORKING])
def test_a_crew_in_python_may_have(tmp_path: Path, model: StubModel, source: str, result: str) -> None:
    assert refusal(author_code(tmp_path, model.url, source)) == ""
    assert outcome(author_code(tmp_path, model.url, source))["result"] == result


def test_a_guardrail_function_that_is_never_met_fails_the_job(tmp_path: Path, model: StubModel) -> None:
    source = parts(of_task="guardrail=is_long, guardrail_max_retries=1")
    assert outcome(author_code(tmp_path, model.url, source))["failure"] == "GUARDRAIL_NOT_MET"


def test_callbacks_are_called(tmp_path: Path, model: StubModel) -> None:
    source = parts(
        '{topic}: call the tool count_pots with {"kind": "tin"}',
        of_task='tools=[count_pots], callback=note("of the task")',
        of_crew='step_callback=note("steps"), task_callback=note("tasks")',
    )
    of = author_code(tmp_path, model.url, source)
    assert outcome(of)["result"] == "Stub result  (tool: 3)"
    assert (of.folder / "of the task").read_text() == "TaskOutput\n"
    assert (of.folder / "tasks").read_text() == "TaskOutput\n"
    assert (of.folder / "steps").read_text() == "AgentFinish\n"


def test_nothing_is_traced_though_a_crew_asks_for_it(tmp_path: Path, model: StubModel) -> None:
    source = (
        parts(of_task="callback=traced", of_crew="tracing=True, share_crew=True")
        + """
def traced(output):
    from crewai.events.listeners.tracing.utils import is_tracing_enabled_in_context
    assert not is_tracing_enabled_in_context()
"""
    )
    assert "result" in outcome(author_code(tmp_path, model.url, source))


NOT_AN_INPUT = (
    "AuthorCodeError: {dish} in description of the task cooking; {who} in description of the task cooking: "
    "not an input (inputs: topic, tone)"
)
PLACEHOLDERS = [
    ("one that is no input", parts("{topic} {dish} for {who}"), NOT_AN_INPUT),
    ("JSON", parts('Answer {"dish": {}} or {not one}'), ""),
    ("one that a hook may fill in", parts("{topic} {dish}", hook=BEFORE), ""),
    ("the year, as CrewAI's own projects have it", parts("{current_year}"), ""),
]


@pytest.mark.parametrize(("source", "reason"), [row[1:] for row in PLACEHOLDERS], ids=[row[0] for row in PLACEHOLDERS])
def test_placeholders_are_looked_at_before_any_job(tmp_path: Path, model: StubModel, source: str, reason: str) -> None:
    answer = refusal(author_code(tmp_path, model.url, source))
    assert answer.startswith(reason) if reason else answer == ""


NAMED_MODELS = [
    ('llm="gpt-4o"', "gpt-4o"),
    ('llm="openai/gpt-4o"', "gpt-4o"),
    ('llm="openai/some-new-model"', "some-new-model"),
    ('llm=LLM(model="gpt-5.1", temperature=0.1)', "gpt-5.1"),
    ('llm="anthropic/stub-model"', "stub-model"),
    ('llm="stub-model"', "stub-model"),
    ("", "stub-model"),
    ('llm="anthropic/claude-opus-5"', None),
    ('llm="claude-opus-5"', None),
    ('llm="gemini/gemini-3-pro-preview"', None),
    ('llm="groq/llama-3.1-8b-instant"', None),
    ('llm="ollama/llama3.1"', None),
    ('llm=LLM(model="bedrock/amazon.nova-pro-v1:0")', None),
    ('function_calling_llm="deepseek/deepseek-chat"', None),
]


@pytest.mark.parametrize(("named", "asked"), NAMED_MODELS, ids=[row[0] for row in NAMED_MODELS])
def test_models_that_the_code_names_are_asked_at_the_gateway_or_refused(
    tmp_path: Path, model: StubModel, named: str, asked: str | None
) -> None:
    source = f"""
from crewai import LLM, Agent, Crew, Task

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.", {named})
    return Crew(agents=[cook], tasks=[Task(description="MARKER-{{topic}}", expected_output="Text", agent=cook)])
"""
    reason = refusal(author_code(tmp_path, model.url, source))
    if asked is None:
        assert "a job reaches none but the models behind MODEL_API: leave `llm` out" in reason
        return
    assert reason == ""
    begun = len(model.requests)
    assert "result" in outcome(author_code(tmp_path, model.url, source))
    assert {one["body"]["model"] for one in model.requests[begun:]} == {asked}


PACKAGE = "raise AssertionError('an author\\'s package stands in for one of the runtime\\'s')"


def test_an_authors_packages_never_stand_in_for_the_runtimes(tmp_path: Path, model: StubModel) -> None:
    packages = tmp_path / "packages"
    for name in ("httpx", "jsonschema", "pypdf", "openai", "crew_runtime"):
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").write_text(PACKAGE)
    (packages / "teapots.py").write_text("COUNT = 3")
    source = """
import httpx, jsonschema, pypdf, openai, crew_runtime
import teapots
from crewai import Agent, Crew, Task

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    what = f"MARKER-{teapots.COUNT}pots {{topic}}"
    return Crew(agents=[cook], tasks=[Task(description=what, expected_output="Text", agent=cook)])
"""
    of = author_code(tmp_path, model.url, source)
    assert of.code
    with_packages = replace(of, code=replace(of.code, packages=packages))
    assert outcome(with_packages)["result"] == "Stub result MARKER-3pots"


MISSING_PACKAGES = [
    ("def crew():\n    from mcpadapt import core", "add crewai-tools[mcp] to the dependencies"),
    ("import crewai_tools", "add crewai[tools] to the dependencies"),
    ("import click\nclick.confirm('Install it?')", 'a package asks "Install it?", and a job has no keyboard'),
]


@pytest.mark.parametrize(("source", "reason"), MISSING_PACKAGES)
def test_a_package_that_is_missing_is_told_with_what_to_require(
    tmp_path: Path, model: StubModel, source: str, reason: str
) -> None:
    assert reason in refusal(author_code(tmp_path, model.url, source))


AWS = """
from botocore.session import Session
from crewai import Agent, Crew, Task

def crew():
    known = Session().get_available_services()
    found = "_".join(name for name in ("s3", "teahouse") if name in known)
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    return Crew(agents=[cook], tasks=[Task(description=f"MARKER-{found}", expected_output="Text", agent=cook)])
"""


def test_services_of_aws_that_an_authors_packages_describe_are_found(tmp_path: Path, model: StubModel) -> None:
    service = tmp_path / "packages" / "botocore" / "data" / "teahouse" / "2026-01-01"
    service.mkdir(parents=True)
    (service / "service-2.json").write_text("{}")
    of = author_code(tmp_path, model.url, AWS)
    assert of.code
    with_packages = replace(of, code=replace(of.code, packages=tmp_path / "packages"))
    assert outcome(with_packages)["result"] == "Stub result MARKER-s3_teahouse"
