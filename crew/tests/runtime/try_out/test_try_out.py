"""An author tries an agent: one job after another, with no endpoint, no identifier and no payment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.declarations import one_task
from support.model import StubModel
from support.runtime import SENTINEL_KEY
from support.waiting import wait_for

ENDS = ("completed", "failed", "cancelled", "refused")


class Author:
    """Speaks to a process that tries agents; its files are in `folder`."""

    def __init__(self, folder: Path, model: StubModel) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self._model = {"api": model.url, "key": SENTINEL_KEY, "name": "stub-model"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crew_runtime.try_out", str(self.data)],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, **message: Any) -> None:  # noqa: ANN401 - any JSON
        assert self.process.stdin
        self.process.stdin.write(f"{json.dumps(message)}\n")
        self.process.stdin.flush()

    def run(self, declared: dict[str, Any], schema: dict[str, Any] | None = None, **entered: object) -> None:
        file = self.folder / "crew.json"
        file.write_text(json.dumps(declared))
        wanted = {"declaration": str(file), "input": entered, "model": self._model}
        self.say(run=wanted if schema is None else {**wanted, "schema": schema})

    def hear(self, until: tuple[str, ...] = ENDS) -> list[dict[str, Any]]:
        assert self.process.stdout
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["event"] not in until:
            heard.append(json.loads(self.process.stdout.readline()))
        return heard

    def end(self) -> int:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(60)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory, shared_model: StubModel) -> Iterator[Author]:
    started = Author(tmp_path_factory.mktemp("author"), shared_model)
    yield started
    assert started.end() == 0


def test_a_job_is_done_and_watched_and_leaves_nothing_behind(author: Author) -> None:
    author.run(one_task("MARKER-{topic}"), topic="tea")
    *heard, ended = author.hear()
    assert heard == [
        {"event": "task", "task": "research"},
        {"event": "model_called", "model_calls": 1, "tokens": 12},
    ]
    assert ended.pop("seconds") > 0
    assert ended == {"event": "completed", "result": "Stub result MARKER-tea", "model_calls": 1, "tokens": 12}
    author.run(one_task("{topic}"), topic="MARKER-next")
    assert author.hear()[-1]["result"] == "Stub result MARKER-next", "the process does one after another"
    wait_for(lambda: not list(author.data.glob("jobs.sqlite*")))
    assert not [path for path in author.data.rglob("*") if path.is_file() and "MARKER" in path.read_text("latin-1")]


def test_a_result_is_held_against_a_schema(author: Author) -> None:
    author.run(one_task("{topic}"), schema={"type": "object"}, topic="tea")
    assert author.hear()[-1]["schema_problem"].startswith("The answer is not JSON: ")
    told = 'answer with JSON {"title": 1} then {"title": 1}'
    author.run(one_task("{topic}"), schema={"type": "object", "required": ["title"]}, topic=told)
    assert author.hear()[-1]["schema_problem"] is None
    author.run(one_task("{topic}"), schema={"required": ["price"]}, topic=told)
    assert (
        author.hear()[-1]["schema_problem"]
        == "The answer does not follow the schema: $: 'price' is a required property"
    )


def test_a_failure_is_told_in_full(author: Author) -> None:
    author.run(one_task("{topic}"), topic="MARKER-private, answer with status 401")
    ended = author.hear()[-1]
    assert (ended["event"], ended["failure"]) == ("failed", "MODEL_REFUSED")
    report = ended["report"]
    assert (report["detail"], report["task"]) == ("openai.AuthenticationError 401", "research")
    assert "MARKER-private" in report["exception"]
    assert report["model_status"] == 401
    assert SENTINEL_KEY not in json.dumps(ended)


def test_a_question_is_asked_and_its_answer_used(author: Author) -> None:
    author.run(one_task("MARKER-draft of {topic}", human_input=True), topic="tea")
    asked = author.hear(("asked",))[-1]
    assert (asked["prompt"], asked["is_draft"]) == ("Stub result MARKER-draft", True)
    author.say(answer="MARKER-changed")
    assert "MARKER-changed" in author.hear(("asked",))[-1]["prompt"]
    author.say(answer="")
    assert author.hear()[-1]["event"] == "completed"


def test_a_run_that_is_cancelled_gives_way_to_the_next_one(author: Author, shared_model: StubModel) -> None:
    author.run(one_task("never answer {topic}"), topic="tea")
    author.hear(("task",))
    author.say(cancel=True)
    author.run(one_task("MARKER-{topic}"), topic="second")
    author.say(cancel=True)  # before it has begun
    author.run(one_task("MARKER-{topic}"), topic="third")
    assert [author.hear()[-1]["event"] for _ in range(2)] == ["cancelled", "cancelled"]
    assert author.hear()[-1]["result"] == "Stub result MARKER-third"
    shared_model.released.set()


@pytest.mark.parametrize(
    ("changes", "entered", "problem"),
    [({}, {}, "topic: is required"), ({"pricing": {"type": "gift"}}, {"topic": "tea"}, "pricing")],
)
def test_what_cannot_begin_is_refused_with_its_problems(
    author: Author, changes: dict[str, Any], entered: dict[str, Any], problem: str
) -> None:
    author.run({**one_task(), **changes}, **entered)
    (refused,) = author.hear()
    assert refused["event"] == "refused"
    assert any(problem in one for one in refused["problems"])
