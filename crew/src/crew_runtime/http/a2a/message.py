"""Reads a message: what it is about, and the input or answer that its parts make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Never

from crew_runtime.declared.input_schema import TEXTS, InputField
from crew_runtime.http.a2a.wire import EXTENSION
from crew_runtime.http.server.json_rpc import INVALID_PARAMS, RpcError

_MOST_PARTS: Final = 64
_LONGEST_NAME: Final = 256
_ANSWER: Final = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a customer; `task_id` is that of the job whose question it answers, if it answers one."""

    task_id: str | None
    texts: tuple[str, ...]
    data: Mapping[str, Any]
    files: tuple[str, ...]
    purchaser: object

    def input_for(self, fields: Sequence[InputField]) -> dict[str, Any]:
        """Return the input of a new job: data by the fields' names, text and files for the one field that takes them.

        Raises:
            RpcError: a text or a file that belongs to no field.

        """
        given = dict(self.data)
        if self.texts:
            given[_one(fields, TEXTS, given, "text")] = "\n".join(self.texts)
        if self.files:
            given[_one(fields, ("file",), given, "file")] = list(self.files)
        return given

    def answer(self) -> dict[str, Any]:
        """Return the answer to a question, as its schema has it."""
        if self.texts and not self.data:
            return {_ANSWER: "\n".join(self.texts)}
        return dict(self.data)


def takes_text(fields: Sequence[InputField]) -> bool:
    """Return whether a text alone makes a job's input."""
    return len(_candidates(fields, TEXTS, {})) == 1 and all(
        field.is_optional or field.type in (*TEXTS, "hidden") for field in fields
    )


def read_message(params: Mapping[str, Any]) -> Message:
    """Read the params of SendMessage.

    Raises:
        RpcError: they are not what A2A says.

    """
    message = params.get("message")
    if not isinstance(message, dict):
        _refuse("message: is missing, or no object")
    parts = message.get("parts")
    if not isinstance(parts, list) or not parts or len(parts) > _MOST_PARTS:
        _refuse(f"message.parts: must be a list of 1 to {_MOST_PARTS} parts")
    task_id, context_id = (_name(message, name) for name in ("taskId", "contextId"))
    _name(message, "messageId")
    if task_id and context_id not in (None, task_id):
        _refuse("message.contextId: is not that of the task; send the task's, or none")
    texts: list[str] = []
    data: dict[str, Any] = {}
    files: list[str] = []
    for index, part in enumerate(parts):
        _read_part(f"message.parts[{index}]", part, texts, data, files)
    return Message(task_id=task_id, texts=tuple(texts), data=data, files=tuple(files), purchaser=_purchaser(message))


def _read_part(place: str, part: object, texts: list[str], data: dict[str, Any], files: list[str]) -> None:
    content = [name for name in ("text", "data", "url", "raw") if isinstance(part, dict) and name in part]
    if not isinstance(part, dict) or len(content) != 1:
        _refuse(f"{place}: must have one of text, data, url and raw")
    value = part[content[0]]
    if content[0] == "data":
        if not isinstance(value, dict):
            _refuse(f"{place}.data: must be an object, with the names of the input schema's fields")
        if twice := sorted(data.keys() & value.keys()):
            _refuse(f"{place}.data: {', '.join(twice)}: came in an earlier part already")
        data.update(value)
        return
    if not isinstance(value, str):
        _refuse(f"{place}.{content[0]}: must be a text")
    if content[0] == "text":
        texts.append(value)
    else:
        files.append(value if content[0] == "url" else _data_url(part, value))


def _data_url(part: Mapping[str, Any], raw: str) -> str:
    kind, name = part.get("mediaType"), part.get("filename")
    named = f";name={name}" if isinstance(name, str) and name else ""
    return f"data:{kind if isinstance(kind, str) and kind else 'application/octet-stream'}{named};base64,{raw}"


def _purchaser(message: Mapping[str, Any]) -> object:
    metadata = message.get("metadata")
    own = metadata.get(EXTENSION) if isinstance(metadata, dict) else None
    return own.get("identifier_from_purchaser") if isinstance(own, dict) else None


def _candidates(fields: Sequence[InputField], kinds: Sequence[str], given: Mapping[str, Any]) -> list[InputField]:
    """Return the fields that may be meant: those that are required, or else the others."""
    fitting = [field for field in fields if field.type in kinds and field.id not in given]
    return [field for field in fitting if not field.is_optional] or fitting


def _one(fields: Sequence[InputField], kinds: Sequence[str], given: Mapping[str, Any], what: str) -> str:
    found = _candidates(fields, kinds, given)
    if len(found) != 1:
        names = ", ".join(field.id for field in fields) or "none"
        number = "several fields take" if found else "no field takes"
        _refuse(f"message.parts: {number} a {what} here; send one data part with the fields by name ({names})")
    return found[0].id


def _name(message: Mapping[str, Any], name: str) -> str | None:
    value = message.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        _refuse(f"message.{name}: must be a text of at most {_LONGEST_NAME} characters")
    return value


def _refuse(problem: str) -> Never:
    raise RpcError(INVALID_PARAMS, f"{problem}.")
