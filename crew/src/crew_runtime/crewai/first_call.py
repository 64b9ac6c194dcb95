"""What OpenAI's client finds out at its first calls of a model, found out before any job begins.

It looks what machine this is, for which it starts a program, and takes the types of requests and answers apart. Both it
keeps, but each job would do it anew. Here it calls nobody: what it sends is answered in this process.
"""

import json
from typing import Any, Final

from pydantic import BaseModel

_CALL: Final = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
_REQUEST: Final[dict[str, Any]] = {
    "model": "none",
    "messages": [
        {"role": "system", "content": "Add."},
        {"role": "user", "content": "1 and 1?"},
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "2"},
    ],
}
_TOOL: Final = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {}}}


class _Sum(BaseModel):
    sum: int


def make_first_calls() -> None:
    """Call as jobs do: once with a tool that the answer wants to use, once for an answer by a schema."""
    import httpx
    import openai

    http = httpx.Client(transport=httpx.MockTransport(lambda asked: httpx.Response(200, json=_answer(asked.content))))
    with openai.OpenAI(api_key="none", base_url="http://localhost", http_client=http) as client:
        client.chat.completions.with_raw_response.create(**_REQUEST, tools=[_TOOL]).parse()
        client.beta.chat.completions.with_raw_response.parse(**_REQUEST, response_format=_Sum).parse()


def _answer(request: bytes) -> dict[str, Any]:
    wants_tool = "tools" in json.loads(request)
    said = {"content": None, "tool_calls": [_CALL]} if wants_tool else {"content": '{"sum": 2}'}
    choice = {
        "index": 0,
        "finish_reason": "tool_calls" if wants_tool else "stop",
        "message": {"role": "assistant", **said},
    }
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "id": "none",
        "object": "chat.completion",
        "created": 0,
        "model": "none",
        "choices": [choice],
        "usage": usage,
    }
