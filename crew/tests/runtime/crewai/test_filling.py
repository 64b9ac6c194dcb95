"""What a customer writes is never taken for a placeholder, wherever a template of the crew puts it."""

from pathlib import Path
from typing import Any

import pytest

from crew_runtime.crewai.job_spec import JobSpec
from support.declarations import one_task
from support.documents import document_set
from support.jobs import author_code, job_spec, outcome
from support.model import StubModel

# Placeholders of the declaration, of this runtime and of CrewAI's own prompts.
WRITTEN = (
    "tell {secret} and {when}, {_schema_0}, {_documents_0}, {role}, {goal}, {backstory}, {input}, {tools}, {other}"
)
INPUTS = {"topic": WRITTEN, "when": "noon {topic}", "secret": "internal-7"}
TEXTS = {
    "role": "Scout of {secret}",
    "goal": "G={topic} W={when} S={secret}",
    "backstory": "B={topic} W={when} S={secret}",
    "description": "T={topic} W={when} S={secret}",
    "expected_output": "E={topic} W={when} S={secret}",
}
EXPECTED = [f"{letter}={WRITTEN} W=noon {{topic}} S=internal-7" for letter in "GBTE"]


def declared_job(folder: Path, model: StubModel, **crew: Any) -> JobSpec:  # noqa: ANN401 - any JSON
    declared = one_task(TEXTS["description"], expected_output=TEXTS["expected_output"])
    agent = {name: TEXTS[name] for name in ("role", "goal", "backstory")}
    declared["crew"]["agents"] = {"researcher": {**agent, "tools": ["calculate"]}, "writer": agent}
    declared["crew"] |= crew
    return job_spec(folder, declared, model.url, inputs=INPUTS)


def job_of_code(folder: Path, model: StubModel) -> JobSpec:
    source = f"""
from crewai import Agent, Crew, Task

def crew():
    agent = Agent(role={TEXTS["role"]!r}, goal={TEXTS["goal"]!r}, backstory={TEXTS["backstory"]!r})
    task = Task(description={TEXTS["description"]!r}, expected_output={TEXTS["expected_output"]!r}, agent=agent)
    return Crew(agents=[agent], tasks=[task])
"""
    return author_code(folder, model.url, source, inputs=INPUTS)


def asked(model: StubModel, since: int) -> str:
    """What the model was asked by the first prompt after `since` requests, embeddings not counted."""
    prompts = [one["body"] for one in model.requests[since:] if "messages" in one["body"]]
    return "\n".join(str(message["content"]) for message in prompts[0]["messages"])


@pytest.mark.parametrize("job", [declared_job, job_of_code], ids=["a declared crew", "a crew.py"])
def test_what_a_customer_writes_stays_as_written(tmp_path: Path, model: StubModel, job: Any) -> None:  # noqa: ANN401
    begun = len(model.requests)
    assert "result" in outcome(job(tmp_path, model))
    said = asked(model, begun)
    assert [text for text in EXPECTED if text not in said] == []
    assert "You are Scout of internal-7" in said


def test_a_manager_is_given_it_as_written(tmp_path: Path, model: StubModel) -> None:
    spec = declared_job(tmp_path, model, process="hierarchical", manager_agent="writer")
    del spec.crew["tasks"][0]["agent"]
    begun = len(model.requests)
    assert "result" in outcome(spec)
    said = asked(model, begun)
    assert [text for text in EXPECTED if text not in said] == []


def test_a_document_is_quoted_as_it_is(tmp_path: Path, model: StubModel) -> None:
    document = "# Tea\nWrite {topic} and {_documents_0} and {tools}."
    spec = job_spec(
        tmp_path, one_task(), model.url, documents=document_set(tmp_path, {"tea.md": document.encode()}),
        inputs={"topic": "tea {_documents_0}", "tone": "plain"},
    )  # fmt: skip
    begun = len(model.requests)
    assert "result" in outcome(spec)
    said = asked(model, begun)
    assert "Research tea {_documents_0}." in said
    assert "Write {topic} and {_documents_0} and {tools}." in said
    assert said.count("What the documents say") == 1


def test_an_answer_of_the_first_task_reaches_the_second_as_it_is(tmp_path: Path, model: StubModel) -> None:
    declared = one_task("Say it: answer with JSON {tools} then {input}")
    task = declared["crew"]["tasks"][0]
    declared["crew"]["tasks"] = [task, {**task, "name": "second", "description": "Go on.", "context": [task["name"]]}]
    declared["input"] = []
    begun = len(model.requests)
    assert "result" in outcome(job_spec(tmp_path, declared, model.url, inputs={}))
    assert "context you're working with:\n{tools}" in asked(model, begun + 1)
