"""Asks an agent by the official MCP client: {"url", "mode", "calls", "answers"} in, what was told out.

`answers` are what the user says to the questions that the client puts; without them the client cannot ask.
"""

import asyncio
import json
import sys
from typing import Any

from mcp import types
from mcp.client import Client


async def main() -> dict[str, Any]:
    """Make the calls one after the other."""
    given = json.load(sys.stdin)
    answers = iter(given.get("answers", ()))
    asked: list[dict[str, Any]] = []

    async def ask(_context: object, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.model_dump(mode="json", by_alias=True, exclude_none=True))
        answer = next(answers)
        if answer is None:
            return types.ElicitResult(action="decline")
        return types.ElicitResult(action="accept", content={"answer": answer})

    callback = {"elicitation_callback": ask} if "answers" in given else {}
    async with Client(given["url"], mode=given["mode"], **callback) as client:
        tools = [tool.model_dump(mode="json", by_alias=True) for tool in (await client.list_tools()).tools]
        results = []
        for call in given["calls"]:
            arguments = {
                name: results[-1]["structuredContent"]["job_id"] if value == "$job_id" else value
                for name, value in call["arguments"].items()
            }
            result = await client.call_tool(call["name"], arguments)
            results.append(result.model_dump(mode="json", by_alias=True))
        info = client.server_info
        version = client.protocol_version
    return {
        "version": version,
        "server": info.model_dump(mode="json", by_alias=True) if info else None,
        "tools": tools,
        "results": results,
        "asked": asked,
    }


json.dump(asyncio.run(main()), sys.stdout)
