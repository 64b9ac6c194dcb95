"""A client of the Masumi payment service, for what a seller's agent does there."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from crew_runtime.common.http_client import httpx, no_cookies, trusted
from crew_runtime.common.logs import event
from crew_runtime.common.metrics import PAYMENT_REQUESTS
from crew_runtime.payments.wire import ListedPayment, Payment, PaymentPage, iso_of, message_of

_TIMEOUT: Final = httpx.Timeout(20, connect=5)
_LARGEST_ANSWER: Final = 8 * 1024 * 1024
_READ_PAUSES_SECONDS: Final = (0.5, 2)
_PAGE: Final = 100
_OK: Final = 200
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
_NOT_IMPLEMENTED: Final = 501

_log: Final = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=BaseModel)


class PaymentServiceUnavailableError(Exception):
    """There was no usable answer; the request may have had its effect nevertheless."""


class PaymentRefusedError(Exception):
    """The service refused, in its own words; nothing was changed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}".strip())
        self.status = status


class PaymentConnections:
    """The connections to payment services, whosever key is sent over them."""

    def __init__(self) -> None:
        common: dict[str, Any] = {
            "timeout": _TIMEOUT, "trust_env": False, "follow_redirects": False, "verify": trusted()
        }  # fmt: skip
        # One agent's service that does not answer must not take the connections of all others.
        self.reads = httpx.AsyncClient(**common, limits=httpx.Limits(max_connections=None), cookies=no_cookies())
        # Each on a connection of its own: a service may close an idle one just as a request goes out on it.
        unkept = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self.writes = httpx.AsyncClient(**common, limits=unkept, cookies=no_cookies())

    async def close(self) -> None:
        """Close them."""
        await self.reads.aclose()
        await self.writes.aclose()


