"""An S3 on loopback: MiniStack, which test/cloud/aws of this repository locks in an environment of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

_REPOSITORY: Final = Path(__file__).resolve().parents[3]
_WAIT_SECONDS: Final = 60
BUCKET: Final = "example-documents"
KEY: Final = "AKIDEXAMPLE:secret-sentinel-41ab"


class LocalS3:
    """Runs until `close`, with one bucket."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="crew-s3-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        project = ["--quiet", "--frozen", "--project", str(_REPOSITORY / "test/cloud/aws"), "--python", sys.executable]
        self._server = subprocess.Popen(
            [Path(sys.executable).parent / "uv", "--system-certs", "run", *project, "ministack"],
            cwd=self._folder,
            env={
                **os.environ,
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "TMPDIR": str(self._folder),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.client = self.client_of("s3")
        self._make_bucket()

    def client_of(self, service: str) -> Any:  # noqa: ANN401 - botocore makes the class of a client at run time
        access, _, secret = KEY.partition(":")
        return Session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
        )

    def _make_bucket(self) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                self.client.create_bucket(Bucket=BUCKET)
            except (BotoCoreError, ClientError):
                assert time.monotonic() < deadline, "MiniStack does not answer"
                time.sleep(0.1)
            else:
                return

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content)

    def close(self) -> None:
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(_WAIT_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)
