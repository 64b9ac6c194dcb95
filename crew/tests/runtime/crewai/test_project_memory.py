"""Knowledge and memory of crews in Python: embedded at the gateway, and each job's own."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from support.documents import pdf
from support.jobs import author_code, outcome, refusal
from support.model import StubModel
from support.runtime import SENTINEL_KEY

KNOWING = """
from crewai import Agent, Crew, Task
from crewai.knowledge.source.csv_knowledge_source import CSVKnowledgeSource
from crewai.knowledge.source.json_knowledge_source import JSONKnowledgeSource
from crewai.knowledge.source.pdf_knowledge_source import PDFKnowledgeSource
from crewai.knowledge.source.string_knowledge_source import StringKnowledgeSource
from crewai.knowledge.source.text_file_knowledge_source import TextFileKnowledgeSource

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.", OF_AGENT)
    task = Task(description="What of kettles? {topic}", expected_output="Text", agent=cook)
    return Crew(agents=[cook], tasks=[task], OF_CREW)
"""

# The stub model's query is "Stub result": these words make what is known the nearest.
FILES = {
    "notes.txt": "stub result MARKER-text",
    "prices.csv": "stub,result\nkettles,MARKER-csv\n",
    "stock.json": json.dumps({"stub result": "MARKER-json"}),
}

SOURCES = [
    ('StringKnowledgeSource(content="stub result MARKER-string")', "MARKER-string"),
    ('TextFileKnowledgeSource(file_paths=["notes.txt"])', "MARKER-text"),
    ('CSVKnowledgeSource(file_paths=["prices.csv"])', "MARKER-csv"),
    ('PDFKnowledgeSource(file_paths=["guide.pdf"])', "MARKER-pdf"),
    ('JSONKnowledgeSource(file_paths=["stock.json"])', "MARKER-json"),
]


def knowing(folder: Path, of_agent: str = "", of_crew: str = "") -> str:
    kept = folder / "code" / "knowledge"
    kept.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (kept / name).write_text(content)
    (kept / "guide.pdf").write_bytes(pdf("stub result MARKER-pdf"))
    return KNOWING.replace("OF_AGENT", of_agent).replace("OF_CREW", of_crew)


@pytest.mark.parametrize("whose", ["of_agent", "of_crew"])
@pytest.mark.parametrize(("source", "marker"), SOURCES, ids=[row[1] for row in SOURCES])
def test_what_a_crew_or_an_agent_knows_is_in_the_prompt(
    tmp_path: Path, model: StubModel, source: str, marker: str, whose: str
) -> None:
    code = knowing(tmp_path, **{whose: f"knowledge_sources=[{source}]"})
    assert refusal(author_code(tmp_path, model.url, code)) == ""
    assert marker in outcome(author_code(tmp_path, model.url, code))["result"]
    embedded = [one for one in model.requests if "input" in one["body"]]
    assert {(one["key"], one["body"]["model"]) for one in embedded} == {
        (f"Bearer {SENTINEL_KEY}", "text-embedding-3-small")
    }


BY_STRING = 'knowledge_sources=[StringKnowledgeSource(content="stub result MARKER-string")]'
NO_KEY = "the embedder cohere is named, and a job reaches none but the models behind MODEL_API"
EMBEDDERS = [
    ("", "text-embedding-3-small", ""),
    ('embedder={"provider": "openai"}', "text-embedding-3-small", ""),
    (
        'embedder={"provider": "openai", "config": {"model_name": "text-embedding-3-large"}}',
        "text-embedding-3-large",
        "",
    ),
    ('embedder={"provider": "cohere", "config": {"model_name": "embed-v4"}}', None, NO_KEY),
    ('memory=True, embedder={"provider": "cohere", "config": {"model_name": "embed-v4"}}', None, NO_KEY),
]


@pytest.mark.parametrize(("named", "asked", "reason"), EMBEDDERS, ids=[row[0] for row in EMBEDDERS])
def test_an_embedder_that_the_code_names_is_asked_at_the_gateway_or_refused(
    tmp_path: Path, model: StubModel, named: str, asked: str | None, reason: str
) -> None:
    of = author_code(tmp_path, model.url, knowing(tmp_path, of_crew=f"{BY_STRING}, {named}"))
    told = refusal(of)
    assert reason in told if reason else told == ""
    models = {one["body"]["model"] for one in model.requests if "input" in one["body"]}
    assert models == ({asked} if asked else set())


UNREADABLE = [
    ("of_crew", "model.embeddings", "knowledge could not be read"),
    ("of_agent", "model.embeddings", "InternalServerError"),
    ("of_crew", "a missing file", "File not found: knowledge/missing.txt"),
]


@pytest.mark.parametrize(("whose", "what", "reason"), UNREADABLE)
def test_knowledge_that_cannot_be_read_is_told_at_start(
    tmp_path: Path, model: StubModel, whose: str, what: str, reason: str
) -> None:
    source = (
        BY_STRING
        if what == "model.embeddings"
        else BY_STRING.replace(
            'StringKnowledgeSource(content="stub result MARKER-string")',
            'TextFileKnowledgeSource(file_paths=["missing.txt"])',
        )
    )
    of = author_code(tmp_path, model.url, knowing(tmp_path, **{whose: source}))
    broken = "fails with 500" if what == "model.embeddings" else of.model.embeddings
    assert reason in refusal(replace(of, model=replace(of.model, embeddings=broken)))


def test_a_job_whose_knowledge_cannot_be_searched_fails(tmp_path: Path, model: StubModel) -> None:
    asks = "{topic}: answer with JSON {let every embedding fail} then {}"  # the query that is to be embedded
    source = knowing(tmp_path, of_crew=BY_STRING).replace("What of kettles? {topic}", asks)
    assert outcome(author_code(tmp_path, model.url, source))["failure"] == "MODEL_UNAVAILABLE"


REMEMBERING = """
from crewai import Agent, Crew, Memory, Task
from crewai.memory.storage.backend import StorageBackend

