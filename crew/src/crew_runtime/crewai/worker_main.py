"""The main function of a worker: runs one crew, in a process that is forked for it and ends after it."""

import logging
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.common.disk import is_full, no_space
from crew_runtime.crewai.author import api as author_api
from crew_runtime.crewai.author.errors import AuthorCodeError
from crew_runtime.crewai.author.files import copy_project
from crew_runtime.crewai.author.jobs import prepare_project
from crew_runtime.crewai.declared.crew_builder import declared_crew
from crew_runtime.crewai.declared.filling import fill_in_one_pass
from crew_runtime.crewai.declared.result_schema import with_schemas
from crew_runtime.crewai.human_input import answer_flows_by, answer_human_input_by
from crew_runtime.crewai.job_spec import JobSpec
from crew_runtime.crewai.outcome.crew_events import CrewEvents
from crew_runtime.crewai.outcome.crew_spans import CrewSpans
from crew_runtime.crewai.outcome.what_failed import chain, name_of, place_in, what_failed
from crew_runtime.documents.context import with_documents
from crew_runtime.documents.document import DocumentError
from crew_runtime.documents.embedder import Embedder, EmbeddingError
from crew_runtime.documents.index import DocumentIndex
from crew_runtime.files.received_files import CustomerFileError, egress_for_files, receive, texts_of
from crew_runtime.job.ask import Ask, Parent
from crew_runtime.job.failures import Failure
from crew_runtime.machine.confinement import limit_job
from crew_runtime.machine.environment import move_into
from crew_runtime.tools.calculate import calculate
from crew_runtime.tools.document_search import document_searcher

if TYPE_CHECKING:
    from crewai import Crew

# CrewAI raises a plain Exception for it.
_GUARDRAIL_NOT_MET: Final = re.compile(r"Task failed guardrail( \d+)? validation after \d+ retries")

# The runtime is in the group of each job's user.
_GROUP_MAY_READ: Final = 0o750


def run_crew(connection: Connection, spec: JobSpec) -> None:
    """Run the crew and send {"result"} or {"failure", "detail", "report"}; then end this process.

    For each question to its customer it first sends {"ask": {"prompt", "is_draft"}} and waits for {"input"}. It also
    sends {"progress": {"task"}} of each task that begins, and what a tool reports that failed; where jobs are traced,
    {"span"} of each step that begins or ends.
    """
    _answer(connection, spec, _run)


def build_crew(connection: Connection, spec: JobSpec) -> None:
    """Build the crew and read its documents, only to find out whether both can be used.

    Sends {"result": ""} or {"failure", "detail"}.
    """
    _answer(connection, spec, _build)


def index_documents(connection: Connection, spec: JobSpec) -> None:
    """Read the documents and write down what was made of them, without any code of an author's.

    Sends {"result": "", "files"}, the names that are to be in the cache, or {"failure", "detail"}.
    """
    _answer(connection, spec, _index)


def _answer(connection: Connection, spec: JobSpec, do: Callable[[JobSpec, Parent], dict[str, Any]]) -> None:
    logging.disable()
    try:
        move_into(spec.folder)
        limit_job()
        parent = Parent(connection)
        try:
            answer = do(spec, parent)
        except Exception as error:  # noqa: BLE001 - whatever a crew raises is an outcome of the job
            answer = _failure(error, spec)
        parent.send(answer)
        parent.close()
    finally:
        os._exit(0)  # without waiting for threads that CrewAI leaves


@dataclass(frozen=True, slots=True)
class _Prepared:
    run: Callable[[], str]
    check: Callable[[], None]
    index: DocumentIndex | None


def _prepare(spec: JobSpec, ask: Ask) -> _Prepared:
    """Build the crew and its inputs."""
    from crew_runtime.crewai import preload

    if preload.IMPORT_ERROR:
        raise RuntimeError(preload.IMPORT_ERROR)
    index = DocumentIndex.open(spec.documents, Embedder(spec.model)) if spec.documents else None
    if spec.code:
        copy_project(spec.code.folder, spec.folder)
    files = receive(spec.files, spec.inputs, spec.folder, egress_for_files()) if spec.files else {}
    fill_in_one_pass()
    answer_human_input_by(ask)
    if spec.code:
        answer_flows_by(ask)
        author_api.provide(spec.model, ask, index, files)
        project = prepare_project(spec.code, spec.model)
        paths = {field: ", ".join(map(str, placed)) for field, placed in files.items()}
        given, declared = {**spec.inputs, **paths}, spec.code.inputs
        return _Prepared(lambda: project.run(given), lambda: project.check(declared), index)
    crew, inputs = with_schemas(spec.crew, {**spec.inputs, **texts_of(files)})
    if index:
        crew, inputs = with_documents(crew, inputs, index)
    tools = _tools(crew.pop("fetch_hosts", ()), index)
    built = declared_crew(crew, spec.model, tools)
    if built.manager_agent and inputs:
        built.manager_agent.interpolate_inputs(inputs)  # CrewAI leaves it out
    return _Prepared(lambda: _kick_off(built, inputs), lambda: None, index)


def _kick_off(crew: "Crew", inputs: dict[str, str]) -> str:
    # Without inputs CrewAI must get None: it then leaves braces in the texts alone.
    return str(crew.kickoff(inputs=inputs or None).raw)


