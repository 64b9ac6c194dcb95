"""Does a job by the official A2A client for Python: {"url", "parts", "version"} in, what was streamed and polled out.

`version` is that of A2A which the client speaks: the newest of the card if it is left out. With a `purchaser`, only the
message is sent that begins a paid job; with a `task`, that one is followed to its end, and the file `mark` made when
the first event is there.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import (
    AgentCard,
    GetTaskRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    SubscribeToTaskRequest,
    TaskState,
)
from google.protobuf.json_format import MessageToDict, ParseDict

_OVER = {TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED}


def request_of(parts: list[dict[str, Any]], purchaser: str | None = None) -> SendMessageRequest:
    """Make a message of parts."""
    read = [ParseDict(part, Part()) for part in parts]
    message = Message(message_id=str(uuid4()), role=Role.ROLE_USER, parts=read)
    if purchaser:
        message.metadata.update({"masumi": {"identifier_from_purchaser": purchaser}})
    return SendMessageRequest(message=message)


async def twice(streaming: Client, polling: Client, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Do the job streamed, then polled."""
    told: dict[str, Any] = {"streamed": [MessageToDict(one) async for one in streaming.send_message(request_of(parts))]}
    task, *_ = [event.task async for event in polling.send_message(request_of(parts))]
    told["first"] = TaskState.Name(task.status.state)
    told["polled"] = MessageToDict(task) if task.status.state in _OVER else await polled(polling, task.id)
    return told


async def polled(client: Client, task_id: str) -> dict[str, Any]:
    """Ask for a task until it is over."""
    while (task := await client.get_task(GetTaskRequest(id=task_id))).status.state not in _OVER:  # noqa: ASYNC110 - polled
        await asyncio.sleep(0.1)
    return MessageToDict(task)


async def followed(streaming: Client, polling: Client, task_id: str, mark: Path) -> dict[str, Any]:
    """Subscribe to a task, then ask for it."""
    events = []
    async for one in streaming.subscribe(SubscribeToTaskRequest(id=task_id)):
        events.append(MessageToDict(one))
        mark.touch()  # noqa: ASYNC240 - nobody else waits here
    return {"streamed": events, "polled": await polled(polling, task_id)}


def client_of(card: AgentCard, http: httpx.AsyncClient, *, streaming: bool) -> Client:
    """Make a client that streams, or one that polls."""
    return ClientFactory(ClientConfig(httpx_client=http, streaming=streaming, polling=not streaming)).create(card)


async def main() -> dict[str, Any]:
    """Do what is asked."""
    given = json.load(sys.stdin)
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        card = await A2ACardResolver(http, given["url"]).get_agent_card()
        told = {"card": MessageToDict(card)}
        if version := given.get("version"):
            http.headers["A2A-Version"] = version
            for interface in [one for one in card.supported_interfaces if one.protocol_version != version]:
                card.supported_interfaces.remove(interface)
        streaming, polling = (client_of(card, http, streaming=streams) for streams in (True, False))
        if task := given.get("task"):
            return told | await followed(streaming, polling, task, Path(given["mark"]))
        if purchaser := given.get("purchaser"):
            begun, *_ = [one.task async for one in polling.send_message(request_of(given["parts"], purchaser))]
            return told | {"task": MessageToDict(begun)}
        return told | await twice(streaming, polling, given["parts"])


json.dump(asyncio.run(main()), sys.stdout)
