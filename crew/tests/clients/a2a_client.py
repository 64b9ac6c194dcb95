"""Does a job by the official A2A client for Python: {"url", "parts", "version"} in, what was streamed and polled out.

`version` is that of A2A which the client speaks: the newest of the card if it is left out.
"""

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
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
        card = await A2ACardResolver(http, given["url"]).get_agent_card()
        told["card"] = MessageToDict(card)
        if version := given.get("version"):
            http.headers["A2A-Version"] = version
            for interface in [one for one in card.supported_interfaces if one.protocol_version != version]:
                card.supported_interfaces.remove(interface)
        client = ClientFactory(ClientConfig(httpx_client=http, streaming=True)).create(card)
        events = [MessageToDict(event) async for event in client.send_message(request_of(given["parts"]))]
        told["streamed"] = events
        client = ClientFactory(ClientConfig(httpx_client=http, streaming=False, polling=True)).create(card)
        task, *_ = [event.task async for event in client.send_message(request_of(given["parts"]))]
        told["first"] = TaskState.Name(task.status.state)
        while task.status.state not in _OVER:
            await asyncio.sleep(0.1)
            task = await client.get_task(GetTaskRequest(id=task.id))
        told["polled"] = MessageToDict(task)
    return told


json.dump(asyncio.run(main()), sys.stdout)
