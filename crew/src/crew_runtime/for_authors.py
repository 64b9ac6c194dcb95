"""What a crew.py of an author's own may use of the runtime, while a job runs.

from crew_runtime.for_authors import ask_customer, customer_files, document_search, model
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crew_runtime.crewai.crew_builder import model_of
from crew_runtime.crewai.human_input import Ask
from crew_runtime.job_spec import ModelAccess
from crew_runtime.tools.document_search import document_searcher

if TYPE_CHECKING:
    from crewai import LLM

    from crew_runtime.documents.index import DocumentIndex

_access: ModelAccess | None = None
_ask: Ask | None = None
_index: "DocumentIndex | None" = None
_files: Mapping[str, list[Path]] = {}


def provide(access: ModelAccess, ask: Ask, index: "DocumentIndex | None", files: Mapping[str, list[Path]]) -> None:
    """Say for whom this process works. The runtime calls it once, before it imports crew.py."""
    global _access, _ask, _index, _files
    _access, _ask, _index, _files = access, ask, index, files


def model() -> "LLM":
    """Give the declared model, for the `llm` of an agent."""
    if _access is None:
        raise RuntimeError("there is a model only in a job")
    return model_of(_access)


def ask_customer(prompt: str) -> str:
    """Ask the customer a question, and wait for the answer."""
    if _ask is None:
        raise RuntimeError("there is a customer only in a job")
    return _ask(prompt)


def customer_files(field: str) -> list[Path]:
    """Give the files that the customer entered in a field, which lie in the job's own folder."""
    return list(_files.get(field, ()))


def document_search() -> Any:  # noqa: ANN401 - CrewAI's BaseTool, which is not loaded here
    """Give a tool that searches the declared documents, for the `tools` of an agent."""
    from crewai.tools import tool

    if _index is None:
        raise RuntimeError("the declaration names no documents")
    search: Callable[[str], str] = document_searcher(_index)
    return tool("document_search")(search)
