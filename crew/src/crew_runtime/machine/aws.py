"""Asks AWS with as little of botocore as possible.

A client of botocore's knows all of a service, and costs 22 MB of memory. One signed request needs its signer, its
sources of credentials and its connections: 9 MB.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ContainerProvider, CredentialResolver, EnvProvider
from botocore.exceptions import HTTPClientError, NoCredentialsError, NoRegionError
from botocore.httpsession import URLLib3Session

_TIMEOUT_SECONDS: Final = 5
_ATTEMPTS: Final = 2
_SERVER_ERRORS: Final = 500


class AwsService:
    """One service of the region that `environment` names, such as `ssm`. Safe to use from any thread.

    The environment says where AWS is (AWS_REGION, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL), and where credentials
    are (AWS_ACCESS_KEY_ID and what belongs to it, or AWS_CONTAINER_CREDENTIALS_*, as ECS sets them), which are renewed
    before they end.

    Raises:
        botocore.exceptions.BotoCoreError: NoRegionError, NoCredentialsError or CredentialRetrievalError.

    """

    def __init__(self, service: str, environment: Mapping[str, str]) -> None:
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        if not region:
            raise NoRegionError
        given = environment.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environment.get("AWS_ENDPOINT_URL")
        self.address: Final = (given or _endpoint(service, region)).rstrip("/") + "/"
        self._service = service
        self._region = region
        self._credentials: Any = CredentialResolver(
            [EnvProvider(environment), ContainerProvider(environment)]
        ).load_credentials()
        if self._credentials is None:
            raise NoCredentialsError
        self._http = URLLib3Session(timeout=(_TIMEOUT_SECONDS, _TIMEOUT_SECONDS))

    def ask(
        self, method: str, path: str = "", *, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> tuple[int, bytes]:
        """Send a request, once more if AWS fails or is not reached; return its status and body.

        Raises:
            botocore.exceptions.BotoCoreError: the network or the credentials fail, twice.

        """
        for _ in range(1, _ATTEMPTS):
            try:
                status, answer = self._ask(method, path, headers or {}, body)
            except HTTPClientError:
                continue
            if status < _SERVER_ERRORS and b"ThrottlingException" not in answer:
                return status, answer
        return self._ask(method, path, headers or {}, body)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: str | None) -> tuple[int, bytes]:
        request = AWSRequest(method, self.address + path, headers=dict(headers), data=body)
        signer = S3SigV4Auth if self._service == "s3" else SigV4Auth
        signer(self._credentials.get_frozen_credentials(), self._service, self._region).add_auth(request)
        answer = self._http.send(request.prepare())
        return answer.status_code, answer.content


def _endpoint(service: str, region: str) -> str:
    return f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
