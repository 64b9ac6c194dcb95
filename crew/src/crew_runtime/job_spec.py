"""What a job's process is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crew_runtime.documents.document import DocumentSet

DEFAULT_MAX_TOKENS: Final = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAccess:
    """Which model, where, with which key; `embeddings` is the model that documents are compared by."""

    api: str
    key: str = field(repr=False)
    name: str
    temperature: float | None = None
    max_tokens: int | None = None
    embeddings: str = "text-embedding-3-small"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """All that a job's process is told: no job id, no purchaser, no other key than the model's.

    `folder` is the job's own and empty; `max_model_calls` and `max_tokens` (prompts and answers together) are the most
    that the job may use. `files` are the inputs that are files, with the values of their `accept`. A crew is either
    declared (`crew`), or made by the crew.py in the folder `code`.
    """

    crew: dict[str, Any]
    model: ModelAccess
    inputs: dict[str, str]
    max_model_calls: int
    max_tokens: int = DEFAULT_MAX_TOKENS
    folder: Path
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents: DocumentSet | None = None
    code: Path | None = None
