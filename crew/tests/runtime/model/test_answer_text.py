"""What a model said, in whatever form its API answers."""

import json

import pytest

from crew_runtime.model.answer_text import text_of

TOOL = {"id": "1", "type": "function", "function": {"name": "weigh", "arguments": '{"what": "tea"}'}}


def events(*said: object) -> bytes:
    return "".join(f"data: {json.dumps(one)}\n\n" for one in said).encode() + b"data: [DONE]\n\n"


def delta(**said: object) -> object:
    return {"choices": [{"delta": said}]}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": " tea "}}]}, "tea"),
        ({"choices": [{"message": {"content": None, "tool_calls": [TOOL]}}]}, 'weigh({"what": "tea"})'),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "tea"}]}}]}, "tea"),
        ({"choices": [{"text": "tea"}]}, "tea"),
        ({"output": [{"type": "message", "content": [{"type": "output_text", "text": "tea"}]}]}, "tea"),
        ({"output": [{"type": "function_call", "name": "weigh", "arguments": "{}"}]}, "weigh({})"),
        (events(delta(role="assistant", content="te"), delta(content="a"), {"choices": []}), "tea"),
        (events({"type": "response.output_text.delta", "delta": "tea"}, {"type": "response.completed"}), "tea"),
        (b"no answer of a model", "no answer of a model"),
        (b'{"choices": [{"message": {"content": "cut', '{"choices": [{"message": {"content": "cut'),
        ({"choices": [{"message": "odd"}], "output": 7}, '{"choices": [{"message": "odd"}], "output": 7}'),
        (b"[" * 10_000, "[" * 1000 + " … " + "[" * 1000),
        (b"\xff", "\ufffd"),
    ],
    ids=str,
)
def test_the_text_of_an_answer(answer: object, text: str) -> None:
    assert text_of(answer if isinstance(answer, bytes) else json.dumps(answer).encode()) == text
