"""AWS Systems Manager and the credentials endpoint of an ECS task, on loopback."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

ACCESS_KEY: Final = "ASIAEXAMPLEEXAMPLE00"
SECRET_KEY: Final = "secret-sentinel-77aa"  # noqa: S105 - of nothing
_SESSION: Final = "session-sentinel-31bc"
_AUTHORIZATION: Final = "task-sentinel-9f02"


class FakeAws:
    """Holds one parameter; `value` None is a parameter that does not exist, `error` an answer of AWS instead of one."""

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter
        self.value: str | None = None
        self.error: tuple[int, str] | None = None
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
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                signed = f"Credential={ACCESS_KEY}/" in self.headers["Authorization"]
                if not signed or self.headers["X-Amz-Security-Token"] != _SESSION:
                    self._answer(400, {"__type": "UnrecognizedClientException"})
                    return
                self._answer(*aws.answer(self.headers["X-Amz-Target"], body))
                aws.note()

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_port}"
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
        if self.error:
            status, kind = self.error
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
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
