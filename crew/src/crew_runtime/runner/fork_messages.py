"""What is sent to the fork server: JSON objects, each with its length before it and with descriptors."""

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

_LENGTH: Final = struct.Struct("!I")
_NUMBER: Final = struct.Struct("!i")
_MOST_DESCRIPTORS: Final = 2


def send(control: socket.socket, request: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
    """Send a request; one at a time."""
    body = json.dumps(request).encode()
    message = _LENGTH.pack(len(body)) + body
    sent = socket.send_fds(control, [message], list(descriptors))
    control.sendall(message[sent:])


def receive(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Wait for a request and its descriptors; None if the other side is gone."""
    head, descriptors, _, _ = socket.recv_fds(control, _LENGTH.size, _MOST_DESCRIPTORS)
    if not head:
        return None
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it has no name
    (length,) = _LENGTH.unpack(head + _exactly(control, _LENGTH.size - len(head)))
    request: dict[str, Any] = json.loads(_exactly(control, length))
    return request, descriptors


def _exactly(control: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = control.recv(length - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def tell(report: int, number: int) -> None:
    """Write a number to whoever waits for it, if anybody still does."""
    try:
        os.write(report, _NUMBER.pack(number))
    except BrokenPipeError:
        return


def told(report: int) -> int:
    """Wait for a number.

    Raises:
        EOFError: none will come.

    """
    number = os.read(report, _NUMBER.size)
    if len(number) < _NUMBER.size:
        raise EOFError
    return int(_NUMBER.unpack(number)[0])
