"""Stands before a payment service, and notes whose key asks about what."""

import json
from collections import defaultdict
from http.server import BaseHTTPRequestHandler
from typing import Final

import httpx

from support.server import Server
from support.waiting import PATIENCE_SECONDS

_ABOUT: Final = ("blockchainIdentifier", "agentIdentifier")


class KeyNotes:
    """Passes everything on from `url` to a service; `keys` has those that asked by the payment, or by the agent.

    A payment that is to be made has no identifier yet: that is asked for by its agent's.
    """

    def __init__(self, service: str) -> None:
        origin = service.removesuffix("/api/v1")
        noted = self.keys = defaultdict[str, set[str]](set)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._pass_on(b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sent = json.loads(body)
                about = next(sent[name] for name in _ABOUT if name in sent)
                noted[about].add(self.headers["token"])
                self._pass_on(body)

            def _pass_on(self, body: bytes) -> None:
                headers = {"token": self.headers["token"], "Content-Type": "application/json"}
                answer = httpx.request(
                    self.command, f"{origin}{self.path}", content=body, headers=headers, timeout=PATIENCE_SECONDS,
                    trust_env=False,
                )  # fmt: skip
                self.send_response(answer.status_code)
                self.end_headers()
                self.wfile.write(answer.content)

        self._server = Server(Handler)
        self.url = f"{self._server.url}/api/v1"

    def close(self) -> None:
        self._server.close()
