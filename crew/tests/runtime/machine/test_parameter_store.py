"""Parameters of AWS Systems Manager are read by signed requests, with the credentials that the environment leads to."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import BotoCoreError, NoCredentialsError

from crew_runtime.machine.parameter_store import ParameterError, ParameterStore
from support.aws import ACCESS_KEY, SECRET_KEY, FakeAws

NAME = "/project/stack/researcher/identity"
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    fake = FakeAws(NAME)
    fake.value = "said"
    yield fake
    fake.close()


def elsewhere(aws: FakeAws) -> dict[str, str]:
    """The environment without what leads to credentials."""
    return {name: aws.environment[name] for name in ("AWS_REGION", "AWS_ENDPOINT_URL")}


def test_a_task_reads_with_the_credentials_of_its_role(aws: FakeAws) -> None:
    assert ParameterStore(aws.environment).value_of(NAME) == "said"


def test_keys_of_the_environment_come_first(aws: FakeAws) -> None:
    aws.session = None
    assert ParameterStore({**aws.environment, **KEYS}).value_of(NAME) == "said"


def test_keys_with_a_session_send_its_token(aws: FakeAws) -> None:
    aws.session = "mine"
    assert ParameterStore({**elsewhere(aws), **KEYS, "AWS_SESSION_TOKEN": "mine"}).value_of(NAME) == "said"


def test_a_wrong_secret_is_refused_by_its_code(aws: FakeAws) -> None:
    aws.session = None
    with pytest.raises(ParameterError, match=r"^InvalidSignatureException$"):
        ParameterStore({**elsewhere(aws), **KEYS, "AWS_SECRET_ACCESS_KEY": "another"}).value_of(NAME)


def test_no_credentials_at_all_are_said_to_be_missing(aws: FakeAws) -> None:
    with pytest.raises(NoCredentialsError):
        ParameterStore(elsewhere(aws))


def test_a_parameter_that_does_not_exist_has_no_value(aws: FakeAws) -> None:
    aws.value = None
    assert ParameterStore(aws.environment).value_of(NAME) is None


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        ((500, "InternalServerError"), 2),
        ((400, "com.amazonaws.ssm#ThrottlingException"), 2),
        ((400, "com.amazonaws.ssm#AccessDeniedException"), 1),
    ],
    ids=str,
)
def test_what_may_go_well_the_next_moment_is_asked_twice(aws: FakeAws, error: tuple[int, str], asked: int) -> None:
    aws.error, aws.errors_left = error, 10
    store = ParameterStore(aws.environment)
    with pytest.raises(ParameterError, match=f"^{error[1].rpartition('#')[2]}$"):
        store.value_of(NAME)
    assert aws.errors_left == 10 - asked
    aws.errors_left = asked - 1
    assert store.value_of(NAME) == "said"


def test_an_address_where_nobody_answers_is_an_error_of_the_network(aws: FakeAws) -> None:
    with pytest.raises(BotoCoreError):
        ParameterStore({**aws.environment, **KEYS, "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:1"}).value_of(NAME)


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-central-1", "ssm.eu-central-1.amazonaws.com"), ("cn-north-1", "ssm.cn-north-1.amazonaws.com.cn")],
)
def test_the_region_says_where_aws_is(region: str, host: str) -> None:
    assert ParameterStore({**KEYS, "AWS_REGION": region}).address == f"https://{host}/"
