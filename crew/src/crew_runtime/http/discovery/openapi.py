"""The OpenAPI document of an agent: the endpoints of MIP-003 as it serves them, with its own job's input."""

import json
from collections.abc import Mapping
from typing import Any, Final

from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.job_schema import job_schema

LARGEST: Final = 256 * 1024
"""In bytes; the registry keeps no larger one."""
_Json = dict[str, Any]
_TEXT: Final[_Json] = {"type": "string"}
_OBJECT: Final[_Json] = {"type": "object"}


def openapi(declaration: Declaration, url: str | None, offer: Mapping[str, Any]) -> _Json:
    """Return the document; `offer` is the agent's identifier and price, as it has them now.

    Without a URL, the server is where the document is. An input that takes too much space is left to /input_schema.
    """
    document = _document(declaration, url, offer, job_schema(declaration.input))
    if len(json.dumps(document, ensure_ascii=False).encode()) <= LARGEST:
        return document
    large = {"type": "object", "description": "What /input_schema says, which is too large for this document."}
    return _document(declaration, url, offer, large)


def _document(declaration: Declaration, url: str | None, offer: Mapping[str, Any], job: _Json) -> _Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": declaration.name,
            "description": "\n\n".join(filter(None, (declaration.description, declaration.disclosure))),
            "version": declaration.version,
            "x-masumi": dict(offer),
        },
        "servers": [{"url": url or "."}],
        "paths": _paths(declaration, job),
        "components": {"schemas": {"Error": _object({"error": _TEXT, "message": _TEXT}, "error", "message")}},
    }


def _paths(declaration: Declaration, job: _Json) -> _Json:
    job_id = {"name": "job_id", "in": "query", "required": True, "schema": _TEXT}
    paths = {
        "/availability": _get("Whether jobs are accepted", _AVAILABILITY),
        "/input_schema": _get("The fields of a job, as MIP-003 describes them", _INPUT_SCHEMA),
        "/payment_information": _get("Who is paid, where and how much", _OBJECT),
        "/start_job": {"post": _start_job(job, is_paid=declaration.is_paid)},
        "/status": _get("The state of a job, and its result or question", _STATUS, job_id),
        "/provide_input": {"post": _operation("Answer a job's question", _OBJECT) | _body(_ANSWER)},
    }
    if declaration.example_outputs:
        paths["/demo"] = _get("An example of input and result", _object({"input": _OBJECT, "output": _OBJECT}))
    return paths


def start_request(job: _Json, *, is_paid: bool) -> _Json:
    """Return the schema of what /start_job takes, whose input is `job`."""
    nonce: _Json = {
        "type": "string",
        **({"pattern": "^[0-9a-fA-F]{14,26}$"} if is_paid else {"minLength": 1}),
        "description": "The buyer's name for the job, new for each.",
    }
    needed = ("identifier_from_purchaser", "input_data") if is_paid else ("input_data",)
    return _object({"identifier_from_purchaser": nonce, "input_data": job}, *needed)


def _start_job(job: _Json, *, is_paid: bool) -> _Json:
    secret = {"name": "Idempotency-Key", "in": "header", "schema": {**_TEXT, "minLength": 16, "maxLength": 255}}
    return _operation("Start a job", _RECEIPT, secret) | _body(start_request(job, is_paid=is_paid))


def _get(summary: str, answer: _Json, *parameters: _Json) -> _Json:
    return {"get": _operation(summary, answer, *parameters)}


def _operation(summary: str, answer: _Json, *parameters: _Json) -> _Json:
    error = {"description": "Why not", "content": _json({"$ref": "#/components/schemas/Error"})}
    return {
        "summary": summary,
        **({"parameters": list(parameters)} if parameters else {}),
        "responses": {"200": {"description": summary, "content": _json(answer)}, "default": error},
    }


def _body(schema: _Json) -> _Json:
    return {"requestBody": {"required": True, "content": _json(schema)}}


def _json(schema: _Json) -> _Json:
    return {"application/json": {"schema": schema}}


def _object(properties: _Json, *required: str) -> _Json:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


_STATE: Final[_Json] = {
    "type": "string",
    "enum": ["awaiting_payment", "awaiting_input", "running", "completed", "failed"],
}
_AVAILABILITY: Final = _object(
    {
        "status": {"type": "string", "enum": ["available", "unavailable"]},
        "type": {"type": "string", "const": "masumi-agent"},
        "agentIdentifier": _TEXT,
        "message": _TEXT,
    },
    "status",
    "type",
)
_INPUT_SCHEMA: Final = _object({"input_data": {"type": "array", "items": _OBJECT}}, "input_data")
_RECEIPT: Final = _object({"id": _TEXT, "job_id": _TEXT, "status": _STATE, "agentIdentifier": _TEXT}, "id", "job_id")
_STATUS: Final = _object(
    {"id": _TEXT, "job_id": _TEXT, "status": _STATE, "result": _TEXT, "input_schema": _INPUT_SCHEMA}, "id", "status"
)
_ANSWER: Final = _object({"job_id": _TEXT, "status_id": _TEXT, "input_data": _OBJECT}, "job_id", "input_data")
