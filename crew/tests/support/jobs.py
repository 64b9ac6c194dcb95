"""Runs crews in job processes as the runtime does, without the runtime around them."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from crew_runtime.crewai.worker_main import run_crew
from crew_runtime.declared.declaration import Declaration
from crew_runtime.job_spec import JobSpec
from crew_runtime.model_access import ModelAccess
from crew_runtime.runner.worker_process import WorkerProcess
from support.declarations import declaration
from support.runtime import SENTINEL_KEY

JOB_SECONDS: Final = 120
_count = itertools.count()


def job_spec(folder: Path, declared: dict[str, Any], model_url: str, **changes: Any) -> JobSpec:  # noqa: ANN401 - any field
    """What one job of the declared agent is told; its folder is a new one."""
    own = folder / f"job-{next(_count)}"
    own.mkdir()
    declaration = Declaration.model_validate_json(json.dumps(declared))
    settings: dict[str, Any] = {
        "crew": declaration.crew.model_dump(mode="json", exclude_none=True),
        "model": ModelAccess(api=model_url, key=SENTINEL_KEY, name="stub-model"),
        "inputs": {"topic": "tea", "tone": "plain"},
        "max_model_calls": 20,
        "max_tokens": 500_000,
        "folder": own,
    }
    return JobSpec(**settings | changes)


def author_code(folder: Path, model_url: str, source: str | Path, **changes: Any) -> JobSpec:  # noqa: ANN401 - any field
    """What a job of an agent with a crew.py is told."""
    code = folder / "code" if isinstance(source, str) else source
    if isinstance(source, str):
        code.mkdir(exist_ok=True)
        (code / "crew.py").write_text(source)
    return replace(job_spec(folder, declaration(), model_url), crew={}, code=code, **changes)


def outcome(of: JobSpec) -> dict[str, Any]:
    return WorkerProcess(run_crew, of).answer(timeout=JOB_SECONDS)
