"""Behind crew_runtime.for_authors: the model, the customer, the files and the documents of this worker's job."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crew_runtime.crewai.declared.crew_builder import model_of
from crew_runtime.job.ask import Ask
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.tools.document_search import document_searcher

if TYPE_CHECKING:
    from crewai import LLM

    from crew_runtime.documents.index import DocumentIndex

_access: ModelAccess | None = None
_ask: Ask | None = None
_index: "DocumentIndex | None" = None
_files: Mapping[str, list[Path]] = {}


def provide(access: ModelAccess, ask: Ask, index: "DocumentIndex | None", files: Mapping[str, list[Path]]) -> None:
    """Set what the functions below use. The worker calls it once, before it imports crew.py."""
    global _access, _ask, _index, _files
    _access, _ask, _index, _files = access, ask, index, files


def model() -> "LLM":
    """Return the declared model, for the `llm` of an agent."""
    if _access is None:
        raise RuntimeError("a model is available only in a job")
    return model_of(_access)


def ask_customer(prompt: str) -> str:
    """Ask the customer a question and wait for the answer."""
    if _ask is None:
        raise RuntimeError("a customer is available only in a job")
    return _ask(prompt)


def customer_files(field: str) -> list[Path]:
    """Return the files that the customer gave in a field; they are in the job's own folder."""
    return list(_files.get(field, ()))


def document_search() -> Any:  # noqa: ANN401 - CrewAI's BaseTool, which is not loaded here
    """Return a tool that searches the declared documents, for the `tools` of an agent."""
    from crewai.tools import tool

    if _index is None:
        raise RuntimeError("the declaration names no documents")
    search: Callable[[str], str] = document_searcher(_index)
    return tool("document_search")(search)