def recall(inputs):
    memory = Memory()
    assert isinstance(memory._storage, StorageBackend)
    found = [match.record.content for match in memory.recall("kettles", depth="shallow")]
    memory.remember("kettles are MARKER-" + inputs["topic"], scope="/pots", categories=["a"], importance=0.5)
    found += [match.record.content for match in memory.recall("kettles", depth="shallow")]
    assert memory.list_scopes("/") == ["/pots"] and memory.info("/").record_count == 1
    assert memory.forget(scope="/pots") == 1 and not memory.recall("kettles", depth="shallow")
    return {**inputs, "found": " ".join(found)}

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.")
    tasks = [
        Task(description="MARKER-first {topic}", expected_output="Text", agent=cook),
        Task(description="MARKER-second {found}", expected_output="Text", agent=cook, context=[]),
    ]
    return Crew(agents=[cook], tasks=tasks, memory=True, before_kickoff_callbacks=[recall])
"""


def test_a_crew_remembers_within_a_job_and_nothing_of_another(tmp_path: Path, model: StubModel) -> None:
    for topic in ("tea", "coffee"):
        of = replace(author_code(tmp_path, model.url, REMEMBERING), inputs={"topic": topic})
        begun = len(model.requests)
        answer = outcome(of, calls=40)
        assert answer.get("failure") is None
        asked = model.requests[begun:]
        assert f"kettles are MARKER-{topic}" in json.dumps([one["body"] for one in asked])
        assert ("MARKER-tea" in json.dumps(asked)) == (topic == "tea"), "what another job was told is not remembered"
        assert {one["body"]["model"] for one in asked} == {"stub-model", "text-embedding-3-small"}
        assert {one["key"] for one in asked} == {f"Bearer {SENTINEL_KEY}"}


def test_a_job_whose_memory_cannot_be_searched_fails(tmp_path: Path, model: StubModel) -> None:
    source = REMEMBERING.replace("MARKER-first {topic}", "let every embedding fail")
    answer = outcome(author_code(tmp_path, model.url, source), calls=40)
    assert answer["failure"] == "MODEL_UNAVAILABLE"
