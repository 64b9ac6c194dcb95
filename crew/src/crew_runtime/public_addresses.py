"""Which IP addresses belong to the public network.

The table beside this file is the only one: the deploying program reads it too (providers/common/public-address.ts).
"""

import ipaddress
import json
from importlib.resources import files
from typing import Any, Final

_TABLE: Final[dict[str, Any]] = json.loads(files(__package__).joinpath("public_addresses.json").read_text())
_CLOSED_4: Final = [ipaddress.IPv4Network(network) for network in _TABLE["ipv4"]["closed"]]
_CLOSED_6: Final = [ipaddress.IPv6Network(network) for network in _TABLE["ipv6"]["closed"]]
_OPEN_6: Final = ipaddress.IPv6Network(_TABLE["ipv6"]["open"])
_HOLDS_IPV4: Final = [ipaddress.IPv6Network(network) for network in _TABLE["ipv6"]["holdsIpv4"]]


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public network; one that holds an IPv4 address counts as that.

    Raises:
        ValueError: it is no IP address.

    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in network for network in _HOLDS_IPV4):
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        return found in _OPEN_6 and not any(found in network for network in _CLOSED_6)
    return not any(found in network for network in _CLOSED_4)
