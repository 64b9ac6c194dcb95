"""Reads parameters of AWS Systems Manager."""

import json
from collections.abc import Mapping
from typing import Final

from crew_runtime.machine.aws import AwsService

_OK: Final = 200
_NOT_FOUND: Final = "ParameterNotFound"


class ParameterError(Exception):
    """AWS refused; the text is its error code."""


class ParameterStore:
    """The parameters of the region that `environment` names (see AwsService).

    Raises:
        botocore.exceptions.BotoCoreError: NoRegionError, NoCredentialsError or CredentialRetrievalError.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._aws = AwsService("ssm", environment)

    @property
    def address(self) -> str:
        """Where AWS is asked."""
        return self._aws.address

    def value_of(self, name: str, *, decrypted: bool = False) -> str | None:
        """Return the text of a parameter, also of one that is kept encrypted; None if there is none of that name.

        Raises:
            ParameterError: AWS refuses, or could not, twice.
            botocore.exceptions.BotoCoreError: the network or the credentials fail, twice.

        """
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"}
        wanted = {"Name": name, **({"WithDecryption": True} if decrypted else {})}
        status, answer = self._aws.ask("POST", headers=headers, body=json.dumps(wanted))
        if status == _OK:
            return str(json.loads(answer)["Parameter"]["Value"])
        code = _code_in(answer)
        if code == _NOT_FOUND:
            return None
        raise ParameterError(code)


def _code_in(body: bytes) -> str:
    try:
        return str(json.loads(body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "NoCode"
