"""Adds to each task of a crew what the documents say about it."""

from typing import Any, Final

from crew_runtime.documents.index import DocumentIndex, quoted
from crew_runtime.job.placeholders import filled

_INTRODUCTION: Final = "What the documents say that comes nearest to this task, each passage with its source:"


def with_documents(
    crew: dict[str, Any], inputs: dict[str, str], index: DocumentIndex
) -> tuple[dict[str, Any], dict[str, str]]:
    """Add the nearest passages to every task of a declared crew.

    They are inputs, like those of the customer, since CrewAI puts inputs in as they are, whatever braces they hold.
    """
    tasks: list[dict[str, Any]] = crew["tasks"]
    wanted = [filled(f"{task['description']}\n{task['expected_output']}", inputs) for task in tasks]
    passages = {
        f"_documents_{number}": f"{_INTRODUCTION}\n\n{quoted(found)}"
        for number, found in enumerate(index.nearest(wanted))
    }
    changed = [
        {**task, "description": f"{task['description']}\n\n{{{name}}}"}
        for task, name in zip(tasks, passages, strict=True)
    ]
    return {**crew, "tasks": changed}, {**inputs, **passages}
