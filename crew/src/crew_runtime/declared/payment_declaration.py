"""How an agent is paid, as crew.json says under `payment`."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from crew_runtime.declared.input_schema import InputField
from crew_runtime.declared.input_values import InputError
from crew_runtime.declared.strict import Strict

# Of the ledger, for each token.
_LARGEST_AMOUNT: Final = 2**63 - 1


class Funds(Strict):
    """An amount in base units, as digits; `unit` is "" for lovelace, else policy id and asset name."""

    amount: str = Field(pattern=r"^[1-9][0-9]{0,18}$")
    unit: str


class PriceRule(Strict):
    """What a job of an agent with dynamic pricing costs: `funds`, times the number that the customer enters.

    Without `times`, the id of a number field, every job costs `funds`.
    """

    funds: tuple[Funds, ...] = Field(min_length=1, max_length=7)
    times: str | None = Field(default=None, min_length=1)

    def funds_for(self, texts: Mapping[str, str]) -> tuple[dict[str, str], ...]:
        """Return the funds to request: at least once the price, and fractions are rounded up.

        `texts` is the input as the crew gets it: a field that was left out counts with its default.

        Raises:
            InputError: no wallet could hold that much.

        """
        entered = texts[self.times] if self.times else ""
        factor = max(1, ceil(Decimal(entered))) if entered else 1
        amounts = [int(fund.amount) * factor for fund in self.funds]
        if max(amounts) > _LARGEST_AMOUNT:
            raise InputError([f"{self.times}: is more than can be paid for"])
        return tuple(
            {"amount": str(amount), "unit": fund.unit} for amount, fund in zip(amounts, self.funds, strict=True)
        )


class PaymentDeclaration(Strict):
    """Which contract takes the payment; V2 agents list their prices by source, and a payment names one of them."""

    type: Literal["V1", "V2"] = "V1"
    listed_index: int | None = Field(default=None, ge=0, le=24, alias="supportedPaymentSourceIndex")
    price_rule: PriceRule | None = Field(default=None, alias="priceRule")

    @model_validator(mode="after")
    def _index_fits_type(self) -> Self:
        if self.type == "V1" and self.listed_index is not None:
            raise ValueError("supportedPaymentSourceIndex belongs to type V2; remove it")
        return self

    def of_type(self, kind: Literal["V1", "V2"]) -> Self:
        """Return the same for the selling wallet's type, which a host knows and a declaration may not."""
        return self if kind == self.type else self.model_copy(update={"type": kind, "listed_index": None})

    @property
    def of_other_type(self) -> Self:
        """Return the same for a wallet of the other type."""
        return self.of_type("V2" if self.type == "V1" else "V1")

    @property
    def source_index(self) -> int | None:
        """Which of the sources that a V2 agent lists is paid: the first unless declared; None for V1."""
        return None if self.type == "V1" else self.listed_index or 0

    @property
    def source_type(self) -> str:
        """The payment service's word for the type."""
        return f"Web3Cardano{self.type}"

    def wrong_price(self, fields: Sequence[InputField]) -> Iterator[str]:
        """Yield what is wrong with a price rule whose factor is not a number that the customer enters."""
        times = self.price_rule.times if self.price_rule else None
        numbers = [field.id for field in fields if field.type in ("number", "range")]
        if times is not None and times not in numbers:
            known = ", ".join(numbers) or "none"
            yield f"payment.priceRule.times: {times} is not a number field (number fields: {known})"
        for field in fields:
            if field.id == times and not _is_number(field.data.get("default", "")):
                yield f"input.{times}.data.default: is not a number, but the price depends on it"


def _is_number(default: object) -> bool:
    try:
        return default == "" or Decimal(str(default)).is_finite()
    except InvalidOperation:
        return False
