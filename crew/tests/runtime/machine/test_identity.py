"""The identifier arrives late, changes, and the file that carries it may be broken for a moment."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew_runtime.machine.identity import Identity, IdentityFile
from support.runtime import IDENTIFIER, Runtime

OTHER = "cd" * 29

STEPS = [
    # name, what the file says in turn, the identity afterwards (identifier, draining)
    ("absent", [None], (None, False)),
    ("null", ['{"agentIdentifier": null, "draining": false}'], (None, False)),
    ("empty", ['{"agentIdentifier": ""}'], (None, False)),
    ("known", [f'{{"agentIdentifier": "{IDENTIFIER}"}}'], (IDENTIFIER, False)),
    ("late", [None, f'{{"agentIdentifier": "{IDENTIFIER}"}}'], (IDENTIFIER, False)),
    ("changed", [f'{{"agentIdentifier": "{IDENTIFIER}"}}', f'{{"agentIdentifier": "{OTHER}"}}'], (OTHER, False)),
    ("reverted", [f'{{"agentIdentifier": "{key}"}}' for key in (IDENTIFIER, OTHER, IDENTIFIER)], (IDENTIFIER, False)),
    ("draining", [f'{{"agentIdentifier": "{IDENTIFIER}", "draining": true}}'], (IDENTIFIER, True)),
    ("half written", [f'{{"agentIdentifier": "{IDENTIFIER}"}}', '{"agentIden'], (IDENTIFIER, False)),
    ("not hexadecimal", [f'{{"agentIdentifier": "{IDENTIFIER}"}}', '{"agentIdentifier": "x y"}'], (IDENTIFIER, False)),
    ("removed", [f'{{"agentIdentifier": "{IDENTIFIER}"}}', None], (None, False)),
    ("of an unknown contract", [f'{{"agentIdentifier": "{IDENTIFIER}", "paymentSourceType": "V3"}}'], (None, False)),
    ("more keys than known", [f'{{"agentIdentifier": "{IDENTIFIER}", "since": 5}}'], (IDENTIFIER, False)),
]  # fmt: skip


@pytest.mark.parametrize(("contents", "expected"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_the_file_is_read_anew_when_it_changes(
    tmp_path: Path, contents: list[str | None], expected: tuple[str | None, bool]
) -> None:
    path = tmp_path / "identity.json"
    identity = IdentityFile(path)
    for content in contents:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        found: Identity = identity.current()
    assert (found.agent_identifier or None, found.draining) == expected


def test_a_broken_file_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "identity.json"
    path.write_text("{")
    identity = IdentityFile(path)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            identity.current()
    assert [record.message for record in caplog.records] == ["identity_unreadable"]


def availability(runtime: Runtime) -> tuple[int, str, str | None]:
    answer = runtime.http.get("/availability")
    body = answer.json()
    assert body["type"] == "masumi-agent"
    return answer.status_code, body["status"], body.get("agentIdentifier")


def refusal(runtime: Runtime) -> tuple[int, str, bool]:
    answer = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}})
    return answer.status_code, answer.json().get("error", ""), "Retry-After" in answer.headers


def identifier_of_card(runtime: Runtime) -> str | None:
    card = runtime.http.get("/.well-known/agent-card.json").json()
    found: str | None = card["capabilities"]["extensions"][0]["params"].get("agentIdentifier")
    return found


@pytest.fixture
def unregistered(runtime: Runtime) -> Iterator[Runtime]:
    runtime.identify(None)
    yield runtime
    runtime.identify()


def test_a_running_agent_takes_jobs_only_while_it_is_registered_and_not_draining(unregistered: Runtime) -> None:
    runtime = unregistered
    runtime.wait_until_ready()
    assert availability(runtime) == (200, "unavailable", None)
    assert refusal(runtime) == (503, "AGENT_NOT_REGISTERED", True)
    assert identifier_of_card(runtime) is None

    runtime.identify(IDENTIFIER)
    assert availability(runtime) == (200, "available", IDENTIFIER)
    job_id = runtime.start_job("tea")

    runtime.identify(OTHER)
    assert availability(runtime) == (200, "available", OTHER)
    assert identifier_of_card(runtime) == OTHER

    runtime.identify(OTHER, draining=True)
    assert availability(runtime) == (200, "unavailable", OTHER)
    assert refusal(runtime) == (503, "AGENT_DRAINING", True)
    assert runtime.ended(job_id)["status"] == "completed", "what was taken on is done"

    changes = [event for event in runtime.events if event["event"] == "identity_changed"]
    assert [(event["agent_identifier"], event["draining"]) for event in changes[-3:]] == [
        (IDENTIFIER, False), (OTHER, False), (OTHER, True)
    ]  # fmt: skip
