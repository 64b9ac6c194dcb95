"""What the payment service answers, as far as it is read here."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from crew_runtime.job.job import PaymentTerms

Milliseconds = Annotated[int, Field(ge=0)]

WAITING: Final = "WaitingForExternalAction"
WAITING_FOR_OPERATOR: Final = "WaitingForManualAction"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class NextAction(_Answer):
    """What the service does next about a payment."""

    requested_action: str = Field(alias="requestedAction")
    result_hash: str | None = Field(default=None, alias="resultHash")


class _Source(_Answer):
    payment_source_type: str = Field(alias="paymentSourceType")


class _Wallet(_Answer):
    vkey: str = Field(alias="walletVkey")


class Payment(_Answer):
    """A payment; times are Unix milliseconds, which the service writes as strings."""

    id: str
    blockchain_identifier: str = Field(alias="blockchainIdentifier")
    on_chain_state: str | None = Field(alias="onChainState")
    result_hash: str | None = Field(default=None, alias="resultHash")
    changed_at: str | None = Field(default=None, alias="nextActionOrOnChainStateOrResultLastChangedAt")
    next_action: NextAction = Field(alias="NextAction")
    pay_by_time: Milliseconds = Field(default=0, alias="payByTime")
    submit_result_time: Milliseconds = Field(alias="submitResultTime")
    unlock_time: Milliseconds = Field(alias="unlockTime")
    external_dispute_unlock_time: Milliseconds = Field(alias="externalDisputeUnlockTime")
    source: _Source = Field(alias="PaymentSource")
    wallet: _Wallet | None = Field(default=None, alias="SmartContractWallet")
    transaction: dict[str, JsonValue] | None = Field(default=None, alias="CurrentTransaction")

    @property
    def action(self) -> str:
        """What the service does next."""
        return self.next_action.requested_action

    @property
    def was_locked(self) -> bool:
        """Whether anything was ever locked for it, be it the right funds or others."""
        return self.transaction is not None

    @property
    def terms(self) -> PaymentTerms:
        """Return what a job stores of it."""
        return PaymentTerms(
            blockchain_identifier=self.blockchain_identifier,
            source_type=self.source.payment_source_type,
            seller_vkey=self.wallet.vkey if self.wallet else "",
            pay_by_time=self.pay_by_time,
            submit_result_time=self.submit_result_time,
            unlock_time=self.unlock_time,
            external_dispute_unlock_time=self.external_dispute_unlock_time,
        )


class ListedPayment(_Answer):
    """A payment in a list, which holds those of other agents too: what paging needs, and itself if it can be read."""

    id: str
    changed_at: str | None = None
    payment: Payment | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, entry: object) -> object:
        if not isinstance(entry, dict):
            return entry
        try:
            payment = Payment.model_validate(entry)
        except ValidationError:
            payment = None
        changed_at = entry.get("nextActionOrOnChainStateOrResultLastChangedAt")
        return {"id": entry.get("id"), "changed_at": changed_at, "payment": payment}


class PaymentPage(_Answer):
    """Payments, as lists answer them."""

    payments: tuple[ListedPayment, ...] = Field(alias="Payments")


class _Failure(_Answer):
    message: str = ""


class _Error(_Answer):
    error: _Failure = _Failure()


def iso_of(milliseconds: int) -> str:
    """Write a time in Unix milliseconds as the service reads it, such as 2026-11-22T12:48:05.000Z."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message_of(body: bytes) -> str:
    """Return the service's own words about an error, which never hold a key; at most 300 characters."""
    try:
        return _Error.model_validate_json(body).error.message[:300]
    except ValidationError:
        return ""
