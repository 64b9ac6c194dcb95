"""Reads parameters of AWS Systems Manager with as little of botocore as possible.

A client of botocore's knows all of a service, and costs 22 MB of memory. One signed request needs its signer, its
sources of credentials and its connections: 9 MB.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ContainerProvider, CredentialResolver, EnvProvider
from botocore.exceptions import HTTPClientError, NoCredentialsError, NoRegionError
from botocore.httpsession import URLLib3Session

_TIMEOUT_SECONDS: Final = 5
_ATTEMPTS: Final = 2
_OK: Final = 200
_SERVER_ERRORS: Final = 500
_NOT_FOUND: Final = "ParameterNotFound"


class ParameterError(Exception):
    """AWS refused; the text is its error code."""


class _BusyError(ParameterError):
    """AWS is busy or failing at the moment."""


class ParameterStore:
    """The parameters of the region that `environment` names.

    It says where AWS is (AWS_REGION, AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL), and where credentials are
    (AWS_ACCESS_KEY_ID and what belongs to it, or AWS_CONTAINER_CREDENTIALS_*, as ECS sets them), which are renewed
    before they end.

    Raises:
        botocore.exceptions.BotoCoreError: NoRegionError, NoCredentialsError or CredentialRetrievalError.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        if not region:
            raise NoRegionError
        given = environment.get("AWS_ENDPOINT_URL_SSM") or environment.get("AWS_ENDPOINT_URL")
        self.address: Final = (given or _endpoint(region)).rstrip("/") + "/"
        self._region = region
        self._credentials: Any = CredentialResolver(
            [EnvProvider(environment), ContainerProvider(environment)]
        ).load_credentials()
        if self._credentials is None:
            raise NoCredentialsError
        self._http = URLLib3Session(timeout=(_TIMEOUT_SECONDS, _TIMEOUT_SECONDS))

    def value_of(self, name: str) -> str | None:
        """Return the text of a parameter; None if there is none of that name.

        Raises:
            ParameterError: AWS refuses, or could not, twice.
            botocore.exceptions.BotoCoreError: the network or the credentials fail, twice.

        """
        for _ in range(1, _ATTEMPTS):
            try:
                return self._ask(name)
            except (HTTPClientError, _BusyError):
                continue
        return self._ask(name)

    def _ask(self, name: str) -> str | None:
        request = AWSRequest(
            "POST",
            self.address,
            headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"},
            data=json.dumps({"Name": name}),
        )
        SigV4Auth(self._credentials.get_frozen_credentials(), "ssm", self._region).add_auth(request)
        answer = self._http.send(request.prepare())
        if answer.status_code == _OK:
            return str(json.loads(answer.content)["Parameter"]["Value"])
        code = _code_in(answer.content)
        if code == _NOT_FOUND:
            return None
        if answer.status_code >= _SERVER_ERRORS or code == "ThrottlingException":
            raise _BusyError(code)
        raise ParameterError(code)


def _endpoint(region: str) -> str:
    return f"https://ssm.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _code_in(body: bytes) -> str:
    try:
        return str(json.loads(body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "NoCode"
