"""The hashes that buyer and seller put on the chain (MIP-004)."""

import json
from enum import StrEnum
from hashlib import sha256
from typing import Any

import rfc8785


class HashRule(StrEnum):
    """How a result is hashed.

    marketplace: as the network's SDK and marketplace do, the result spelt as a JSON string without its quotes.
    mip-004: as the text of MIP-004 has it, the result as it is. They differ where a result has a line end, a quote,
    a backslash or a control character.
    """

    MARKETPLACE = "marketplace"
    MIP_004 = "mip-004"


def input_hash(purchaser: str, input_data: dict[str, Any]) -> str:
    """Hash the input as received, in the canonical form of RFC 8785.

    Raises:
        rfc8785.CanonicalizationError: a number that not every reader of JSON can hold.

    """
    return sha256(purchaser.encode() + b";" + rfc8785.dumps(input_data)).hexdigest()


def result_hash(rule: HashRule, purchaser: str, result: str) -> str:
    """Hash a result by a rule."""
    text = json.dumps(result, ensure_ascii=False)[1:-1] if rule is HashRule.MARKETPLACE else result
    return sha256(f"{purchaser};{text}".encode()).hexdigest()
