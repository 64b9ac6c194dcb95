"""AWS Systems Manager and the credentials endpoint of an ECS task, on loopback."""

import hmac
import json
import re
import threading
from email.message import Message
from functools import reduce
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from support.server import Server

ACCESS_KEY: Final = "ASIAEXAMPLEEXAMPLE00"
SECRET_KEY: Final = "secret-sentinel-77aa"  # noqa: S105 - of nothing
_SESSION: Final = "session-sentinel-31bc"
_AUTHORIZATION: Final = "task-sentinel-9f02"
_SIGNED: Final = re.compile(r"AWS4-HMAC-SHA256 Credential=(\w+)/(\S+), SignedHeaders=(\S+), Signature=(\w+)")


def is_signed(path: str, headers: "Message[str, str]", body: bytes) -> bool:
    """Tell whether a POST bears the signature (AWS Signature Version 4) that its key, headers and body lead to."""
    found = _SIGNED.fullmatch(headers.get("Authorization") or "")
    if not found or found[1] != ACCESS_KEY:
        return False
    names, scope = found[3].split(";"), found[2]
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical = f"POST\n{path}\n\n{lines}\n{found[3]}\n{sha256(body).hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{headers['X-Amz-Date']}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = reduce(
        lambda key, part: hmac.digest(key, part.encode(), sha256), scope.split("/"), f"AWS4{SECRET_KEY}".encode()
    )
    must = {"host", "x-amz-date", "x-amz-target"}
    return must <= set(names) and hmac.digest(key, to_sign.encode(), sha256).hex() == found[4]


class FakeAws:
    """Holds one parameter; `value` None is a parameter that does not exist, `error` an answer of AWS instead of one.

    `errors_left` is how often it still gives that error, None for always; `session` is the token that keys come with.
    """

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter
        self.value: str | None = None
        self.error: tuple[int, str] | None = None
        self.errors_left: int | None = None
        self.session: str | None = _SESSION
        self._asked = threading.Condition()
        self._count = 0
        aws = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                allowed = (self.path, self.headers.get("Authorization")) == ("/credentials", _AUTHORIZATION)
                self._answer(200 if allowed else 403, aws.credentials)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not is_signed(self.path, self.headers, body):
                    self._answer(400, {"__type": "InvalidSignatureException"})
                elif self.headers["X-Amz-Security-Token"] != aws.session:
                    self._answer(400, {"__type": "UnrecognizedClientException"})
                else:
                    self._answer(*aws.answer(self.headers["X-Amz-Target"], json.loads(body)))
                aws.note()

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = Server(Handler)
        url = self._server.url
        self.environment = {
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": _AUTHORIZATION,
        }

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "AccessKeyId": ACCESS_KEY,
            "SecretAccessKey": SECRET_KEY,
            "Token": _SESSION,
            "Expiration": "2099-01-01T00:00:00Z",
        }

    def answer(self, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert (target, body) == ("AmazonSSM.GetParameter", {"Name": self.parameter})
        if self.error and self.errors_left != 0:
            status, kind = self.error
            if self.errors_left is not None:
                self.errors_left -= 1
            return status, {"__type": kind, "message": "no luck"}
        if self.value is None:
            return 400, {"__type": "ParameterNotFound"}
        return 200, {"Parameter": {"Name": self.parameter, "Type": "String", "Value": self.value}}

    def note(self) -> None:
        with self._asked:
            self._count += 1
            self._asked.notify_all()

    def wait_for_looks(self, number: int = 2) -> None:
        """Wait for so many answers from now on; all but the last have surely been read when it returns."""
        with self._asked:
            enough = self._count + number
            assert self._asked.wait_for(lambda: self._count >= enough, timeout=60)

    def close(self) -> None:
        self._server.close()