def _tools(hosts: Iterable[str], index: DocumentIndex | None) -> dict[str, Callable[[str], str]]:
    from crew_runtime.tools.egress import Egress
    from crew_runtime.tools.fetch_page import page_fetcher

    tools = {"calculate": calculate, "fetch_page": page_fetcher(Egress(hosts))}
    return {**tools, "document_search": document_searcher(index)} if index else tools


def _build(spec: JobSpec, _parent: Parent) -> dict[str, Any]:
    """Prepare a job; a failure is reported in full, as no customer is involved."""
    try:
        _prepare(spec, _nobody).check()
    except Exception as error:  # noqa: BLE001 - whatever CrewAI raises is the reason
        return _reason(error, spec)
    return {"result": ""}


def _index(spec: JobSpec, _parent: Parent) -> dict[str, Any]:
    assert spec.documents  # noqa: S101 - there is nothing to do otherwise
    try:
        index = DocumentIndex.open(spec.documents, Embedder(spec.model))
    except Exception as error:  # noqa: BLE001 - whatever a library raises is the reason
        return _reason(error, spec)
    drafts = spec.documents.drafts
    for draft in (drafts, *drafts.iterdir()) if drafts else ():
        draft.chmod(_GROUP_MAY_READ if draft.is_dir() else _GROUP_MAY_READ & ~0o111)
    return {"result": "", "files": index.files}


def _reason(error: Exception, spec: JobSpec) -> dict[str, Any]:
    full = next(filter(is_full, chain(error)), None)
    reason = _no_space(full, spec) if full else f"{type(error).__name__}: {error}".replace(spec.model.key, "***")
    at = spec.code and place_in(spec.code.folder, error)
    return {"failure": Failure.CREW_FAILED, "detail": f"{reason} ({at})" if at else reason}


def _nobody(prompt: str, *, is_draft: bool = False) -> str:  # noqa: ARG001 - an Ask
    raise AuthorCodeError("the crew asks its customer before the job begins: ask in a tool, or before the kickoff")


def _run(spec: JobSpec, parent: Parent) -> dict[str, Any]:
    events = CrewEvents(spec.code.folder if spec.code else None)
    events.tell = lambda progress: parent.send({"progress": progress})
    spans = CrewSpans(parent.send, spec.crew.get("agents", {})) if spec.is_traced else None
    if spans:
        spans.listen()
    try:
        answer = _result(spec, parent.ask, events)
    except Exception as error:  # noqa: BLE001 - whatever a crew raises is an outcome of the job
        answer = _failure(error, spec)
    if "failure" in answer:
        answer["report"] = {**answer.get("report", {}), **events.tool_failure()}
    if spans:
        spans.flush()
    return answer


def _result(spec: JobSpec, ask: Ask, events: CrewEvents) -> dict[str, Any]:
    prepared = _prepare(spec, ask)
    events.listen()
    output = prepared.run()
    if prepared.index and prepared.index.broken:
        raise prepared.index.broken  # a tool tells it to the model only, which then answers without the documents
    result = output.encode("utf-8", "replace").decode().strip()
    if not result:
        return {"failure": Failure.EMPTY_RESULT, "detail": ""}
    return {"result": result}


def _failure(error: Exception, spec: JobSpec) -> dict[str, Any]:
    """Classify an exception. The detail is logged, so that nothing of its text is in there; the report has that."""
    return {**_classified(error, spec), "report": _report(error, spec)}


def _classified(error: Exception, spec: JobSpec) -> dict[str, str]:
    causes = list(chain(error))
    if full := next(filter(is_full, causes), None):
        return {"failure": Failure.NO_SPACE, "detail": _no_space(full, spec)}
    for cause in causes:
        failure = _classify(cause)
        if failure:
            return {"failure": failure, "detail": _describe(cause)}
    return {"failure": Failure.CREW_FAILED, "detail": ", from ".join(map(_describe, causes))}


def _report(error: Exception, spec: JobSpec) -> dict[str, str]:
    """Tell the operator what failed; the job's token is worth nothing soon, but looks like a key."""
    found = what_failed(error, code=spec.code.folder if spec.code else None, agents=spec.crew.get("agents", {}))
    return {name: text.replace(spec.model.key, "***") for name, text in found.items()}


def _no_space(error: BaseException, spec: JobSpec) -> str:
    """Name the file that was to be written; in the job's own folder not, as its name may be a customer's."""
    file = getattr(error, "filename", None)
    is_ours = isinstance(file, str) and not Path(file).absolute().is_relative_to(spec.folder.absolute())
    return no_space(file if is_ours and file else spec.folder)


def _describe(error: BaseException) -> str:
    status = getattr(error, "status_code", None)
    name = name_of(error)
    if isinstance(error, (CustomerFileError, DocumentError, EmbeddingError, AuthorCodeError)):
        return f"{name}: {error}"  # our own words, none of a customer's
    return f"{name} {status}" if isinstance(status, int) else name


def _classify(error: BaseException) -> Failure | None:
    import openai

    if isinstance(error, (CustomerFileError, DocumentError, EmbeddingError)):
        return Failure.FILE_UNUSABLE if isinstance(error, CustomerFileError) else Failure.DOCUMENTS_UNUSABLE
    if _GUARDRAIL_NOT_MET.match(str(error)):
        return Failure.GUARDRAIL_NOT_MET
    if isinstance(error, (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError)):
        return Failure.MODEL_UNAVAILABLE
    if isinstance(error, openai.APIStatusError):
        return Failure.MODEL_REFUSED
    return None
