"""An OpenAI-compatible model on loopback. Words in the prompt steer it, so that jobs can run mixed."""

import json
import re
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.server import Server

_MARKER = re.compile(r"MARKER-\w+")
_FAILS = re.compile(r"fails with (\d+)")
_STATUS = re.compile(r"answer with status (\d+)")


_TOOL = re.compile(r"call the tool (\w+) with (\{.*?\})")
_INVENTED = re.compile(r"invent the tool (\S+)")
_JSON = re.compile(r"answer with JSON (\{.*?\}) then (\{.*?\})")


def _reply(body: dict[str, Any], prompt: str) -> tuple[str | None, list[dict[str, Any]]]:
    """Give the text and the calls of tools that answer a prompt."""
    said = "\n".join(str(message.get("content")) for message in body["messages"])
    offered = [tool["function"]["name"] for tool in body.get("tools") or ()]
    from_tools = [str(message["content"]) for message in body["messages"] if message["role"] == "tool"]
    wanted = _TOOL.search(said)
    if wanted and wanted[1] in offered and not from_tools:
        function = {"name": wanted[1], "arguments": wanted[2]}
        return None, [{"id": "call_1", "type": "function", "function": function}]
    invented = _INVENTED.search(said)
    if invented and offered and not from_tools:
        function = {"name": invented[1], "arguments": "{}"}
        return None, [{"id": "call_1", "type": "function", "function": function}]
    json_wanted = _JSON.search(said)
    if json_wanted:
        return json_wanted[2 if "does not follow the schema" in said else 1], []
    if "json_schema" in str(body.get("response_format")):
        return json.dumps({"valid": "refuse" not in said, "feedback": "It is not good enough."}), []
    markers = " ".join(dict.fromkeys(_MARKER.findall(prompt)))
    quoted = f" (tool: {from_tools[0]})" if from_tools else ""
    return " " if "answer with nothing" in prompt else f"Stub result {markers}{quoted}", []


_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
_WORD = re.compile(r"[\w-]+")
_DIMENSIONS = 512


def _embed(name: str, texts: list[str]) -> tuple[int, dict[str, Any]]:
    """Texts that share words are near each other. The name of the embedding model says what goes wrong."""
    fails = "let this search fail" in texts or "let every embedding fail" in str(texts)
    status = _FAILS.search("fails with 500" if fails else name)
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
    A stream that is to `never end` goes on until then; `hung_up` says that somebody has ceased to listen to one.
    `call the tool NAME with {...}` does so once, where there is such a tool, and then quotes what it says; `invent the
    tool NAME` where there are others. `answer with
    JSON {...} then {...}` gives the first, and after a complaint the second. Whoever wants a verdict in JSON, as the
    judge of a guardrail does, gets a good one, unless `refuse` is in the prompt.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()
        self.hung_up = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: else each answer takes 40 ms longer

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers.get("Authorization", "")
                stub.requests.append({"path": self.path, "key": key, "body": body})
                if stub.streams(body):
                    self.stream(body)
                    return
                status, answer = stub.answer(body, key)
                data = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                    self.wfile.flush()
                except ConnectionError:
                    self.close_connection = True  # the job was ended while it waited

            def stream(self, body: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                begins, *ends = stub.stream(body)
                try:
                    self.wfile.write(begins)
                    self.wfile.flush()
                    while "never end" in str(body["messages"]) and not stub.released.wait(0.02):
                        self.wfile.write(b": waits\n\n")
                        self.wfile.flush()
                    self.wfile.write(b"".join(ends))
                    self.wfile.flush()
                except ConnectionError:
                    stub.hung_up.set()

        self._server = Server(Handler)
        self.url = f"{self._server.url}/v1"

    def streams(self, body: dict[str, Any]) -> bool:
        return body.get("stream") is True and not _STATUS.search(str(body["messages"]))

    def stream(self, body: dict[str, Any]) -> list[bytes]:
        """The events of a chat completion that comes piece by piece."""
        prompt = json.dumps(body["messages"])
        common = {"id": "stub", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
        wanted = (body.get("stream_options") or {}).get("include_usage") is True and "report no usage" not in prompt
        chunks: list[dict[str, Any]] = [
            {**common, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
            for piece in ("Stub ", "result ", *_MARKER.findall(prompt))
        ]
        chunks.append({**common, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if wanted:
            chunks.append({**common, "choices": [], "usage": _USAGE})
        return [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks] + [b"data: [DONE]\n\n"]

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
        text, calls = _reply(body, prompt)
        return 200, {
            "id": "stub",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "tool_calls" if calls else "stop",
                    "message": {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})},
                },
            ],
            **({} if "report no usage" in prompt else {"usage": _USAGE}),
        }

    def close(self) -> None:
        self.released.set()
        self._server.close()
