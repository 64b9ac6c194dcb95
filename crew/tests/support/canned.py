"""A server on loopback that gives prepared answers in turn, the last one again and again."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from support.server import Server

Answer = tuple[int, bytes]


class Canned:
    def __init__(self, *answers: tuple[int, object], tls: Path | None = None, closes_idle: bool = False) -> None:
        """`tls` is a file with a key and its certificate: then by https.

        A server that `closes_idle` keeps each connection, and closes it at the very moment of the second request on it.
        """
        self.asked: list[tuple[str, bytes]] = []
        self._answers = list(answers)
        canned = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if closes_idle else "HTTP/1.0"
            is_used = False

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                if self.is_used:
                    self.close_connection = True
                    return
                self.is_used = closes_idle
                canned.asked.append((self.path, body))
                status, answer = canned._answers.pop(0) if len(canned._answers) > 1 else canned._answers[0]
                if status == 0:
                    self.close_connection = True
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = Server(Handler, tls=tls)
        self.url = f"{self._server.url}/api/v1"

    def close(self) -> None:
        self._server.close()
