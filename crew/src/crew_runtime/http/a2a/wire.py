"""How A2A 1.0 spells what is sent: methods, states, tasks and the events of a stream."""

from datetime import UTC, datetime
from typing import Any, Final

from crew_runtime.http.agent.questions import schema_of
from crew_runtime.http.mip003.wire import purchase
from crew_runtime.job.failures import MESSAGES, Failure
from crew_runtime.job.job import Job, JobState, new_id

PATH: Final = "/a2a"
VERSION: Final = "1.0"
BINDING: Final = "JSONRPC"
VERSIONS: Final = (VERSION, "0.3")
VERSION_HEADER: Final = "A2A-Version"
EXTENSION: Final = "masumi"
"""In the metadata of messages and tasks: what the network needs for a payment."""

TASK_NOT_FOUND: Final = -32001
TASK_NOT_CANCELABLE: Final = -32002
NO_PUSH_NOTIFICATIONS: Final = -32003
UNSUPPORTED_OPERATION: Final = -32004
NO_EXTENDED_CARD: Final = -32007
VERSION_NOT_SUPPORTED: Final = -32009
UNAVAILABLE: Final = -32000
"""Not A2A's: the agent cannot do it now, for the reason in `data`."""

_Json = dict[str, Any]
_STATES: Final = {
    JobState.CREATED: "TASK_STATE_AUTH_REQUIRED",
    JobState.AWAITING_PAYMENT: "TASK_STATE_AUTH_REQUIRED",
    JobState.QUEUED: "TASK_STATE_SUBMITTED",
    JobState.RUNNING: "TASK_STATE_WORKING",
    JobState.AWAITING_INPUT: "TASK_STATE_INPUT_REQUIRED",
    JobState.RESULT_READY: "TASK_STATE_WORKING",
    JobState.SUBMITTED: "TASK_STATE_COMPLETED",
    JobState.COMPLETED: "TASK_STATE_COMPLETED",
    JobState.FAILED: "TASK_STATE_FAILED",
}
_CANCELED: Final = "TASK_STATE_CANCELED"
_LOCK_FUNDS: Final = (
    "Lock the funds of this payment on Cardano before payByTime. The job then runs; ask for the task again, or "
    "subscribe to it."
)


def task_of(job: Job) -> _Json:
    """Return a job as a task; its context is itself, as jobs share nothing."""
    task: _Json = {"id": job.id, "contextId": job.id, "status": status_of(job)}
    if artifact := artifact_of(job):
        task["artifacts"] = [artifact]
    if bought := purchase(job):
        task["metadata"] = {EXTENSION: bought}
    return task


def rejected_task(text: str, data: _Json) -> _Json:
    """Return a task that is none: nothing was begun, and nothing is kept."""
    task_id = new_id()
    message = _message(new_id(), task_id, text, data)
    return {"id": task_id, "contextId": task_id, "status": {"state": "TASK_STATE_REJECTED", "message": message}}


def status_of(job: Job) -> _Json:
    """Return the state, and what there is to say about it."""
    status: _Json = {"state": _CANCELED if job.failure is Failure.CANCELED else _STATES[job.state]}
    if job.finished_at is not None:
        status["timestamp"] = datetime.fromtimestamp(job.finished_at / 1000, UTC).isoformat().replace("+00:00", "Z")
    if job.state is JobState.AWAITING_INPUT and job.question is not None:
        status["message"] = _message(job.status_id, job.id, job.question.prompt, schema_of(job.question))
    elif job.state is JobState.AWAITING_PAYMENT:
        status["message"] = _message(job.status_id, job.id, _LOCK_FUNDS, purchase(job))
    elif job.failure is not None:
        told = {"error": job.failure, "reference": job.reference}
        status["message"] = _message(job.status_id, job.id, MESSAGES[job.failure], told)
    return status


def artifact_of(job: Job) -> _Json | None:
    """Return the result, if there is one."""
    if job.state.status != "completed" or job.result is None:
        return None
    return {"artifactId": "result", "name": "Result", "parts": [{"text": job.result, "mediaType": "text/plain"}]}


def events_of(job: Job) -> list[_Json]:
    """Return what a stream says when a job has come to another state."""
    names = {"taskId": job.id, "contextId": job.id}
    events: list[_Json] = [{"statusUpdate": {**names, "status": status_of(job)}}]
    if artifact := artifact_of(job):
        events.insert(0, {"artifactUpdate": {**names, "artifact": artifact, "lastChunk": True}})
    return events


def _message(message_id: str, task_id: str, text: str, data: _Json) -> _Json:
    parts: list[_Json] = [{"text": text}, {"data": data}]
    return {"messageId": message_id, "taskId": task_id, "contextId": task_id, "role": "ROLE_AGENT", "parts": parts}
