"""What a declared crew can do beside sequential tasks: a manager, guardrails, JSON of a shape, tools, asking back."""

import json
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.crewai.worker_main import run_crew
from crew_runtime.runner.worker_process import WorkerProcess
from support.declarations import declaration, one_task
from support.documents import document_set
from support.jobs import JOB_SECONDS, job_spec, next_but_progress, outcome, session_of
from support.model import StubModel

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["city", "people"],
    "additionalProperties": False,
}


def prompts(model: StubModel, since: int) -> list[str]:
    return [json.dumps(one["body"]) for one in model.requests[since:]]


def said(model: StubModel, since: int) -> str:
    return "".join(str(one["content"]) for one in model.requests[since]["body"]["messages"])


def with_tools(description: str, *tools: str) -> dict[str, Any]:
    declared = one_task(description)
    declared["crew"]["agents"]["researcher"]["tools"] = list(tools)
    return declared


@pytest.mark.parametrize("manager", [None, "writer"], ids=["CrewAI's own manager", "a declared manager"])
def test_a_manager_hands_tasks_to_the_agents(tmp_path: Path, model: StubModel, manager: str | None) -> None:
    call = '{"task": "MARKER-delegated", "context": "none", "coworker": "Researcher"}'
    declared = one_task(f"Research {{topic}}. Then call the tool delegate_work_to_coworker with {call}")
    crew = declared["crew"]
    crew["process"] = "hierarchical"
    del crew["tasks"][0]["agent"]
    if manager:
        crew["manager_agent"] = manager
    begun = len(model.requests)
    answer = outcome(job_spec(tmp_path, declared, model.url))
    assert "MARKER-delegated" in answer["result"]
    assert answer["usage"] == {"model_calls": 3, "tokens": 36}
    first, delegated, _ = prompts(model, begun)
    assert ("You write in a plain tone" in first) == bool(manager)
    assert "Find what matters in tea" in delegated, "the work is the researcher's"


def test_the_budget_holds_for_a_manager_too(tmp_path: Path, model: StubModel) -> None:
    declared = one_task()
    declared["crew"]["process"] = "hierarchical"
    assert outcome(job_spec(tmp_path, declared, model.url), tokens=1, calls=1).keys() >= {"result"}
    call = '{"task": "tea", "context": "none", "coworker": "Researcher"}'
    declared["crew"]["tasks"][0]["description"] = f"{{topic}}: call the tool delegate_work_to_coworker with {call}"
    assert outcome(job_spec(tmp_path, declared, model.url), calls=1)["failure"] == "MODEL_BUDGET_SPENT"


@pytest.mark.parametrize(("retries", "calls"), [(0, 2), (2, 6)])
def test_a_result_that_never_meets_its_guardrail_fails_the_job_after_a_bounded_number_of_tries(
    tmp_path: Path, model: StubModel, retries: int, calls: int
) -> None:
    declared = one_task(guardrail="refuse", guardrail_max_retries=retries)
    begun = len(model.requests)
    assert outcome(job_spec(tmp_path, declared, model.url))["failure"] == "GUARDRAIL_NOT_MET"
    assert len(prompts(model, begun)) == calls, "each try is judged by one more call"


def test_a_result_that_meets_its_guardrail_is_the_answer(tmp_path: Path, model: StubModel) -> None:
    answer = outcome(job_spec(tmp_path, one_task("MARKER-good {topic}", guardrail="It names tea."), model.url))
    assert answer["result"] == "Stub result MARKER-good"


JSON_ANSWERS = [
    ('{"city": "Graz", "people": 1} then {}', {"result": '{"city": "Graz", "people": 1}'}, 1),
    ('{"city": "Graz"} then {"city": "Graz", "people": 2}', {"result": '{"city": "Graz", "people": 2}'}, 2),
    ('{"city": "Graz", "people": 0} then {"people": "many"}', {"failure": "GUARDRAIL_NOT_MET"}, 2),
]


@pytest.mark.parametrize(("words", "ended", "calls"), JSON_ANSWERS, ids=["at once", "after a hint", "never"])
def test_json_of_a_declared_shape_is_checked_and_asked_for_again(
    tmp_path: Path, model: StubModel, words: str, ended: dict[str, str], calls: int
) -> None:
    declared = one_task(f"{{topic}}: answer with JSON {words}", output_json=SCHEMA, guardrail_max_retries=1)
    begun = len(model.requests)
    assert outcome(job_spec(tmp_path, declared, model.url)).items() >= ended.items()
    assert len(prompts(model, begun)) == calls
    assert '{"type": "integer", "minimum": 1}' in said(model, begun), "the model is told the shape"


