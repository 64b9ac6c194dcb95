"""Who calls: by address, as far as that can be believed, and by the secret of the request."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

_IPV6_CUSTOMER: Final = 64
"""Bits of an IPv6 address that name a customer of a provider; the others are that customer's to choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks for a job. `address` is kept in memory alone, for as long as it is counted."""

    address: str = ""
    secret_hash: str | None = None


def address_of(request: Request, *, proxy_hops: int) -> str:
    """Return by what a client is counted: its IPv4 address, or the /64 of its IPv6 address.

    Each of the `proxy_hops` proxies in front has added the address that it saw to the right of X-Forwarded-For. What is
    further left was sent by the client, who may write there what it likes.
    """
    peer = request.client.host if request.client else ""
    told = [entry for header in request.headers.getlist("x-forwarded-for") for entry in header.split(",")]
    return _told_by_proxies(told, proxy_hops) or _network(peer) or peer


def _told_by_proxies(told: Sequence[str], hops: int) -> str | None:
    return _network(told[-hops].strip()) if 0 < hops <= len(told) else None


def _network(text: str) -> str | None:
    """Return the network of an address, which some proxies write with a port; None if it is no address."""
    host = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, _IPV6_CUSTOMER), strict=False))
        address = address.ipv4_mapped
    return str(address)
