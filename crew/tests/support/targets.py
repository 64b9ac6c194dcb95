"""What the tests let a job's process do; in a module of its own, as the process imports it by name."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path


def note_pid(file: Path) -> None:
    file.write_text(str(os.getpid()))


def answer(connection: Connection, text: str) -> None:
    connection.send_bytes(f'{{"result": "{text}"}}'.encode())


def answer_nonsense(connection: Connection, _: object) -> None:
    connection.send_bytes(b"nonsense")


def die(_: Connection, code: int) -> None:
    os._exit(code)


def hang(_: Connection, file: Path) -> None:
    note_pid(file)
    time.sleep(120)


def hang_on(_: Connection, file: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note_pid(file)
    time.sleep(120)
