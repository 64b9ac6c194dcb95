"""What operators are told of a model that refuses: its own words, and nothing that it was sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.model.model_error import model_error
from support.declarations import one_task
from support.jobs import job_spec, outcome
from support.runtime import SENTINEL_KEY

URL = "http://user:password@127.0.0.1:9/v1/chat/completions?api-key=hidden#part"
PROMPT = 'You are a scout.\nCurrent Task: Write to "Jane Doe" about the secret plan für März.'


SENT = {"model": "a-model-of-a-long-name", "messages": [{"content": PROMPT}]}


def told(message: object, sent: object = SENT, **inputs: str) -> dict[str, Any]:
    said = json.dumps({"error": {"message": message}})
    return model_error(URL, 404, said, key=SENTINEL_KEY, sent=sent, inputs=inputs)


def test_the_operator_reads_url_status_and_message() -> None:
    message = "The model `a-model-of-a-long-name` does not exist, or you have no access to it."
    assert told(message) == {
        "model_url": "http://127.0.0.1:9/v1/chat/completions",
        "model_status": 404,
        "model_message": message,
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"bad prompt: {PROMPT} Change it.", "bad prompt: …. Change it."),
        (f"bad prompt: {json.dumps(PROMPT)}", 'bad prompt: "…."'),
        (f"bad prompt: {PROMPT!r}", "bad prompt: '….'"),
        ("unexpected: Write  to Jane\tDoe!", "unexpected: …!"),
        ("no such person: Jane", "no such person: …"),
        ("Incorrect API key provided: sk-proj-****abcd.", "Incorrect API key provided: ***"),
        (f"Incorrect API key provided: {SENTINEL_KEY}", "Incorrect API key provided: ***"),
        ("key 1234****5678 is not known", "key *** is not known"),
        ("two\nlines \x1b[31mand a colour", "two lines [31mand a colour"),
        ("x " * 500, "x " * 149 + "x…"),
    ],
)
def test_what_a_model_quotes_and_keys_are_left_out(message: str, shown: str) -> None:
    assert told(message, name="Jane", tone="a")["model_message"] == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        ('{"detail": "nope"}', '{"detail": "nope"}'),
        ('{"error": "nope"}', "nope"),
        ("", ""),
    ],
)
def test_a_body_of_another_shape_is_told_as_it_is(said: str, shown: str) -> None:
    assert model_error(URL, 502, said, key=SENTINEL_KEY, sent=SENT, inputs={})["model_message"] == shown


@pytest.mark.parametrize("name", ["messages", "input", "prompt", "instructions"])
def test_a_prompt_is_left_out_wherever_it_stands(name: str) -> None:
    assert told(f"bad: {PROMPT} Change it.", {name: PROMPT})["model_message"] == "bad: …. Change it."


def test_a_prompt_that_is_too_long_to_search_keeps_the_message_back() -> None:
    assert told("secret plan", {"messages": ["x" * 1_000_001]})["model_message"] == "…"


def test_a_model_that_cannot_be_reached_is_told_with_its_url_and_the_reason(tmp_path: Path) -> None:
    answer = outcome(job_spec(tmp_path, one_task(), "http://127.0.0.1:1/v1"))
    assert answer["failure"] == "MODEL_UNAVAILABLE"
    assert answer["model"]["model_url"] == "http://127.0.0.1:1/v1/chat/completions"
    assert "ConnectError" in answer["model"]["model_message"]
    assert "model_status" not in answer["model"]
