"""Crews know what their documents say; without them no job is done."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.crewai.worker_main import build_crew
from crew_runtime.runner.worker_process import WorkerProcess
from support.declarations import declaration, one_task
from support.documents import document_set, pdf
from support.jobs import JOB_SECONDS, job_spec, outcome
from support.model import StubModel
from support.runtime import SENTINEL_KEY

HANDBOOK = b"""# Kettles
A kettle of MARKER-brass boils {water} in a minute.

# Returns
MARKER-returns: any kettle can be returned within 30 days.

# Staff
MARKER-staff: lunch is at noon.
"""
FILLER = "\n\n".join(f"# Part {number}\nNothing of interest, number {number}." for number in range(20)).encode()


def with_handbook(folder: Path, model: StubModel, declared: dict[str, Any], **contents: bytes) -> JobSpec:
    named = {"docs/handbook.md": HANDBOOK, "docs/filler.md": FILLER} | {
        name.replace("_", "."): content for name, content in contents.items()
    }
    return job_spec(folder, declared, model.url, documents=document_set(folder, named))


def embedded(model: StubModel, since: int = 0) -> list[str]:
    asked = [request["body"] for request in model.requests[since:] if request["path"].endswith("/embeddings")]
    return [text for body in asked for text in body["input"]]


def test_each_task_gets_the_passages_that_are_nearest_to_it(tmp_path: Path, model: StubModel) -> None:
    declared = declaration()
    first, second = declared["crew"]["tasks"]
    first["description"] = "How does a kettle of brass boil {topic}?"
    second["description"] = "When can a kettle be returned?"
    begun = len(model.requests)
    assert "result" in outcome(with_handbook(tmp_path, model, declared))
    prompts = [str(one["body"]["messages"]) for one in model.requests[begun:] if "messages" in one["body"]]
    assert [prompt.count("[docs/") for prompt in prompts] == [4, 4]
    assert "[docs/handbook.md, Kettles]" in prompts[0]
    assert "boils {water} in a minute" in prompts[0], "braces in a document are left alone"
    assert "[docs/handbook.md, Returns]" in prompts[1]
    assert "How does a kettle of brass boil tea?" in embedded(model, begun)[-2]


def test_documents_of_every_type_are_known(tmp_path: Path, model: StubModel) -> None:
    contents = {
        "a_pdf": pdf("MARKER-pdf melts."),
        "b_csv": b"sort,temperature\nMARKER-csv,90\n",
        "c_txt": b"MARKER-txt",
    }
    declared = one_task("What is MARKER-pdf, MARKER-csv, MARKER-txt? {topic}")
    begun = len(model.requests)
    assert "result" in outcome(with_handbook(tmp_path, model, declared, **contents))
    prompt = next(str(one["body"]["messages"]) for one in model.requests[begun:] if "messages" in one["body"])
    for quoted in ("[a.pdf, page 1]", "sort: MARKER-csv; temperature: 90", "[c.txt, from line 1]"):
        assert quoted in prompt


def test_documents_are_embedded_once_and_a_changed_one_alone_again(tmp_path: Path, model: StubModel) -> None:
    of = with_handbook(tmp_path, model, one_task())
    assert WorkerProcess(build_crew, of).answer(timeout=JOB_SECONDS) == {"result": ""}
    begun = len(model.requests)
    outcome(with_handbook(tmp_path, model, one_task()))
    assert len(embedded(model, begun)) == 1, "the task alone"

    changed = {"docs/handbook.md": HANDBOOK + b"\n# New\nMARKER-new\n", "docs/filler.md": FILLER}
    begun = len(model.requests)
    outcome(job_spec(tmp_path, one_task(), model.url, documents=document_set(tmp_path, changed)))
    texts = embedded(model, begun)
    assert [text for text in texts if "MARKER-new" in text]
    assert not [text for text in texts if "Nothing of interest" in text]
    assert len(list((tmp_path / "cache").iterdir())) == 2, "what belongs to no document is gone"


def test_another_embedding_model_embeds_anew(tmp_path: Path, model: StubModel) -> None:
    of = with_handbook(tmp_path, model, one_task())
    outcome(of)
    begun = len(model.requests)
    outcome(replace(with_handbook(tmp_path, model, one_task()), model=replace(of.model, embeddings="another")))
    assert len(embedded(model, begun)) > 20
    assert {one["body"]["model"] for one in model.requests[begun:] if "input" in one["body"]} == {"another"}


def test_half_a_file_in_the_cache_is_made_anew(tmp_path: Path, model: StubModel) -> None:
    outcome(with_handbook(tmp_path, model, one_task()))
    for kept in (tmp_path / "cache").iterdir():
        kept.write_bytes(kept.read_bytes()[:-100])
    assert "result" in outcome(with_handbook(tmp_path, model, one_task()))


BROKEN = [
    ("fails with 500", "MODEL_UNAVAILABLE", "openai.InternalServerError 500"),
    ("fails with 404", "MODEL_REFUSED", "openai.NotFoundError 404"),
    ("too few vectors", "DOCUMENTS_UNUSABLE", "vectors for"),
    ("vectors of different sizes", "DOCUMENTS_UNUSABLE", "of different sizes"),
    ("vectors of zeros", "DOCUMENTS_UNUSABLE", "without a direction"),
]


@pytest.mark.parametrize(("embeddings", "failure", "detail"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_embedding_model_fails_the_job_and_is_told_before_any(
    tmp_path: Path, model: StubModel, embeddings: str, failure: str, detail: str
) -> None:
    of = with_handbook(tmp_path, model, one_task("MARKER-private {topic}"))
    of = replace(of, model=replace(of.model, embeddings=embeddings))
    begun = len(model.requests)
    answer = outcome(of)
    assert answer["failure"] == failure
    assert detail in answer["detail"]
    assert "MARKER-private" not in json.dumps(answer)
    assert not [one for one in model.requests[begun:] if "messages" in one["body"]], "the model is not asked"

    tried = WorkerProcess(build_crew, with_embeddings(of, tmp_path)).answer(timeout=JOB_SECONDS)
    assert tried["failure"]
    assert SENTINEL_KEY not in tried["detail"]


def with_embeddings(of: JobSpec, folder: Path) -> JobSpec:
    own = folder / "trial"
    own.mkdir()
    return replace(of, folder=own)


def test_a_broken_document_fails_the_job_by_name(tmp_path: Path, model: StubModel) -> None:
    answer = outcome(with_handbook(tmp_path, model, one_task(), broken_pdf=b"nonsense"))
    assert answer["failure"] == "DOCUMENTS_UNUSABLE"
    assert "broken.pdf cannot be read as a PDF" in answer["detail"]


def test_a_document_that_was_changed_behind_the_runtimes_back_fails_the_job(tmp_path: Path, model: StubModel) -> None:
    of = with_handbook(tmp_path, model, one_task())
    assert of.documents
    of.documents.documents[0].file.write_bytes(b"other")
    assert outcome(of)["failure"] == "DOCUMENTS_UNUSABLE"
