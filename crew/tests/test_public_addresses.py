"""Which addresses count as public: the deploying program is held to the same list of examples."""

import json
from pathlib import Path
from typing import Final

import pytest

from crew_runtime.public_addresses import is_public

_EXAMPLES: Final = Path(__file__).parents[2] / "test/fixtures/addresses/public.json"


@pytest.mark.parametrize(("address", "public"), json.loads(_EXAMPLES.read_text()).items())
def test_only_addresses_of_the_public_network_count(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("text", ["example.com", "", "1.2.3", "::g"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        is_public(text)
