"""One TLS context for all of a job's clients, made before any job begins.

To read the certificates of the authorities takes 25 ms, and CrewAI makes two clients for each agent of a crew, all of
which ask the gateway on loopback.
"""

from functools import cache
from importlib import import_module
from typing import Any


def share_tls_context() -> None:
    """Let httpx make a context once for the same wishes; the usual one it makes now, for all processes forked later."""
    transports: Any = import_module("httpx._transports.default")
    transports.create_ssl_context = cache(transports.create_ssl_context)
    transports.HTTPTransport().close()
