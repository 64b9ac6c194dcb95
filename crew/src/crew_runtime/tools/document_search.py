"""The tool that searches the agent's documents."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crew_runtime.documents.index import DocumentIndex


def document_searcher(index: "DocumentIndex") -> Callable[[str], str]:
    """Return the tool for the documents of one agent."""
    from crew_runtime.documents.index import quoted

    def document_search(query: str) -> str:
        """Find the passages of the agent's documents that are nearest to a question, each with its source."""
        return quoted(index.nearest([query])[0])

    return document_search
