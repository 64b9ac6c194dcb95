"""The tools of an agent: its job, the answer to a question of the job, and the job's result."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.job_schema import job_schema
from crew_runtime.http.agent.how_to_pay import how_to_pay, sentence
from crew_runtime.http.agent.questions import schema_of
from crew_runtime.http.mcp import wire
from crew_runtime.http.mip003.wire import purchase
from crew_runtime.http.served import Served, closing
from crew_runtime.http.server.json_rpc import INVALID_PARAMS, RpcError
from crew_runtime.job.failures import MESSAGES
from crew_runtime.job.job import Job, JobState, Question

ANSWER: Final = "answer"
RESULT: Final = "result"
_JOB_IF_NAME_IS_TAKEN: Final = "start_job"
_LATER: Final = f"If the job takes longer than a minute, or asks something, call {RESULT} or {ANSWER} with its job_id."

_Json = dict[str, Any]


def job_tool(declaration: Declaration) -> str:
    """Return the name of the tool that does the job: the agent's id."""
    return _JOB_IF_NAME_IS_TAKEN if declaration.id in (ANSWER, RESULT) else declaration.id


def tools_of(declaration: Declaration, url: str | None) -> list[_Json]:
    """Return what tools/list lists."""
    paid = sentence(declaration, url) if declaration.is_paid else None
    about = (declaration.description, declaration.disclosure, paid or _LATER)
    job_id: _Json = {"type": "string", "description": "The job_id of the job."}
    answer: _Json = {"type": "string", "description": "What the customer says; empty to accept a draft."}
    return [
        {
            "name": job_tool(declaration),
            "title": declaration.name,
            "description": " ".join(filter(None, about)),
            "inputSchema": job_schema(declaration.input),
            "annotations": {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": True},
        },
        {
            "name": ANSWER,
            "title": "Answer a question",
            "description": "Answers what a job of this agent has asked, and waits for what comes of it.",
            "inputSchema": _object({"job_id": job_id, "answer": answer}),
            "annotations": {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": True},
        },
        {
            "name": RESULT,
            "title": "Get a result",
            "description": "Waits for a job of this agent that takes longer, and returns its result or its question.",
            "inputSchema": _object({"job_id": job_id}),
            "annotations": {"readOnlyHint": True},
        },
    ]


async def call_tool(one: Served, request: Request, params: Mapping[str, Any], *, can_ask_user: bool) -> _Json:
    """Call a tool, or go on with the call to which the user has answered; wait for what comes of it for a while.

    Raises:
        RpcError: there is no such tool, or the params are not those of a call.

    """
    name, arguments = params.get("name"), params.get("arguments") or {}
    if name not in (job_tool(one.agent.declaration), ANSWER, RESULT):
        raise RpcError(INVALID_PARAMS, "There is no such tool. Ask tools/list for them.")
    if not isinstance(arguments, dict):
        raise RpcError(INVALID_PARAMS, "The arguments are no object. Send them by their names.")
    try:
        job = await _job_of(one, request, str(name), arguments, params)
        if job is None:
            told = how_to_pay(one.agent.declaration, one.agent.offer(), one.url)
            return wire.told(str(told["message"]), told, is_error=True)
    except ApiError as error:
        problems = error.body.get("problems")
        listed = f" {'; '.join(problems)}" if isinstance(problems, list) else ""
        return wire.told(f"{error}{listed}", {**error.body, **error.headers}, is_error=True)
    job = await one.agent.followers.at_rest(job, one.doorman.address(request), closing(request))
    return _outcome(job, can_ask_user=can_ask_user)


async def _job_of(
    one: Served, request: Request, name: str, arguments: Mapping[str, Any], params: Mapping[str, Any]
) -> Job | None:
    """Return the job that a call is about; None if it would have to be paid."""
    agent = one.agent
    if (state := params.get("requestState")) is not None:
        return await _continued(one, state, params)
    if name == RESULT:
        return await agent.job(arguments.get("job_id"))
    if name == ANSWER:
        given = {"answer": arguments["answer"]} if "answer" in arguments else {}
        answered = await agent.answer({"job_id": arguments.get("job_id"), "input_data": given})
        return await agent.job(answered.id)
    caller = one.doorman.admit(request)
    return None if agent.is_paid else await agent.begin({"input_data": dict(arguments)}, caller)


async def _continued(one: Served, state: object, params: Mapping[str, Any]) -> Job:
    """Go on with the job that a state names, with the user's answer to the question that it names."""
    job_id, _, status_id = state.partition(".") if isinstance(state, str) else ("", "", "")
    if (said := wire.user_said(params)) is not None:
        await one.agent.answer({"job_id": job_id, "status_id": status_id, "input_data": said})
    return await one.agent.job(job_id)


def _outcome(job: Job, *, can_ask_user: bool) -> _Json:
    """Return what has come of a job so far."""
    known: _Json = {"job_id": job.id, "status": job.state.status}
    if job.state is JobState.AWAITING_INPUT and job.question is not None:
        if can_ask_user:
            return wire.asked_for(job.question.prompt, _form_of(job.question), f"{job.id}.{job.status_id}")
        text = f"The agent asks: {job.question.prompt}\nAnswer it by the tool {ANSWER}, with the job_id {job.id}."
        return wire.told(text, {**known, "question": job.question.prompt, "input_schema": schema_of(job.question)})
    if job.failure is not None:
        failed = {**known, "error": job.failure, "reference": job.reference}
        return wire.told(MESSAGES[job.failure], failed, is_error=True)
    if job.state.status == "completed" and job.result is not None:
        return wire.told(job.result, {**known, "result": job.result})
    if job.state.status == "awaiting_payment":
        text = "The job waits for its payment: lock the funds on Cardano before payByTime, then ask again."
        return wire.told(text, {**known, **purchase(job)})
    return wire.told(f"The job is not done yet. Call {RESULT} with the job_id {job.id} in a while.", known)


def _form_of(question: Question) -> _Json:
    """Return the question's only field as MCP's forms have it."""
    (field,) = schema_of(question)["input_data"]
    form: _Json = {"type": "object", "properties": {field["id"]: {"type": "string", "title": field["name"]}}}
    return form if question.is_draft else form | {"required": [field["id"]]}


def _object(properties: _Json) -> _Json:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
