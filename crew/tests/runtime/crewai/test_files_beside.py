"""Agents whose documents and code lie beside crew.json, as a deployment puts them there."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from support.declarations import in_python, one_task
from support.model import StubModel
from support.runtime import SENTINEL_KEY

PROJECTS = Path(__file__).parents[2] / "fixtures" / "author-code"
CREW_CLASS = PROJECTS / "crew-class"
HANDBOOK = b"# Kettles\nMARKER-handbook: a kettle boils.\n"


def lay_beside(folder: Path, content: bytes = HANDBOOK, name: str = "docs/handbook.md") -> dict[str, str]:
    """Put a document where the runtime looks for it; gives what crew.json says of it."""
    sha256 = hashlib.sha256(content).hexdigest()
    file = f"documents/{sha256[:32]}{Path(name).suffix}"
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    return {"name": name, "file": file, "sha256": sha256}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `start_runtime` puts crew.json."""
    own = tmp_path_factory.mktemp("files") / "agent"
    own.mkdir()
    return own


def crew_class(folder: Path) -> dict[str, Any]:
    shutil.copytree(CREW_CLASS, folder / "code" / "abc")
    return in_python()


def test_a_crew_knows_its_documents_from_the_start_and_after_a_restart(
    start_runtime: StartRuntime, folder: Path, model: StubModel
) -> None:
    declared = one_task("What of kettles? {topic}") | {"documents": [lay_beside(folder)]}
    first = start_runtime(declared, folder=folder.parent)
    first.identify()
    assert first.ended(first.start_job("tea"))["result"] == "Stub result MARKER-handbook"
    first.stop()
    begun = len(model.requests)
    again = start_runtime(declared, folder=folder.parent)
    assert again.ended(again.start_job("tea"))["result"] == "Stub result MARKER-handbook"
    texts = [text for one in model.requests[begun:] for text in one["body"].get("input", [])]
    assert not [text for text in texts if "MARKER-handbook" in text], "nothing is embedded again"


def test_a_crew_in_python_does_jobs(start_runtime: StartRuntime, folder: Path) -> None:
    runtime = start_runtime(crew_class(folder), folder=folder.parent, JOB_TOKENS="1000")
    runtime.identify()
    assert runtime.ended(runtime.start_job("tea"))["result"] == "Stub result MARKER-shelf (tool: Lem: 3 books)"


def test_a_flow_with_packages_of_its_own_does_jobs(start_runtime: StartRuntime, folder: Path) -> None:
    shutil.copytree(PROJECTS / "flow-project", folder / "code" / "abc")
    (folder / "packages" / "def").mkdir(parents=True)
    (folder / "packages" / "def" / "teapots.py").write_text("NAME = 'MARKER-packaged'")
    crews = folder / "code" / "abc" / "src" / "note_flow" / "crews" / "note_crew"
    made = crews / "note_crew.py"
    made.write_text(f"import teapots\n{made.read_text()}")
    code = {"kind": "flow", "module": "note_flow.main", "paths": ["src"], "packages": "packages/def"}
    runtime = start_runtime(in_python(**code), folder=folder.parent)
    runtime.identify()
    assert '"note":"Stub result MARKER-note"' in runtime.ended(runtime.start_job("tea"))["result"]


def test_a_document_that_cannot_be_read_ends_the_runtime_with_the_reason(
    start_runtime: StartRuntime, folder: Path
) -> None:
    declared = one_task() | {"documents": [lay_beside(folder, b"nonsense", "docs/scan.pdf")]}
    runtime = start_runtime(declared, folder=folder.parent)
    assert runtime.exit_code() == 2
    assert "the crew cannot be used" in runtime.output
    assert "docs/scan.pdf cannot be read as a PDF" in runtime.output


def test_a_broken_crew_py_ends_the_runtime_with_the_reason(start_runtime: StartRuntime, folder: Path) -> None:
    declared = crew_class(folder)
    (folder / "code" / "abc" / "crew.py").write_text("import pandas_of_nobody")
    runtime = start_runtime(declared, folder=folder.parent)
    assert runtime.exit_code() == 2
    assert "needs pandas_of_nobody" in runtime.output


def test_an_embedding_model_that_fails_at_start_is_told_with_the_apis_own_address(
    start_runtime: StartRuntime, folder: Path, model: StubModel
) -> None:
    declared = one_task() | {"documents": [lay_beside(folder)], "model": {"embeddings": "fails with 404"}}
    runtime = start_runtime(declared, folder=folder.parent)
    assert runtime.exit_code() == 2
    assert f"({model.url}/embeddings, 404, no luck with" in runtime.output
    assert SENTINEL_KEY not in runtime.output


def test_an_embedding_model_that_fails_later_fails_the_job(start_runtime: StartRuntime, folder: Path) -> None:
    declared = one_task("{topic}") | {"documents": [lay_beside(folder)]}
    runtime = start_runtime(declared, folder=folder.parent)
    runtime.identify()
    assert runtime.ended(runtime.start_job("let every embedding fail"))["error"] == "MODEL_UNAVAILABLE"
