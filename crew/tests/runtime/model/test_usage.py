"""How many tokens an answer says that it took, in whatever shape and pieces it comes."""

import json
from typing import Any

import pytest

from crew_runtime.model.calls import read_call
from crew_runtime.model.relay import Meter
from crew_runtime.model.usage import EventStream, parts_of, tokens_of

USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
LAST = {"choices": [], "usage": USAGE}
ASKED = 12
"""Tokens that a question of 37 bytes is reckoned to have."""


def events(*said: dict[str, Any], end: str = "\n\n") -> bytes:
    return "".join(f"data: {json.dumps(one)}{end}" for one in said).encode() + f"data: [DONE]{end}".encode()


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ({"usage": USAGE}, 12),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 7}}, 12),
        ({"usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}, 7),
        ({"usage": {"prompt_tokens": 5, "total_tokens": 5}}, 5),
        ({"usage": {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 0}}, 57),
        ({"usage": {"total_tokens": -5}}, 0),
        ({"usage": {"total_tokens": "12"}}, 0),
        ({"usage": None}, 0),
        ({}, 0),
        ([], 0),
        (None, 0),
    ],
    ids=str,
)
def test_the_usage_of_an_answer(answer: object, tokens: int) -> None:
    assert tokens_of(answer) == tokens


STREAMS = [
    ([{"choices": [{"delta": {}}]}, LAST], 12),
    ([{"choices": [{"delta": {}}], "usage": None}, LAST], 12),
    ([{"choices": [{"delta": {}}], "usage": {"total_tokens": 3}}, LAST], 12),
    ([{"type": "response.created", "response": {"usage": None}},
      {"type": "response.completed", "response": {"usage": {"input_tokens": 8, "output_tokens": 2}}}], 10),
    ([{"choices": [{"delta": {"content": '"usage"'}}]}], 0),
]  # fmt: skip


@pytest.mark.parametrize(("said", "tokens"), STREAMS, ids=str)
@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n"], ids=repr)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_the_usage_of_a_stream_however_it_is_cut(said: list[dict[str, Any]], tokens: int, end: str, size: int) -> None:
    whole = events(*said, end=end)
    for shows_usage in (True, False):
        stream = EventStream(shows_usage=shows_usage)
        passed = b"".join(stream.passed_on(whole[at : at + size]) for at in range(0, len(whole), size))
        passed += stream.remainder()
        assert stream.tokens == tokens
        left_out = [LAST] if LAST in said and not shows_usage else []
        assert passed == events(*(one for one in said if one not in left_out), end=end)


def test_a_stream_without_a_last_line_end_is_passed_on_whole() -> None:
    stream = EventStream(shows_usage=False)
    half = events(LAST)[:-2]
    assert stream.passed_on(half) + stream.remainder() == b"data: [DONE]"
    assert stream.tokens == 12


def test_a_text_that_says_done_ends_no_stream() -> None:
    stream = EventStream(shows_usage=False)
    stream.passed_on(events({"choices": [{"delta": {"content": "[DONE]"}}]})[:-14])
    assert not stream.is_done
    stream.passed_on(b"data: [DONE]\n\n")
    assert stream.is_done


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("chat/completions", {"messages": ["x" * 3000]}, 1000 + 1024),
        ("chat/completions", {"messages": ["x" * 3000], "max_tokens": 50}, 1000 + 50),
        ("chat/completions", {"messages": ["x" * 3000], "max_tokens": 50, "n": 3}, 1000 + 150),
        ("responses", {"input": "x" * 3000, "max_output_tokens": 70}, 1000 + 70),
        ("embeddings", {"input": "x" * 3000}, 1000),
    ],
)
def test_a_call_is_reckoned_by_its_length_and_by_what_it_allows(path: str, body: object, expected: int) -> None:
    call = read_call("POST", path, json.dumps(body).encode())
    assert expected <= call.expected < expected + 30


@pytest.mark.parametrize(
    ("path", "usage", "taken"),
    [
        ("chat/completions", USAGE, (5, 7)),
        ("responses", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, (3, 4)),
        ("chat/completions", {**USAGE, "total_tokens": 100}, (5, 95)),
        ("chat/completions", {"completion_tokens": 7}, (0, 7)),
        ("chat/completions", {"total_tokens": 1000}, (ASKED, 1000 - ASKED)),
        ("chat/completions", {"total_tokens": 2}, (2, 0)),
        ("chat/completions", None, (ASKED, 40)),
        ("embeddings", {"prompt_tokens": 5, "total_tokens": 5}, (5, 0)),
        ("embeddings", {"total_tokens": 6}, (6, 0)),
        ("embeddings", None, (ASKED, 0)),
    ],
    ids=str,
)
def test_what_a_call_took_is_told_apart(path: str, usage: dict[str, int] | None, taken: tuple[int, int]) -> None:
    charged: list[tuple[int, int]] = []
    call = read_call("POST", path, b'{"model": "m", "input": "some words"}')
    meter = Meter(
        call, lambda asked, answered: charged.append((asked, answered)), is_sent=True, is_answered=True, received=120
    )
    answer = {"usage": usage}
    meter.reported, meter.parts = tokens_of(answer), parts_of(answer)
    meter.settle()
    meter.settle()
    assert charged == [taken, (0, 0)]
    assert sum(taken) == meter.tokens


@pytest.mark.parametrize(
    ("asked", "model"),
    [('"gpt"', "gpt"), ('"a\\u0000b"', "a?b"), ('"\\ud800"', "?"), (f'"{"m" * 300}"', "m" * 200), ("7", "7")],
    ids=str,
)
def test_any_name_of_a_model_can_be_kept(asked: str, model: str) -> None:
    assert read_call("POST", "responses", f'{{"model": {asked}}}'.encode()).model == model
