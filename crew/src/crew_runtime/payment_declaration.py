"""How an agent is paid, as crew.json says under `payment`."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crew_runtime.input_schema import InputField


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Funds(_Strict):
    """An amount in base units, as digits; `unit` is "" for lovelace, else policy id and asset name."""

    amount: str = Field(pattern=r"^[1-9][0-9]{0,18}$")
    unit: str


class PriceRule(_Strict):
    """What a job of an agent with dynamic pricing costs: `funds`, times the number that the customer enters.

    Without `times`, the id of a number field, every job costs `funds`.
    """

    funds: tuple[Funds, ...] = Field(min_length=1, max_length=7)
    times: str | None = Field(default=None, min_length=1)

    def funds_for(self, input_data: dict[str, Any]) -> tuple[dict[str, str], ...]:
        """Give the funds to ask for, never less than one time; parts of a number count as a whole."""
        entered = input_data.get(self.times, 1) if self.times else 1
        factor = max(1, -(-float(entered) // 1)) if isinstance(entered, (int, float, str)) else 1
        return tuple({"amount": str(int(fund.amount) * int(factor)), "unit": fund.unit} for fund in self.funds)


class PaymentDeclaration(_Strict):
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
        """Give the same for the contract of the selling wallet, which a host knows and a declaration may not."""
        return self if kind == self.type else self.model_copy(update={"type": kind, "listed_index": None})

    @property
    def source_index(self) -> int | None:
        """Which of the sources that a V2 agent lists is paid: the first unless declared; None for V1."""
        return None if self.type == "V1" else self.listed_index or 0

    @property
    def source_type(self) -> str:
        """The payment service's word for the type."""
        return f"Web3Cardano{self.type}"

    def wrong_price(self, fields: Sequence[InputField]) -> Iterator[str]:
        """Complain about a price that depends on no number that the customer enters."""
        times = self.price_rule.times if self.price_rule else None
        numbers = [field.id for field in fields if field.type in ("number", "range")]
        if times is not None and times not in numbers:
            yield f"payment.priceRule.times: {times} is no number field; there are {', '.join(numbers) or 'none'}"
