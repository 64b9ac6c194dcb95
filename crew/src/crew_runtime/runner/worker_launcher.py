"""Starts workers, each in a folder of its own and, in a container, as a user of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from crew_runtime.common.disk import is_full, no_space
from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.crewai.worker_main import build_crew, index_documents, run_crew
from crew_runtime.documents.drafts import keep_drafts
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.runner.forking import SERVER
from crew_runtime.runner.worker_process import DiedError, TimedOutError, WorkerProcess
from crew_runtime.runner.workplaces import Workplaces

# A long document takes minutes to be read and embedded.
_BUILD_TIMEOUT_SECONDS: Final = 600
_TRIAL: Final = "trial"


class WorkerLauncher:
    """`spec` is what every worker is given, apart from the inputs and the model; `places` are where they work."""

    def __init__(self, spec: JobSpec, places: Workplaces) -> None:
        self.spec = spec
        self._places = places

    def make(
        self, name: str, inputs: dict[str, str], model: ModelAccess, *, niceness: int = 0, is_traced: bool = False
    ) -> WorkerProcess:
        """Start a process for a job. Blocks until CrewAI is loaded."""
        place = self._places.take(name)
        spec = replace(self._spec(inputs, model, place.folder), is_traced=is_traced)
        return WorkerProcess(run_crew, spec, user=place.user, group=place.group, niceness=niceness)

    def try_out(self, model: ModelAccess) -> str | None:
        """Let CrewAI build the crew once, and return the reason if it cannot. Blocks until CrewAI is loaded."""
        try:
            reason = self._index(model) if self.spec.documents and SERVER.has_users else None
            return reason or self._build(model)
        except (DiedError, TimedOutError, EOFError, OSError) as error:
            return no_space(self.spec.folder) if is_full(error) else type(error).__name__
        finally:
            self.remove(_TRIAL)

    def _build(self, model: ModelAccess) -> str | None:
        place = self._places.take(_TRIAL)
        worker = WorkerProcess(build_crew, self._spec({}, model, place.folder), user=place.user, group=place.group)
        answer = worker.answer(timeout=_BUILD_TIMEOUT_SECONDS)
        return None if "result" in answer else str(answer["detail"])

    def _spec(self, inputs: dict[str, str], model: ModelAccess, folder: Path) -> JobSpec:
        return replace(self.spec, inputs=inputs, model=model, folder=folder)

    def _index(self, model: ModelAccess) -> str | None:
        """Read the documents where no author's code is, as no job may change what others read of them."""
        assert self.spec.documents  # noqa: S101 - the caller has looked
        place = self._places.take(_TRIAL)
        drafts = place.folder / "drafts"
        documents = replace(self.spec.documents, drafts=drafts)
        spec = replace(self._spec({}, model, place.folder), documents=documents)
        answer = WorkerProcess(index_documents, spec, user=place.user, group=place.group).answer(
            timeout=_BUILD_TIMEOUT_SECONDS
        )
        if "result" in answer:
            keep_drafts(drafts, documents.cache, answer["files"])
        self.remove(_TRIAL)
        return None if "result" in answer else str(answer["detail"])

    def remove(self, name: str) -> None:
        """Remove the folder of a process that is gone, and end what that has left running."""
        self._places.give_back(name)

    def remove_all(self) -> None:
        """Remove the folders of all workers."""
        self._places.remove_all()
