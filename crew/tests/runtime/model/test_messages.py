"""What a model was asked and answered, as messages of OpenTelemetry's conventions, whatever a job sends."""

import json
from typing import Any

import pytest

from crew_runtime.model.calls import Call
from crew_runtime.model.messages import answered_by, asked_by

TEXT = {"type": "text", "content": "tea"}
TOOL = {"id": "1", "type": "function", "function": {"name": "weigh", "arguments": '{"what": "tea"}'}}
CALLED = {"type": "tool_call", "id": "1", "name": "weigh", "arguments": '{"what": "tea"}'}


def message(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


@pytest.mark.parametrize(
    ("path", "sent", "asked"),
    [
        ("chat/completions", {"messages": [{"role": "system", "content": "tea"}]}, [message("system", TEXT)]),
        ("chat/completions", {"messages": [{"content": [{"type": "text", "text": "tea"}]}]}, [message("user", TEXT)]),
        (
            "chat/completions",
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}]},
            [message("user", {"type": "image_url"})],
        ),
        (
            "chat/completions",
            {"messages": [{"role": "assistant", "content": None, "tool_calls": [TOOL, "odd"]}]},
            [message("assistant", CALLED)],
        ),
        (
            "chat/completions",
            {"messages": [{"role": "tool", "tool_call_id": "1", "content": "tea"}]},
            [message("tool", {"type": "tool_call_response", "id": "1", "response": "tea"})],
        ),
        ("responses", {"input": "tea"}, [message("user", TEXT)]),
        ("completions", {"prompt": "tea"}, [message("user", TEXT)]),
        ("chat/completions", {"messages": 7}, []),
        ("chat/completions", {"messages": ["tea", {"role": 7, "content": 7}]}, [message("user")]),
        ("chat/completions", {}, []),
    ],
    ids=str,
)
def test_what_is_asked(path: str, sent: dict[str, Any], asked: object) -> None:
    assert asked_by(Call("POST", path, sent)) == asked


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "tea"}}]},
            [message("assistant", TEXT) | {"finish_reason": "stop"}],
        ),
        (
            {"choices": [{"finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [TOOL]}}]},
            [message("assistant", CALLED) | {"finish_reason": "tool_calls"}],
        ),
        ({"choices": [{"text": "tea"}]}, [message("assistant", TEXT)]),
        (b'data: {"choices": [{"delta": {"content": "tea"}}]}\n\ndata: [DONE]\n\n', [message("assistant", TEXT)]),
        ({"output": [{"type": "message", "content": [{"text": "tea"}]}]}, [message("assistant", TEXT)]),
        ({"choices": [{"message": "odd"}]}, []),
        (b"[" * 100_000, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_answered(answer: object, said: object) -> None:
    told = answered_by(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
    assert told == said if said is not None else len(told[0]["parts"][0]["content"]) < 20_000


def test_what_is_nested_deeply_does_no_harm() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    sent = {"messages": [{"role": deep, "content": [{"type": deep}], "tool_calls": [{"function": {"name": deep}}]}]}
    (asked,) = asked_by(Call("POST", "chat/completions", sent))
    assert asked["parts"] == [{"type": ""}, {"type": "tool_call", "id": "", "name": "", "arguments": ""}]


def test_messages_are_no_longer_than_a_span_may_be() -> None:
    sent = {"messages": [{"role": "user", "content": "x" * 1_000_000}] * 1000}
    asked = asked_by(Call("POST", "chat/completions", sent))
    assert (len(asked), len(asked[0]["parts"][0]["content"]) < 20_000) == (200, True)
