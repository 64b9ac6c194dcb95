"""Starts workers, each in a folder of its own."""

import shutil
from dataclasses import dataclass, replace
from typing import Final

from crew_runtime.crewai.worker_main import build_crew, run_crew
from crew_runtime.disk import is_full, no_space
from crew_runtime.job_spec import JobSpec
from crew_runtime.model_access import ModelAccess
from crew_runtime.runner.worker_process import DiedError, TimedOutError, WorkerProcess, start_fork_server

# A long document takes minutes to be read and embedded.
_BUILD_TIMEOUT_SECONDS: Final = 600
_TRIAL: Final = "trial"


@dataclass(frozen=True, slots=True)
class WorkerLauncher:
    """`spec` is what every worker is given, apart from the inputs and the model; its folder contains theirs."""

    spec: JobSpec

    def prepare(self) -> None:
        """Empty the folder, and begin to load CrewAI in the fork server."""
        self.remove_all()
        self.spec.folder.mkdir(parents=True)
        start_fork_server("crew_runtime.crewai.preload")

    def make(self, name: str, inputs: dict[str, str], model: ModelAccess) -> WorkerProcess:
        """Start a process for a job. Blocks until CrewAI is loaded."""
        return WorkerProcess(run_crew, self._work(name, inputs, model))

    def try_out(self, model: ModelAccess) -> str | None:
        """Let CrewAI build the crew once, and return the reason if it cannot. Blocks until CrewAI is loaded."""
        try:
            answer = WorkerProcess(build_crew, self._work(_TRIAL, {}, model)).answer(timeout=_BUILD_TIMEOUT_SECONDS)
        except (DiedError, TimedOutError, EOFError, OSError) as error:
            return no_space(self.spec.folder) if is_full(error) else type(error).__name__
        finally:
            self.remove(_TRIAL)
        return None if "result" in answer else str(answer["detail"])

    def _work(self, name: str, inputs: dict[str, str], model: ModelAccess) -> JobSpec:
        folder = self.spec.folder / name
        folder.mkdir()
        return replace(self.spec, inputs=inputs, model=model, folder=folder)

    def remove(self, name: str) -> None:
        """Remove the folder of a process that is gone."""
        shutil.rmtree(self.spec.folder / name, ignore_errors=True)

    def remove_all(self) -> None:
        """Remove the folders of all workers."""
        shutil.rmtree(self.spec.folder, ignore_errors=True)