class PaymentService:
    """Talks to one payment service with one key. Reads are tried three times, writes once.

    Nothing is written twice by this class. Its callers may write again: a payment that was made and whose answer was
    lost is known to nobody and cannot be paid, and a result's hash is submitted again only after a look.
    """

    def __init__(self, url: str, key: str, network: str, connections: PaymentConnections) -> None:
        self._url = url
        self._key = key
        self._network = network
        self._connections = connections
        self._unreadable: set[str] = set()

    async def create(
        self,
        *,
        agent_identifier: str,
        purchaser: str,
        input_hash: str,
        pay_by_time: int,
        submit_result_time: int,
        metadata: str,
        source_index: int | None = None,
        requested_funds: tuple[Mapping[str, str], ...] | None = None,
    ) -> Payment:
        """Create a payment (POST /payment). Times are Unix milliseconds.

        Raises:
            PaymentServiceUnavailableError, PaymentRefusedError: see there.

        """
        body: dict[str, Any] = {
            "network": self._network,
            "agentIdentifier": agent_identifier,
            "identifierFromPurchaser": purchaser,
            "inputHash": input_hash,
            "payByTime": iso_of(pay_by_time),
            "submitResultTime": iso_of(submit_result_time),
            "metadata": metadata,
        }
        if source_index is not None:
            body["supportedPaymentSourceIndex"] = source_index
        if requested_funds is not None:
            body["RequestedFunds"] = list(requested_funds)
        return await self._write("create", "payment", body)

    async def submit_result(self, blockchain_identifier: str, result_hash: str) -> Payment:
        """Submit the hash of a result (POST /payment/submit-result).

        Raises:
            PaymentServiceUnavailableError, PaymentRefusedError: see there.

        """
        body = {
            "network": self._network,
            "blockchainIdentifier": blockchain_identifier,
            "submitResultHash": result_hash,
        }
        return await self._write("submit_result", "payment/submit-result", body)

    async def resolve(self, blockchain_identifier: str) -> Payment:
        """Return one payment as it is now.

        Raises:
            PaymentServiceUnavailableError, PaymentRefusedError: see there; 404 if there is none.

        """
        body = {"network": self._network, "blockchainIdentifier": blockchain_identifier, "includeHistory": "false"}
        answer = await self._read("resolve", "POST", "payment/resolve-blockchain-identifier", json=body)
        return _parsed(Payment, answer)

    async def changed_since(self, source_type: str, moment: str) -> list[Payment]:
        """Return all payments of a source type that changed at or after a moment (ISO 8601), oldest change first.

        A payment that cannot be read is left out, and logged once: the list holds those of all agents of the service.

        Raises:
            PaymentServiceUnavailableError, PaymentRefusedError: see there; 404 if the service has no such list.

        """
        found: dict[str, ListedPayment] = {}
        cursor: dict[str, str] = {"lastUpdate": moment}
        while True:
            query = {
                "network": self._network, "filterPaymentSourceType": source_type, "limit": str(_PAGE), **cursor
            }  # fmt: skip
            page = _parsed(PaymentPage, await self._read("diff", "GET", "payment/diff", params=query)).payments
            fresh = [listed for listed in page if listed.id not in found]
            found |= {listed.id: listed for listed in fresh}
            if len(page) < _PAGE or not fresh or not page[-1].changed_at:
                return self._readable(found.values())
            cursor = {"lastUpdate": page[-1].changed_at, "cursorId": page[-1].id}

    def _readable(self, listed: Iterable[ListedPayment]) -> list[Payment]:
        payments = []
        for one in listed:
            if one.payment is not None:
                payments.append(one.payment)
            elif one.id not in self._unreadable:
                self._unreadable.add(one.id)
                event(_log, logging.WARNING, "payment_not_readable", payment_id=one.id)
        return payments

    async def check(self) -> None:
        """Check that the service answers and accepts the key.

        Raises:
            PaymentServiceUnavailableError, PaymentRefusedError: see there.

        """
        await self._read("check", "GET", "api-key-status")

    async def _write(self, operation: str, path: str, body: dict[str, Any]) -> Payment:
        return _parsed(Payment, await self._ask(self._connections.writes, operation, "POST", path, json=body))

    async def _read(self, operation: str, method: str, path: str, **sent: Any) -> bytes:  # noqa: ANN401 - httpx's
        for pause in _READ_PAUSES_SECONDS:
            try:
                return await self._ask(self._connections.reads, operation, method, path, **sent)
            except PaymentServiceUnavailableError:
                await asyncio.sleep(pause)
        return await self._ask(self._connections.reads, operation, method, path, **sent)

    async def _ask(
        self,
        client: httpx.AsyncClient,
        operation: str,
        method: str,
        path: str,
        **sent: Any,  # noqa: ANN401 - httpx's
    ) -> bytes:
        try:
            async with (
                asyncio.timeout(_TIMEOUT.read),
                client.stream(method, f"{self._url}/{path}", headers={"token": self._key}, **sent) as answer,
            ):
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise PaymentServiceUnavailableError("the answer is too large")
        except (httpx.HTTPError, TimeoutError) as error:
            PAYMENT_REQUESTS.add(operation=operation, outcome="no_answer")
            raise PaymentServiceUnavailableError(type(error).__name__) from error
        PAYMENT_REQUESTS.add(operation=operation, outcome=str(answer.status_code))
        if answer.status_code == _OK:
            return bytes(body)
        reason = message_of(bytes(body))
        if (
            answer.status_code >= _SERVER_ERRORS and answer.status_code != _NOT_IMPLEMENTED
        ) or answer.status_code == _TOO_MANY:
            raise PaymentServiceUnavailableError(f"{answer.status_code} {reason}".strip())
        raise PaymentRefusedError(answer.status_code, reason)


def _parsed(kind: type[Answer], body: bytes) -> Answer:
    try:
        return kind.model_validate(json.loads(body)["data"])
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise PaymentServiceUnavailableError("the answer is not the service's") from error
