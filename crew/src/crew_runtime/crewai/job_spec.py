"""What a worker is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crew_runtime.documents.document import DocumentSet
from crew_runtime.job.author_project import AuthorProject
from crew_runtime.job.model_access import ModelAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """All that a worker is given: no job id, no purchaser, no key.

    `model` is this runtime's gateway, with a token for the job alone. `folder` is the job's own, and empty. `files` are
    the inputs that are files, with the values of their `accept`. A crew is either declared (`crew`) or made by an
    author's project (`code`).
    """

    crew: dict[str, Any]
    model: ModelAccess
    inputs: dict[str, str]
    folder: Path
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents: DocumentSet | None = None
    code: AuthorProject | None = None
    is_traced: bool = False
    """Whether to tell when crews, tasks and tools begin and end."""
