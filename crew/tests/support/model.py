"""An OpenAI-compatible model on loopback. Words in the prompt steer it, so that jobs can run mixed."""

import json
import re
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MARKER = re.compile(r"MARKER-\w+")
_FAILS = re.compile(r"fails with (\d+)")
_STATUS = re.compile(r"answer with status (\d+)")


_WORD = re.compile(r"[\w-]+")
_DIMENSIONS = 512


def _embed(name: str, texts: list[str]) -> tuple[int, dict[str, Any]]:
    """Texts that share words are near each other. The name of the embedding model says what goes wrong."""
    status = _FAILS.search(name)
    if status:
        return int(status[1]), {"error": {"message": f"no luck with {texts}", "type": "stub"}}
    vectors = [_vector(text) for text in texts]
    if name == "too few vectors":
        vectors.pop()
    if name == "vectors of different sizes":
        vectors = [vector + [0.5] * number for number, vector in enumerate(vectors)]
    if name == "vectors of zeros":
        vectors = [[0.0] * _DIMENSIONS for _ in vectors]
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return 200, {"object": "list", "model": name, "data": data, "usage": usage}


def _vector(text: str) -> list[float]:
    vector = [0.0] * _DIMENSIONS
    for word in _WORD.findall(text.lower()):
        vector[zlib.crc32(word.encode()) % _DIMENSIONS] += 1
    return vector


class StubModel:
    """Answers every prompt with the markers that it finds in it; remembers what it was asked.

    In a prompt, `answer with status 500` does so, `answer with nothing` gives an empty text, `answer slowly` waits
    one second, `never answer` until the model is closed or released, and `report no usage` leaves the tokens out.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers.get("Authorization", "")
                stub.requests.append({"path": self.path, "key": key, "body": body})
                status, answer = stub.answer(body, key)
                data = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except ConnectionError:
                    self.close_connection = True  # the job was ended while it waited

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        if "input" in body:
            return _embed(body["model"], body["input"])
        prompt = json.dumps(body["messages"])
        if "never answer" in prompt:
            self.released.wait(120)
        if "answer slowly" in prompt:
            time.sleep(1)
        status = _STATUS.search(prompt)
        if status:
            return int(status[1]), {"error": {"message": f"no luck with {key} and {prompt}", "type": "stub"}}
        markers = " ".join(dict.fromkeys(_MARKER.findall(prompt)))
        text = " " if "answer with nothing" in prompt else f"Stub result {markers}"
        usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
        return 200, {
            "id": "stub",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}},
            ],
            **({} if "report no usage" in prompt else {"usage": usage}),
        }

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
