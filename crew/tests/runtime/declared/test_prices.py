"""What a job costs whose price depends on what the customer enters."""

import json
from typing import Any

import pytest

from crew_runtime.common.api_error import ApiError
from crew_runtime.declared.declaration import Declaration
from crew_runtime.declared.input_values import InputError
from crew_runtime.http.agent.job_request import read_job_request
from support.declarations import one_task
from support.paid import NONCE

OPTIONAL = [{"validation": "optional", "value": "true"}]
FUNDS = [{"amount": "1500000", "unit": ""}, {"amount": "7", "unit": "ab" * 28}]


def priced_by(pages: dict[str, Any], **rule: object) -> Declaration:
    declared = one_task()
    declared["input"].append({"id": "pages", "type": "number", "name": "Pages", **pages})
    payment = {"type": "V2", "priceRule": {"funds": FUNDS, "times": "pages", **rule}}
    return Declaration.model_validate_json(json.dumps({**declared, "pricing": {"type": "dynamic"}, "payment": payment}))


@pytest.mark.parametrize(
    ("pages", "entered", "times"),
    [
        ({}, {"pages": 3}, 3),
        ({}, {"pages": "2.5"}, 3),
        ({}, {"pages": " 4 "}, 4),
        ({}, {"pages": "1e3"}, 1000),
        ({}, {"pages": 0}, 1),
        ({}, {"pages": -5}, 1),
        ({"validations": OPTIONAL}, {}, 1),
        ({"validations": OPTIONAL}, {"pages": None}, 1),
        ({"validations": OPTIONAL}, {"pages": ""}, 1),
        ({"validations": OPTIONAL, "data": {"default": 10}}, {}, 10),
        ({"validations": OPTIONAL, "data": {"default": "10"}}, {"pages": ""}, 10),
        ({"validations": OPTIONAL, "data": {"default": 10}}, {"pages": 2}, 2),
    ],
    ids=str,
)
def test_a_price_is_multiplied_by_what_the_crew_gets(
    pages: dict[str, Any], entered: dict[str, object], times: int
) -> None:
    funds = priced_by(pages).funds_for({"topic": "tea", **entered})
    assert funds == (
        {"amount": str(1_500_000 * times), "unit": ""},
        {"amount": str(7 * times), "unit": "ab" * 28},
    )


def test_a_price_without_a_field_is_always_the_same() -> None:
    assert priced_by({}, times=None).funds_for({"topic": "tea", "pages": 9}) == tuple(FUNDS)


@pytest.mark.parametrize("entered", [7_000_000_000_000, "1e300"])
def test_what_no_wallet_can_hold_is_refused_before_a_payment_is_asked_for(entered: object) -> None:
    with pytest.raises(ApiError) as caught:
        read_job_request(
            priced_by({}), {"identifier_from_purchaser": NONCE, "input_data": {"topic": "tea", "pages": entered}}
        )
    assert (caught.value.status, caught.value.body["problems"]) == (400, ["pages: is more than can be paid for"])


@pytest.mark.parametrize("largest", [0, 1])
def test_the_largest_price_is_the_largest_amount_of_the_ledger(largest: int) -> None:
    funds = [{"amount": "1", "unit": ""}, {"amount": "1", "unit": "ab" * 28}]
    funds[largest]["amount"] = "7"
    declared = priced_by({}, funds=funds)
    most = (2**63 - 1) // 7
    found = declared.funds_for({"topic": "tea", "pages": str(most)})
    assert found
    assert found[largest]["amount"] == str(2**63 - 1), "of which 7 is a factor"
    with pytest.raises(InputError, match="more than can be paid for"):
        declared.funds_for({"topic": "tea", "pages": str(most + 1)})
    with pytest.raises(InputError, match="more than can be paid for"):
        priced_by({}, funds=[{**one, "amount": "1"} for one in funds]).funds_for({"topic": "tea", "pages": str(2**63)})


def test_there_is_no_price_for_input_that_does_not_fit() -> None:
    with pytest.raises(InputError):
        priced_by({}).funds_for({"topic": "tea", "pages": "many"})


@pytest.mark.parametrize("pricing", [{"type": "free"}, {"type": "fixed"}])
def test_other_prices_are_known_to_the_network(pricing: dict[str, str]) -> None:
    declared = priced_by({}).model_dump(by_alias=True, mode="json") | {"pricing": pricing}
    assert Declaration.model_validate_json(json.dumps(declared)).funds_for({}) is None
