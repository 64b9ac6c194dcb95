"""A2A 0.3, which clients still speak: the same methods by other names, and what they take and answer spelled anew."""

from collections.abc import Mapping
from typing import Any, Final

METHODS: Final = {
    "message/send": "SendMessage",
    "message/stream": "SendStreamingMessage",
    "tasks/get": "GetTask",
    "tasks/cancel": "CancelTask",
    "tasks/resubscribe": "SubscribeToTask",
    "tasks/list": "ListTasks",
    "tasks/pushNotificationConfig/set": "CreateTaskPushNotificationConfig",
    "tasks/pushNotificationConfig/get": "GetTaskPushNotificationConfig",
    "tasks/pushNotificationConfig/list": "ListTaskPushNotificationConfigs",
    "tasks/pushNotificationConfig/delete": "DeleteTaskPushNotificationConfig",
    "agent/getAuthenticatedExtendedCard": "GetExtendedAgentCard",
}
"""The methods of 1.0 by their names in 0.3."""

_Json = dict[str, Any]
_FINAL: Final = ("completed", "failed", "canceled", "rejected", "input-required", "auth-required")


def read_params(params: Mapping[str, Any]) -> _Json:
    """Return params of 0.3 as 1.0 has them; what is not as it should be is left for others to find."""
    read = dict(params)
    message = params.get("message")
    if isinstance(message, dict) and isinstance(parts := message.get("parts"), list):
        read["message"] = {**message, "parts": [_read_part(part) for part in parts]}
    configuration = params.get("configuration")
    if isinstance(configuration, dict) and configuration.get("blocking") is False:
        read["configuration"] = {**configuration, "returnImmediately": True}
    return read


def _read_part(part: object) -> object:
    file = part.get("file") if isinstance(part, dict) and part.get("kind") == "file" else None
    if not isinstance(file, dict):
        return part
    content = {"url": file["uri"]} if "uri" in file else {"raw": file.get("bytes")}
    return {**content, "filename": file.get("name"), "mediaType": file.get("mimeType")}


def write_answer(answer: Mapping[str, Any]) -> _Json:
    """Return an answer or an event of 1.0 as 0.3 has it."""
    if update := answer.get("statusUpdate"):
        status = _status(update["status"])
        return {**update, "kind": "status-update", "status": status, "final": status["state"] in _FINAL}
    if update := answer.get("artifactUpdate"):
        return {**update, "kind": "artifact-update", "artifact": _with_parts(update["artifact"])}
    task = answer.get("task", answer)
    written = {**task, "kind": "task", "status": _status(task["status"])}
    if artifacts := task.get("artifacts"):
        written["artifacts"] = [_with_parts(artifact) for artifact in artifacts]
    return written


def _status(status: Mapping[str, Any]) -> _Json:
    written = {**status, "state": status["state"].removeprefix("TASK_STATE_").lower().replace("_", "-")}
    if message := status.get("message"):
        written["message"] = {**_with_parts(message), "kind": "message", "role": "agent"}
    return written


def _with_parts(whole: Mapping[str, Any]) -> _Json:
    return {**whole, "parts": [_write_part(part) for part in whole["parts"]]}


def _write_part(part: Mapping[str, Any]) -> _Json:
    return {"kind": "text", "text": part["text"]} if "text" in part else {"kind": "data", "data": part["data"]}
