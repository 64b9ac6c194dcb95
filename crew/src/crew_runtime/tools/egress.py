"""HTTP out of a job: only to hosts that the declaration names, and only to addresses of the public network."""

import socket
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpcore

from crew_runtime.public_addresses import is_public

TIMEOUT_SECONDS: Final = 20.0
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_REDIRECTS: Final = 3
_SCHEMES: Final = ("http", "https")
_REDIRECTS: Final = (301, 302, 303, 307, 308)
# Other services of a host are none of a page's readers' business.
PORTS: Final = (80, 443)


class EgressError(Exception):
    """A page cannot be fetched; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent: the media type and the body."""

    media_type: str
    body: bytes


class Egress:
    """Fetches pages of the named hosts. `*.example.org` names all hosts below example.org, and not itself.

    Without names (None) any host of the public network may be asked.
    """

    def __init__(
        self,
        hosts: Iterable[str] | None,
        is_allowed: Callable[[str], bool] = is_public,
        *,
        schemes: tuple[str, ...] = _SCHEMES,
        ports: Container[int] = PORTS,
        max_bytes: int = MAX_BYTES,
        seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._hosts = None if hosts is None else tuple(host.lower() for host in hosts)
        self._network = _CheckedNetwork(is_allowed)
        self._schemes = schemes
        self._ports = ports
        self._max_bytes = max_bytes
        self._seconds = seconds

    def get(self, url: str) -> Answer:
        """Fetch a page, and follow a few redirects to hosts that are named too.

        Raises:
            EgressError: the host is not named or not public, does not answer in time, or sends too much.

        """
        deadline = time.monotonic() + self._seconds
        with httpcore.ConnectionPool(network_backend=self._network) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                self._check(url)
                found = self._ask(pool, url, deadline)
                if isinstance(found, Answer):
                    return found
                url = urljoin(url, found)
        raise EgressError(f"the page redirects more than {MAX_REDIRECTS} times")

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise EgressError("not a URL") from None
        if parts.scheme not in self._schemes or not host or parts.username is not None:
            raise EgressError(f"not an {' or '.join(self._schemes)} URL without a password")
        if port is not None and port not in self._ports:
            raise EgressError(f"port {port} is none of the web's: leave it out, which is 80 for http and 443 for https")
        if self._hosts is not None and not any(_matches(host, named) for named in self._hosts):
            raise EgressError(f"{host} is not one of the hosts that may be asked: {', '.join(self._hosts)}")

    def _ask(self, pool: httpcore.ConnectionPool, url: str, deadline: float) -> Answer | str:
        """Return the page, or the URL that it redirects to."""
        left = max(0.1, deadline - time.monotonic())
        waits = dict.fromkeys(("connect", "read", "write", "pool"), left)
        headers = {"accept": "text/html, text/*, application/json;q=0.9", "user-agent": "masumi-crew"}
        try:
            with pool.stream("GET", url, headers=headers, extensions={"timeout": waits}) as answer:
                if answer.status in _REDIRECTS:
                    return _header(answer, b"location")
                if answer.status != 200:  # noqa: PLR2004 - the number says it best
                    raise EgressError(f"the server answers with status {answer.status}")
                body = bytearray()
                for piece in answer.iter_stream():
                    body += piece
                    if len(body) > self._max_bytes:
                        raise EgressError(f"the page has more than {self._max_bytes // 1024**2} MiB")
                    if time.monotonic() > deadline:
                        raise EgressError(f"the page takes longer than {self._seconds:.0f} seconds")
                return Answer(_header(answer, b"content-type").partition(";")[0].strip().lower(), bytes(body))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise EgressError(f"the server cannot be reached ({type(error).__name__})") from None


def _header(answer: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in answer.headers if key.lower() == name), "")


def _matches(host: str, named: str) -> bool:
    return host.endswith(named[1:]) if named.startswith("*.") else host == named


class _CheckedNetwork(httpcore.NetworkBackend):  # type: ignore[misc] # httpcore is not read for its types
    """Resolves names itself, so that the address that is checked is the one that is called."""

    def __init__(self, is_allowed: Callable[[str], bool]) -> None:
        self._is_allowed = is_allowed
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise EgressError(f"{host} cannot be resolved") from None
        addresses = [str(one[4][0]) for one in found]
        refused = [address for address in addresses if not self._is_allowed(address)]
        if refused:
            raise EgressError(f"{host} resolves to {refused[0]}, which is not a public address")
        return self._network.connect_tcp(addresses[0], port, timeout, local_address, socket_options)
