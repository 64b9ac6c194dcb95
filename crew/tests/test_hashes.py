"""Hashes as the network's own tools make them; the expected values come from its SDK, masumi 1.2.0."""

from hashlib import sha256
from typing import Any

import pytest

from crew_runtime.payments.hashes import HashRule, input_hash, result_hash

NONCE = "0123456789abcdef"

INPUTS: list[tuple[dict[str, Any], str]] = [
    ({"topic": "tea"}, "045c0b3446e36cb52192213f2d26cca8e137e695e0dd6f6af0b3b8517102e4be"),
    (
        {"b": [1, 2], "a": "Tee ☕", "c": None, "d": True},
        "767c84dd792c5a11d59cbc1b23d3ad48c9c339b055072a77d111a5fb227e7d75",
    ),
    ({}, "f188ab5b4ac241b4aecede97237f8f78bf1b3975fe3376fd46b6f08cfeb61e06"),
]
RESULTS = [
    ("plain text", "51558b150594ce0bebf2cccaa39007d98ed9169bb27a556f7810c8084825d137"),
    (
        '# Brief\n\nTea "grows" in C:\\tea\t\x01\x7f',
        "7a52dbf58c4c24be62479c9ff017f567bad74fc7403850015349999e4140be5a",
    ),
    ("Tee ☕ \u2028 é", "7c1a9fa3d45aa8dde4a856566b4b78b25ff23f1ed71b80180d652f6288a04e7c"),
]


@pytest.mark.parametrize(("data", "expected"), INPUTS)
def test_an_input_is_hashed_as_the_sdk_does(data: dict[str, Any], expected: str) -> None:
    assert input_hash(NONCE, data) == expected


@pytest.mark.parametrize(("number", "spelt"), [(5.0, b"5"), (1e-7, b"1e-7"), (1e21, b"1e+21"), (-0.0, b"0")])
def test_numbers_are_spelt_by_rfc_8785_where_the_sdk_is_not(number: float, spelt: bytes) -> None:
    assert input_hash(NONCE, {"n": number}) == sha256(NONCE.encode() + b';{"n":' + spelt + b"}").hexdigest()


@pytest.mark.parametrize(("result", "expected"), RESULTS)
def test_a_result_is_hashed_as_sdk_and_marketplace_do(result: str, expected: str) -> None:
    assert result_hash(HashRule.MARKETPLACE, NONCE, result) == expected


def test_the_rule_of_mip_004_differs_where_a_result_needs_escaping() -> None:
    # printf '0123456789abcdef;a\nb' | sha256sum
    by_text = "968f081e2387a417a2b5bf7b55a2b23a6ccaa9a57edefb35d2dd098af33c27ba"
    assert result_hash(HashRule.MIP_004, NONCE, "plain text") == RESULTS[0][1]
    assert result_hash(HashRule.MIP_004, NONCE, "a\nb") == by_text
    assert result_hash(HashRule.MARKETPLACE, NONCE, "a\nb") != by_text
