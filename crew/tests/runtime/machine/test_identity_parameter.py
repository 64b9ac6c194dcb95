"""The identifier comes from a parameter in AWS Systems Manager, which may be away or broken for a while."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import StartRuntime
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.machine.identity import UNKNOWN, FixedIdentity, IdentityFile
from crew_runtime.machine.identity_parameter import IdentityParameter
from crew_runtime.machine.identity_source import identity_source
from crew_runtime.machine.settings import Settings
from support.aws import ACCESS_KEY, SECRET_KEY, FakeAws
from support.runtime import IDENTIFIER, OWN, PATIENCE_SECONDS
from support.settings import GOOD

PARAMETER = "/project/stack/researcher/identity"
OTHER = "cd" * 29


def saying(identifier: str | None, *, draining: bool = False) -> str:
    return json.dumps({"agentIdentifier": identifier, "draining": draining})


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    """What `parameter` asks; nobody else may, as its looks are counted."""
    fake = FakeAws(PARAMETER)
    yield fake
    fake.close()


@pytest.fixture
def another_aws() -> Iterator[FakeAws]:
    fake = FakeAws(PARAMETER)
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def parameter(aws: FakeAws) -> Iterator[IdentityParameter]:
    polled = IdentityParameter(PARAMETER, poll_seconds=0.02, environment=aws.environment)
    assert polled.current() == UNKNOWN, "nothing is known before the first look"
    polled.start()
    yield polled
    polled.stop()


def show(aws: FakeAws, value: str | None, error: tuple[int, str] | None = None) -> None:
    aws.value, aws.error = value, error
    aws.wait_for_looks()


STEPS = [
    # name, what the parameter says in turn, the identity afterwards (identifier, draining)
    ("absent", [None], (None, False)),
    ("null", [saying(None)], (None, False)),
    ("empty", [saying("")], (None, False)),
    ("late", [None, saying(IDENTIFIER)], (IDENTIFIER, False)),
    ("changed", [saying(IDENTIFIER), saying(OTHER)], (OTHER, False)),
    ("reverted", [saying(IDENTIFIER), saying(OTHER), saying(IDENTIFIER)], (IDENTIFIER, False)),
    ("draining", [saying(IDENTIFIER), saying(IDENTIFIER, draining=True)], (IDENTIFIER, True)),
    ("removed", [saying(IDENTIFIER), None], (None, False)),
    ("not JSON", [saying(IDENTIFIER), "{"], (IDENTIFIER, False)),
    ("not hexadecimal", [saying(IDENTIFIER), saying("x y")], (IDENTIFIER, False)),
]


@pytest.mark.parametrize(("values", "expected"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_each_look_replaces_what_was_known(
    aws: FakeAws, parameter: IdentityParameter, values: list[str | None], expected: tuple[str | None, bool]
) -> None:
    for value in values:
        show(aws, value)
    found = parameter.current()
    assert (found.agent_identifier or None, found.draining) == expected


@pytest.mark.parametrize("error", [(400, "AccessDeniedException"), (500, "InternalServerError")], ids=str)
def test_a_look_that_fails_leaves_the_identity_and_is_logged_when_it_begins_and_ends(
    aws: FakeAws, parameter: IdentityParameter, error: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    show(aws, saying(IDENTIFIER))
    with caplog.at_level(logging.INFO):
        show(aws, None, error)
        show(aws, None, error)
        assert parameter.current().agent_identifier == IDENTIFIER
        show(aws, saying(IDENTIFIER))
    logged = [record for record in caplog.records if record.message.startswith("identity_")]
    assert [record.message for record in logged] == ["identity_unreadable", "identity_readable"]
    assert vars(logged[0])["fields"] == {"reason": error[1]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}, "CredentialRetrievalError"),
        ({"AWS_REGION": ""}, "NoRegionError"),
    ],
)
def test_credentials_that_cannot_be_had_are_named_and_asked_for_again(
    another_aws: FakeAws, changes: dict[str, str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    another_aws.value = saying(IDENTIFIER)
    polled = IdentityParameter(PARAMETER, poll_seconds=0.02, environment={**another_aws.environment, **changes})
    with caplog.at_level(logging.WARNING, logger="crew_runtime"):
        polled.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not caplog.records:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        polled.stop()
    assert [vars(record)["fields"] for record in caplog.records] == [{"reason": reason}]
    assert polled.current() == UNKNOWN


def test_the_environment_chooses_the_source(another_aws: FakeAws) -> None:
    file_only = identity_source(Settings.from_environment(GOOD), {})
    assert isinstance(file_only, IdentityFile)
    by_parameter = identity_source(
        Settings.from_environment(GOOD | {"IDENTITY_SSM_PARAMETER": PARAMETER}), another_aws.environment
    )
    assert isinstance(by_parameter, IdentityParameter), "the parameter comes before the file"
    by_parameter.stop()
    fixed = identity_source(
        Settings.from_environment(GOOD | {"AGENT_IDENTITY_FILE": "", "AGENT_IDENTIFIER": IDENTIFIER}), {}
    )
    assert isinstance(fixed, FixedIdentity)
    assert fixed.current().agent_identifier == IDENTIFIER


def test_a_parameter_without_botocore_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crew_runtime.machine.identity_source.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"Install crew-runtime\[aws\]"):
        identity_source(Settings.from_environment(GOOD | {"IDENTITY_SSM_PARAMETER": PARAMETER}), {})


def test_a_running_agent_follows_its_parameter_and_keeps_credentials_from_crews(
    start_runtime: StartRuntime, another_aws: FakeAws
) -> None:
    aws = another_aws
    runtime = start_runtime(
        fork_server=OWN,
        IDENTITY_SSM_PARAMETER=PARAMETER,
        IDENTITY_POLL_SECONDS="0.1",
        AGENT_IDENTITY_FILE="",
        **aws.environment,
    )
    aws.wait_for_looks(1)
    answer = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}})
    assert (answer.status_code, answer.json()["error"]) == (503, "AGENT_NOT_REGISTERED")
    assert int(answer.headers["Retry-After"]) > 0
    for draining in (False, True):
        show(aws, saying(IDENTIFIER, draining=draining))
        assert runtime.http.get("/availability").json()["agentIdentifier"] == IDENTIFIER
    assert runtime.http.post("/start_job", json={}).json()["error"] == "AGENT_DRAINING"

    for child in Path(f"/proc/{runtime.process.pid}/task/{runtime.process.pid}/children").read_text().split():
        assert "AWS_" not in Path(f"/proc/{child}/environ").read_text()
    assert ACCESS_KEY not in runtime.output
    assert SECRET_KEY not in runtime.output