def test_an_agent_calculates(tmp_path: Path, model: StubModel) -> None:
    call = '{"expression": "(1200 - 300) * 0.5"}'
    answer = outcome(
        job_spec(tmp_path, with_tools(f"{{topic}}: call the tool calculate with {call}", "calculate"), model.url)
    )
    assert "(tool: 450.0)" in answer["result"]


def test_an_agent_searches_the_documents(tmp_path: Path, model: StubModel) -> None:
    documents = document_set(tmp_path, {"a.md": b"# Kettles\nMARKER-kettle", "b.md": b"# Cups\nMARKER-cup"})
    declared = with_tools('{topic}: call the tool document_search with {"query": "cups"}', "document_search")
    declared["documents"] = [{"name": "a.md", "file": "documents/a.md", "sha256": "0" * 64}]
    answer = outcome(job_spec(tmp_path, declared, model.url, documents=documents))
    assert "(tool: [b.md, Cups]" in answer["result"]


def test_a_search_that_fails_fails_the_job_though_the_model_would_go_on(tmp_path: Path, model: StubModel) -> None:
    documents = document_set(tmp_path, {"a.md": b"# Kettles\nMARKER-kettle"})
    declared = with_tools(
        '{topic}: call the tool document_search with {"query": "let this search fail"}', "document_search"
    )
    assert outcome(job_spec(tmp_path, declared, model.url, documents=documents))["failure"] == "MODEL_UNAVAILABLE"


def test_a_page_is_fetched_from_no_host_but_the_named_ones(tmp_path: Path, model: StubModel) -> None:
    declared = with_tools('{topic}: call the tool fetch_page with {"url": "http://127.0.0.1/"}', "fetch_page")
    declared["crew"]["fetch_hosts"] = ["docs.example.com"]
    result = outcome(job_spec(tmp_path, declared, model.url))["result"]
    assert "127.0.0.1 is not one of the hosts that may be asked: docs.example.com" in result
    declared["crew"]["fetch_hosts"] = ["127.0.0.1"]
    result = outcome(job_spec(tmp_path, declared, model.url))["result"]
    assert "127.0.0.1 resolves to 127.0.0.1, which is not a public address" in result


def test_a_task_shows_its_draft_to_the_customer_and_changes_it_until_nothing_is_said(
    tmp_path: Path, model: StubModel
) -> None:
    with session_of(job_spec(tmp_path, one_task("MARKER-draft {topic}", human_input=True), model.url)) as (
        spec,
        session,
    ):
        process = WorkerProcess(run_crew, spec)
        assert next_but_progress(process) == {"ask": {"prompt": "Stub result MARKER-draft", "is_draft": True}}
        process.reply("Add MARKER-wish")
        assert next_but_progress(process)["ask"]["prompt"] == "Stub result MARKER-draft MARKER-wish"
        process.reply("")
        answer = next_but_progress(process)
    assert answer["result"] == "Stub result MARKER-draft MARKER-wish"
    assert session.calls == 2


def test_a_task_asks_a_bounded_number_of_times(tmp_path: Path, model: StubModel) -> None:
    asked = 0
    with session_of(job_spec(tmp_path, one_task(human_input=True), model.url)) as (spec, session):
        process = WorkerProcess(run_crew, spec)
        while "ask" in next_but_progress(process):
            asked += 1
            process.reply("Again.")
    assert (asked, session.calls) == (3, 4)


def test_ten_crews_side_by_side_with_documents_never_mix_their_inputs(tmp_path: Path, model: StubModel) -> None:
    documents = document_set(tmp_path, {"a.md": b"# Kettles\nAll about kettles."})
    markers = [f"MARKER-side{number}of10" for number in range(10)]
    inputs = [{"topic": marker, "tone": "plain"} for marker in markers]
    begun = len(model.requests)
    processes = [
        WorkerProcess(run_crew, job_spec(tmp_path, declaration(), model.url, documents=documents, inputs=own))
        for own in inputs
    ]
    results = [process.answer(timeout=JOB_SECONDS)["result"] for process in processes]
    assert results == [f"Stub result {marker}" for marker in markers]
    assert all(sum(marker in prompt for marker in markers) <= 1 for prompt in prompts(model, begun))
