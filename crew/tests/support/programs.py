"""Runs programs in copies of a process that has loaded CrewAI, as jobs are: a copy takes no time, loading it does."""

from pathlib import Path

from crew_runtime.runner.worker_process import WorkerProcess
from support.runtime import PATIENCE_SECONDS
from support.targets import run_program


def run(program: str, folder: Path | None = None) -> str:
    """Run a program in such a copy of its own, in a folder; return what it prints."""
    answer = WorkerProcess(run_program, (program, folder)).answer(timeout=PATIENCE_SECONDS)
    assert "printed" in answer, answer["raised"]
    printed: str = answer["printed"]
    return printed.strip()
