"""Reads an agent's answers as strictly as the network's marketplace does, which is stricter than MIP-003."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic import Field as PydanticField

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
_NEEDS_DATA = ("option", "radio", "multiselect", "checkbox", "file")
_FORMATS = ("url", "email", "integer", "nonempty", "tel_pattern")


class FreeJob(BaseModel):
    id: NonEmpty


Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{14,26}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Milliseconds = Annotated[int, PydanticField(gt=1_000_000_000_000)]


class PaidJob(BaseModel):
    """What a purchase is made from: names and types as they are, nothing converted."""

    model_config = ConfigDict(strict=True)

    id: NonEmpty
    blockchainIdentifier: NonEmpty
    payByTime: Milliseconds
    submitResultTime: Milliseconds
    unlockTime: Milliseconds
    externalDisputeUnlockTime: Milliseconds
    agentIdentifier: Annotated[str, StringConstraints(min_length=57)]
    sellerVKey: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{56}$")]
    identifierFromPurchaser: Nonce
    input_hash: Sha256

    @model_validator(mode="after")
    def _times_are_as_the_contract_wants_them(self) -> Self:
        minute = 60_000
        assert self.payByTime + 5 * minute <= self.submitResultTime
        assert self.submitResultTime + 15 * minute <= self.unlockTime
        assert self.unlockTime + 15 * minute <= self.externalDisputeUnlockTime
        return self


class Availability(BaseModel):
    status: Literal["available", "unavailable"]
    type: Literal["masumi-agent"]
    message: str | None = None


class Validation(BaseModel):
    model_config = ConfigDict(strict=True)

    validation: Literal["min", "max", "format", "optional", "accept"]
    value: NonEmpty

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        assert self.validation != "optional" or self.value in ("true", "false")
        assert self.validation != "format" or self.value in _FORMATS
        return self


class Field(BaseModel):
    id: NonEmpty
    type: NonEmpty
    name: NonEmpty
    data: dict[str, Any] | None = None
    validations: list[Validation] | None = None

    @model_validator(mode="after")
    def _data_where_it_is_read(self) -> Self:
        assert self.type not in _NEEDS_DATA or self.data is not None
        return self


class InputSchema(BaseModel):
    model_config = ConfigDict(extra="forbid")  # exactly one of input_data and input_groups

    input_data: list[Field]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [field.id for field in self.input_data]
        assert len(ids) == len(set(ids))
        return self


class Status(BaseModel):
    id: str | None = None
    status: Literal["awaiting_payment", "awaiting_input", "running", "completed", "failed"]
    input_schema: InputSchema | None = None
    result: str | None = None

    @model_validator(mode="after")
    def _has_what_its_word_needs(self) -> Self:
        assert self.status != "completed" or self.result
        assert self.status != "awaiting_input" or self.input_schema
        return self


class ProvidedInput(BaseModel):
    model_config = ConfigDict(strict=True)

    input_hash: Sha256
    signature: str
