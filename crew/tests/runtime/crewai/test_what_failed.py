"""The operator of a crew that failed is told what, where in the author's own code, and what the model answered."""

from pathlib import Path
from typing import Any

import pytest

from crew_runtime.crewai.worker_main import build_crew
from crew_runtime.runner.worker_process import WorkerProcess
from support.declarations import declaration, one_task
from support.jobs import JOB_SECONDS, author_code, job_spec, outcome
from support.model import StubModel

CREW = """
from crewai import Agent, Crew, Task
from kitchen import cook, refuse, weigh

def crew():
    agent = Agent(role="Cook of {topic}", goal="Cook", backstory="You cook.", tools=[weigh])
    task = Task(name="cooking", description='SAID', expected_output="Text", agent=agent, CHANGES)
    return Crew(agents=[agent], tasks=[task], before_kickoff_callbacks=[cook])
"""
KITCHEN = """
from crewai.tools import tool

def cook(inputs):
    if inputs["topic"] == "nothing":
        try:
            return {}["pan"]
        except KeyError as error:
            raise RuntimeError(f"no pan for {inputs['topic']}") from error
    return inputs

def refuse(output):
    return False, f"{output.raw} is raw"

def stop(output):
    raise ValueError(f"cannot serve {output.raw}")

@tool
def weigh(what: str) -> str:
    "Weigh something."
    raise LookupError(f"no scales for {what}")
"""


# CrewAI refuses these while it makes them: what has failed has then no role, name or agent yet.
HALF_MADE = (
    "Agent(role='Cook')",
    "Agent(role='Cook', goal='Cook', backstory='You cook.', mcps=['http://127.0.0.1:9/mcp'])",
    "Agent(role='Cook', goal='Cook', backstory='You cook.', guardrail=1)",
    "Task(description='Cook')",
    "Task(description='Cook', expected_output='Soup', output_json=dict, output_pydantic=dict)",
)


def failed(
    folder: Path, model: StubModel, *, said: str = "MARKER-soup", changes: str = "", topic: str = "tea"
) -> dict[str, Any]:
    (folder / "code").mkdir()
    (folder / "code" / "kitchen.py").write_text(KITCHEN)
    source = CREW.replace("SAID", said).replace("CHANGES", changes)
    answer = outcome(author_code(folder, model.url, source, inputs={"topic": topic}))
    assert "failure" in answer, answer
    return answer


def test_an_exception_of_the_authors_code_is_reported_with_its_causes_and_its_line(
    tmp_path: Path, model: StubModel
) -> None:
    answer = failed(tmp_path, model, topic="nothing")
    assert (answer["failure"], answer["detail"]) == ("CREW_FAILED", "builtins.RuntimeError, from builtins.KeyError")
    assert answer["report"] == {
        "exception": "builtins.RuntimeError: no pan for nothing\nfrom builtins.KeyError: 'pan'",
        "at": "kitchen.py:9 in cook",
    }


def test_a_callback_that_raises_is_reported_with_its_task_and_with_what_the_model_answered(
    tmp_path: Path, model: StubModel
) -> None:
    answer = failed(tmp_path, model, changes='callback=__import__("kitchen").stop')
    assert answer["report"] == {
        "exception": "builtins.ValueError: cannot serve Stub result MARKER-soup",
        "at": "kitchen.py:16 in stop",
        "task": "cooking",
        "model_answers": ["Stub result MARKER-soup"],
    }
    assert "MARKER" not in answer["detail"]


def test_an_answer_that_a_guardrail_refused_is_reported(tmp_path: Path, model: StubModel) -> None:
    answer = failed(tmp_path, model, changes="guardrail=refuse, guardrail_max_retries=1")
    assert answer["failure"] == "GUARDRAIL_NOT_MET"
    assert "Stub result MARKER-soup is raw" in answer["report"]["exception"]
    assert answer["report"]["task"] == "cooking"
    assert answer["report"]["model_answers"] == ["Stub result MARKER-soup"] * 2


def test_a_tool_that_raised_is_reported_although_only_the_model_was_told(tmp_path: Path, model: StubModel) -> None:
    said = 'call the tool weigh with {"what": "flour"}, MARKER-bread'
    report = failed(tmp_path, model, said=said, changes='callback=__import__("kitchen").stop')["report"]
    assert report["tool_failure"] == "weigh raised builtins.LookupError at kitchen.py:21 in weigh"
    assert report["tool_message"] == "no scales for flour"
    assert report["model_answers"][0] == 'weigh({"what": "flour"})'
    assert report["at"] == "kitchen.py:16 in stop"


@pytest.mark.parametrize(
    ("file", "source", "at"),
    [
        ("crew.py", "def crew():\n    return 1 / 0\n", "crew.py:2 in crew"),
        ("crew.py", "import os\nimport broken\n", "broken/__init__.py:3"),
        ("crew.py", "raise OSError('no')\n", "crew.py:1"),
        *(("crew.py", f"import crewai\ndef crew():\n    crewai.{one}\n", "crew.py:3 in crew") for one in HALF_MADE),
    ],
)
def test_a_crew_that_cannot_be_built_is_reported_with_the_line(
    tmp_path: Path, model: StubModel, file: str, source: str, at: str
) -> None:
    (tmp_path / "code" / "broken").mkdir(parents=True)
    (tmp_path / "code" / "broken" / "__init__.py").write_text("x = 1\n\nif True\n    pass\n")
    spec = author_code(tmp_path, model.url, source)
    assert spec.code
    assert (spec.code.folder / file).exists()
    tried = WorkerProcess(build_crew, spec).answer(timeout=JOB_SECONDS)
    assert tried["detail"].endswith(f"({at})")
    assert outcome(author_code(tmp_path, model.url, source))["report"]["at"] == at


def test_of_a_declared_crew_task_and_agent_are_named_as_declared(tmp_path: Path, model: StubModel) -> None:
    declared = declaration()
    declared["crew"]["agents"]["writer"]["role"] = "Writer about {topic}"
    declared["crew"]["tasks"][1]["description"] = "{topic}, and answer with status 401"
    declared["crew"]["tasks"][1].pop("context")
    answer = outcome(job_spec(tmp_path, declared, model.url))
    assert answer["failure"] == "MODEL_REFUSED"
    assert (answer["report"]["task"], answer["report"]["agent"]) == ("write", "writer")
    assert "at" not in answer["report"]
    assert answer["report"]["model_answers"] == ["Stub result"]


@pytest.mark.parametrize(
    "changes",
    [
        {"guardrail": "refuse it", "guardrail_max_retries": 0},
        {"output_json": {"type": "object", "required": ["a"]}, "guardrail_max_retries": 0},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_answer_that_a_declared_check_refused_is_reported(
    tmp_path: Path, model: StubModel, changes: dict[str, Any]
) -> None:
    said = 'MARKER-draft: answer with JSON {"b": 1} then {"b": 1}'
    answer = outcome(job_spec(tmp_path, one_task(said, **changes), model.url))
    assert answer["failure"] == "GUARDRAIL_NOT_MET"
    assert (answer["report"]["task"], answer["report"]["agent"]) == ("research", "researcher")
    assert '{"b": 1}' in answer["report"]["model_answers"]
