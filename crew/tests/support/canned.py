"""A server on loopback that gives prepared answers in turn, the last one again and again."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from support.server import Server

Answer = tuple[int, bytes]


class Canned:
    def __init__(self, *answers: tuple[int, object], tls: Path | None = None) -> None:
        """`tls` is a file with a key and its certificate: then by https."""
        self.asked: list[tuple[str, bytes]] = []
        self._answers = list(answers)
        canned = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                canned.asked.append((self.path, body))
                status, answer = canned._answers.pop(0) if len(canned._answers) > 1 else canned._answers[0]
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        self._server = Server(Handler, tls=tls)
        self.url = f"{self._server.url}/api/v1"

    def close(self) -> None:
        self._server.close()
