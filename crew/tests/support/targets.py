"""What the tests let a job's process do; in a module of its own, as the process imports it by name."""

import io
import json
import os
import resource
import signal
import ssl
import time
import traceback
from contextlib import redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crew_runtime.job.ask import Parent
from crew_runtime.machine.confinement import MEMORY_BYTES, limit_job


def note_pid(file: Path) -> None:
    file.write_text(str(os.getpid()))


def answer(connection: Connection, text: str) -> None:
    connection.send_bytes(f'{{"result": "{text}"}}'.encode())


def answer_nonsense(connection: Connection, _: object) -> None:
    connection.send_bytes(b"nonsense")


def run_program(connection: Connection, given: tuple[str, Path | None]) -> None:
    """Send {"printed"}, or {"raised"}."""
    program, folder = given
    printed = io.StringIO()
    if folder:
        os.chdir(folder)
    try:
        with redirect_stdout(printed):
            exec(program, {"__name__": "__main__"})  # noqa: S102 - a test's own
        told = {"printed": printed.getvalue()}
    except BaseException:  # noqa: BLE001 - the test tells it
        told = {"raised": traceback.format_exc()}
    connection.send_bytes(json.dumps(told).encode())


def die(_: Connection, code: int) -> None:
    os._exit(code)


def hang(_: Connection, file: Path) -> None:
    note_pid(file)
    time.sleep(120)


def hang_on(_: Connection, file: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note_pid(file)
    time.sleep(120)


def tell_limits(connection: Connection, _: object) -> None:
    limit_job()
    try:
        bytearray(MEMORY_BYTES + 64 * 1024 * 1024)
        too_much = ""
    except MemoryError as error:
        too_much = type(error).__name__
    told = {
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "file_bytes": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        "data_bytes": resource.getrlimit(resource.RLIMIT_DATA)[0],
        "too_much": too_much,
    }
    connection.send_bytes(json.dumps(told).encode())


def tell_niceness(connection: Connection, _: object) -> None:
    connection.send_bytes(json.dumps({"result": os.nice(0)}).encode())


def tell_descriptors(connection: Connection, _: object) -> None:
    held = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    connection.send_bytes(json.dumps({"held": held}).encode())


def ask_twice(connection: Connection, what: str) -> None:
    ask = Parent(connection).ask
    replies = [ask(f"{what} {number}?") for number in ("one", "two")]
    connection.send_bytes(json.dumps({"result": replies}).encode())


def count_contexts(connection: Connection, _: object) -> None:
    """Count how often the authorities' certificates are read while clients are made."""
    import openai  # noqa: PLC0415 - it is loaded in the job's process

    made: list[object] = []

    class Counting(ssl.SSLContext):
        def load_verify_locations(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as ssl has it
            made.append(self)
            super().load_verify_locations(*given, **named)

    ssl.SSLContext = Counting  # type: ignore[misc]
    clients = [kind(api_key="none") for kind in (openai.OpenAI, openai.AsyncOpenAI, openai.OpenAI)]
    connection.send_bytes(json.dumps({"result": str(len(made)), "clients": len(clients)}).encode())
