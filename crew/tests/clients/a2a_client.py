"""Does a job by the official A2A client for Python, streamed and polled: {"url", "input"} in, what was told out."""

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

import httpx
from a2a.client import ClientConfig, ClientFactory
from a2a.types import GetTaskRequest, Message, Part, Role, SendMessageRequest, TaskState
from google.protobuf.json_format import MessageToDict, ParseDict

_OVER = {TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED}


def request_of(parts: list[dict[str, Any]]) -> SendMessageRequest:
    """Make a message of parts."""
    read = [ParseDict(part, Part()) for part in parts]
    return SendMessageRequest(message=Message(message_id=str(uuid4()), role=Role.ROLE_USER, parts=read))


async def main() -> dict[str, Any]:
    """Do the job twice."""
    given = json.load(sys.stdin)
    told: dict[str, Any] = {}
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        factory = ClientFactory(ClientConfig(httpx_client=http, streaming=True))
        client = await factory.create_from_url(given["url"])
        events = [MessageToDict(event) async for event in client.send_message(request_of(given["parts"]))]
        told["streamed"] = events
        factory = ClientFactory(ClientConfig(httpx_client=http, streaming=False, polling=True))
        client = await factory.create_from_url(given["url"])
        told["card"] = MessageToDict(client._card)  # noqa: SLF001 - which it has read
        task, *_ = [event.task async for event in client.send_message(request_of(given["parts"]))]
        told["first"] = TaskState.Name(task.status.state)
        while task.status.state not in _OVER:
            await asyncio.sleep(0.1)
            task = await client.get_task(GetTaskRequest(id=task.id))
        told["polled"] = MessageToDict(task)
    return told


json.dump(asyncio.run(main()), sys.stdout)
