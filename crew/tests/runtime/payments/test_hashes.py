"""Hashes as the network's own tools make them: its SDK, which is asked, and RFC 8785."""

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from crew_runtime.job.hashes import HashRule, input_hash, result_hash

NONCE = "0123456789abcdef"
ORACLE = Path(__file__).parents[2] / "oracle"

TEXTS = (
    "plain text",
    '# Brief\n\nTea "grows" in C:\\tea\t\x01\x7f',
    "Tee ☕ \u2028 é \U0001f375",
    "</script> \r\n \\u0041 \\\\n",
    "",
)
PURCHASERS = (NONCE, "a" * 14, "0f" * 13)


def values(random: Random, depth: int = 3) -> object:
    """Anything that JSON can hold, of numbers the whole ones that a double holds exactly."""
    leaves = ("".join(random.choices('aZ0 "\\\n\t\x1f/<é☕\u2028\U0001f375', k=random.randrange(9))), None, True, False)
    whole = random.randint(-(2**53) + 1, 2**53 - 1)
    if depth == 0 or random.random() < 0.5:
        return random.choice([*leaves, whole])
    if random.random() < 0.5:
        return [values(random, depth - 1) for _ in range(random.randrange(4))]
    return {f"{random.choice('azAZ_é')}{key}": values(random, depth - 1) for key in range(random.randrange(4))}


@pytest.fixture(scope="module")
def sdk() -> Callable[[list[dict[str, Any]]], list[str]]:
    """The network's SDK, installed at its first use by a lock of its own."""
    project = ["--quiet", "--frozen", "--project", str(ORACLE), "--python", sys.executable]
    command = [str(Path(sys.executable).parent / "uv"), "--system-certs", "run", *project, str(ORACLE / "hashes.py")]

    def hashes(cases: list[dict[str, Any]]) -> list[str]:
        done = subprocess.run(
            command, input=json.dumps(cases), capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, done.stderr
        answer: list[str] = json.loads(done.stdout)
        return answer

    return hashes


def test_inputs_and_results_are_hashed_as_the_sdk_does(sdk: Callable[[list[dict[str, Any]]], list[str]]) -> None:
    random = Random(4711)  # noqa: S311 the same cases in every run
    inputs = [{"topic": "tea"}, {}, *({"field": values(random), "other": values(random)} for _ in range(300))]
    cases: list[dict[str, Any]] = [
        {"purchaser": purchaser, key: value}
        for purchaser in PURCHASERS
        for key, of_kind in (("input", inputs), ("result", TEXTS))
        for value in of_kind
    ]
    ours = [
        input_hash(case["purchaser"], case["input"])
        if "input" in case
        else result_hash(HashRule.MARKETPLACE, case["purchaser"], case["result"])
        for case in cases
    ]
    differing = [case for case, mine, theirs in zip(cases, ours, sdk(cases), strict=True) if mine != theirs]
    assert differing == []


@pytest.mark.parametrize(("number", "spelt"), [(5.0, b"5"), (1e-7, b"1e-7"), (1e21, b"1e+21"), (-0.0, b"0")])
def test_numbers_are_spelt_by_rfc_8785_where_the_sdk_is_not(number: float, spelt: bytes) -> None:
    assert input_hash(NONCE, {"n": number}) == sha256(NONCE.encode() + b';{"n":' + spelt + b"}").hexdigest()


def test_the_rule_of_mip_004_differs_where_a_result_needs_escaping() -> None:
    # printf '0123456789abcdef;a\nb' | sha256sum
    by_text = "968f081e2387a417a2b5bf7b55a2b23a6ccaa9a57edefb35d2dd098af33c27ba"
    assert result_hash(HashRule.MIP_004, NONCE, "plain text") == result_hash(HashRule.MARKETPLACE, NONCE, "plain text")
    assert result_hash(HashRule.MIP_004, NONCE, "a\nb") == by_text
    assert result_hash(HashRule.MARKETPLACE, NONCE, "a\nb") != by_text
