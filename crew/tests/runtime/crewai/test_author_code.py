"""Crews written in Python run in the runtime: a class under @CrewBase, or a function."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from crew_runtime.crewai.worker_main import build_crew, run_crew
from crew_runtime.runner.worker_process import WorkerProcess
from support.documents import document_set
from support.jobs import JOB_SECONDS, author_code, next_but_progress, outcome
from support.model import StubModel
from support.runtime import SENTINEL_KEY

CREW_CLASS = Path(__file__).parents[2] / "fixtures" / "author-code" / "crew-class"

FUNCTION = """
from crewai import Agent, Crew, Task

def crew():
    agent = Agent(role="Cook", goal="Cook {topic}", backstory="You cook.")
    return Crew(agents=[agent], tasks=[Task(description="TASK", expected_output="Text", agent=agent)])
"""


def test_a_class_with_its_configuration_tools_and_modules_runs(tmp_path: Path, model: StubModel) -> None:
    begun = len(model.requests)
    answer = outcome(author_code(tmp_path, model.url, CREW_CLASS))
    assert answer["result"] == "Stub result MARKER-shelf (tool: Lem: 3 books)"
    assert answer["usage"] == {"model_calls": 2, "tokens": 24}
    asked = model.requests[begun:]
    assert {(one["key"], one["body"]["model"]) for one in asked} == {(f"Bearer {SENTINEL_KEY}", "stub-model")}
    assert "Know every book about tea" in json.dumps(asked[0]["body"])
    assert not list(CREW_CLASS.rglob("__pycache__")), "the author's folder is left as it is"


@pytest.mark.parametrize("name", ["stub-model", "claude-opus-5", "gemini/some-model", "mistral-large"])
def test_agents_that_name_no_model_get_the_declared_one_whatever_its_name(
    tmp_path: Path, model: StubModel, name: str
) -> None:
    of = author_code(tmp_path, model.url, FUNCTION.replace("TASK", "MARKER-cook {topic}"))
    begun = len(model.requests)
    assert outcome(replace(of, model=replace(of.model, name=name)))["result"] == "Stub result MARKER-cook"
    assert {one["body"]["model"] for one in model.requests[begun:]} == {name}


def test_the_budget_and_the_clean_environment_hold_for_an_authors_code_too(tmp_path: Path, model: StubModel) -> None:
    source = (
        FUNCTION.replace("TASK", "MARKER-{topic}") + "import os\nassert not [n for n in os.environ if 'SECRET' in n]\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_OF_THE_MACHINE", "x")
        assert outcome(author_code(tmp_path, model.url, source), tokens=1)["result"], "one call may begin"
        assert outcome(author_code(tmp_path, model.url, source), calls=0)["failure"] == "MODEL_BUDGET_SPENT"
    assert "SECRET_OF_THE_MACHINE" not in os.environ


def test_each_job_has_an_instance_of_its_own(tmp_path: Path, model: StubModel) -> None:
    source = FUNCTION.replace("TASK", "MARKER-{topic}") + "import itertools\ncount = itertools.count()\n"
    source = source.replace("def crew():", "def crew():\n    assert next(count) == 0")
    for _ in range(2):
        assert "result" in outcome(author_code(tmp_path, model.url, source))


def test_an_authors_code_uses_model_documents_and_customer_of_the_job(tmp_path: Path, model: StubModel) -> None:
    source = """
from crewai import Agent, Crew, Task
from crew_runtime.for_authors import ask_customer, document_search, model

def ask(inputs):
    return {**inputs, "colour": ask_customer("Which colour?")}

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.", llm=model(), tools=[document_search()])
    text = 'MARKER-{colour}: call the tool document_search with {"query": "cups"}'
    task = Task(description=text, expected_output="Text", agent=cook)
    return Crew(agents=[cook], tasks=[task], before_kickoff_callbacks=[ask])
"""
    documents = document_set(tmp_path, {"a.md": b"# Kettles\nOf brass.", "b.md": b"# Cups\nOf clay."})
    process = WorkerProcess(run_crew, author_code(tmp_path, model.url, source, documents=documents))
    assert next_but_progress(process) == {"ask": {"prompt": "Which colour?", "is_draft": False}}
    process.reply("blue")
    result = next_but_progress(process)["result"]
    assert result.startswith("Stub result MARKER-blue (tool: [b.md, Cups]")


TWO_CLASSES = "from crewai.project import CrewBase\n@CrewBase\nclass A:\n    pass\n@CrewBase\nclass B:\n    pass"
SEARCH = "from crew_runtime.for_authors import document_search\ndocument_search()"

BROKEN = [
    (
        "import nothing_like_this",
        "needs nothing_like_this, which is not installed: add the package that has it to the dependencies",
    ),
    ("x = 1", "crew.py has no class under @CrewBase and no function crew"),
    ("def crew():\n    return 1", "crew.py returns a int instead of a crew"),
    ("raise ValueError('of the author')", "ValueError: of the author"),
    ("def crew(:", "SyntaxError"),
    (TWO_CLASSES, "has A, B under"),
    (TWO_CLASSES.rpartition("@")[0], "the class A in crew.py has no method crew"),
    (SEARCH, "the declaration names no documents"),
    ("from crew_runtime.for_authors import ask_customer\nask_customer('?')", "asks its customer before the job begins"),
]


@pytest.mark.parametrize(("source", "reason"), BROKEN, ids=[row[1] for row in BROKEN])
def test_code_that_gives_no_crew_is_told_at_start_with_the_reason(
    tmp_path: Path, model: StubModel, source: str, reason: str
) -> None:
    answer = WorkerProcess(build_crew, author_code(tmp_path, model.url, source)).answer(timeout=JOB_SECONDS)
    assert answer["failure"] == "CREW_FAILED"
    assert reason in answer["detail"]
