"""A payment service on loopback that keeps just what a seller's agent sees of it, in the recordings' shapes."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAYMENT_KEY = "pay-sentinel-3f8e-0123456789"
VKEY = "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db"
_WAITING = "WaitingForExternalAction"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp() * 1000)


class PaymentServiceDouble:
    """Faults are those of the sandbox: error-before-write, lost-after-write, hang-after-write."""

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.submitted: list[dict[str, Any]] = []
        self.faults: dict[str, list[Any]] = {}
        self.released = threading.Event()
        self._lock = threading.RLock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._serve({key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()})

            def do_POST(self) -> None:
                self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _serve(self, sent: dict[str, Any]) -> None:
                route = f"{self.command} {urlsplit(self.path).path.removeprefix('/api/v1')}"
                assert self.headers["token"] == PAYMENT_KEY
                fault = double.next_fault(route, sent)
                if fault == "error-before-write":
                    self._answer(503, {"status": "error", "error": {"message": "no luck"}})
                    return
                status, data = double.answer(route, sent)
                if fault == "hang-after-write":
                    double.released.wait(60)
                if fault:
                    self.close_connection = True
                    return
                key = "data" if status == 200 else "error"
                self._answer(status, {"status": "success" if status == 200 else "error", key: data})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/v1"

    def fault(self, kind: str, route: str, count: int = 1) -> None:
        with self._lock:
            self.faults.setdefault(route, []).extend([kind] * count)

    def clear_faults(self) -> None:
        with self._lock:
            self.faults.clear()

    def next_fault(self, route: str, sent: dict[str, Any]) -> Any:  # noqa: ANN401 - a status or a word
        with self._lock:
            self.requests.append((route, sent))
            waiting = self.faults.get(route)
            return waiting.pop(0) if waiting else None

    def count(self, route: str) -> int:
        with self._lock:
            return sum(1 for asked, _ in self.requests if asked == route)

    def answer(self, route: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            match route:
                case "POST /payment":
                    return 200, self._create(sent)
                case "POST /payment/resolve-blockchain-identifier":
                    found = self.payments.get(sent["blockchainIdentifier"])
                    return (200, found) if found else (404, {"message": "Payment request not found"})
                case "GET /payment/diff":
                    rows = sorted(self.payments.values(), key=lambda row: (row[_CHANGED], row["id"]))
                    rows = [
                        row for row in rows
                        if row["PaymentSource"]["paymentSourceType"] == sent["filterPaymentSourceType"]
                        and _ms(row[_CHANGED]) >= _ms(sent["lastUpdate"])
                    ]  # fmt: skip
                    return 200, {"Payments": rows[: int(sent["limit"])]}
                case "POST /payment/submit-result":
                    return self._submit(sent)
        return 404, {"message": f"Can not {route}"}

    def _create(self, sent: dict[str, Any]) -> dict[str, Any]:
        submit = _ms(sent["submitResultTime"])
        is_v2 = "supportedPaymentSourceIndex" in sent
        number = len(self.payments)
        payment = {
            "id": f"cm{number:023}",
            "createdAt": _now(),
            "blockchainIdentifier": f"{number:04x}" * 200,
            "agentIdentifier": sent["agentIdentifier"],
            "inputHash": sent["inputHash"],
            "payByTime": str(_ms(sent["payByTime"])),
            "submitResultTime": str(submit),
            "unlockTime": str(submit + 6 * 3_600_000),
            "externalDisputeUnlockTime": str(submit + 12 * 3_600_000),
            "resultHash": "",
            _CHANGED: _now(),
            "onChainState": None,
            "NextAction": {"requestedAction": _WAITING, "errorType": None, "errorNote": None, "resultHash": None},
            "RequestedFunds": sent.get("RequestedFunds", [{"amount": "5000000", "unit": ""}]),
            "PaymentSource": {"id": "s", "network": sent["network"],
                              "paymentSourceType": "Web3CardanoV2" if is_v2 else "Web3CardanoV1"},
            "SmartContractWallet": {"id": "w", "walletVkey": VKEY, "walletAddress": "addr_test1"},
            "metadata": sent.get("metadata"),
        }  # fmt: skip
        self.payments[payment["blockchainIdentifier"]] = payment
        return payment

    def _submit(self, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        payment = self.payments.get(sent["blockchainIdentifier"])
        fits = payment and payment["onChainState"] in ("FundsLocked", "RefundRequested", "Disputed")
        if not payment or not fits or payment["NextAction"]["requestedAction"] != _WAITING:
            return 404, {"message": "Payment not found or in invalid state"}
        self.submitted.append(sent)
        self.change(sent["blockchainIdentifier"], action="SubmitResultRequested", hash=sent["submitResultHash"])
        return 200, payment

    def change(self, blockchain_identifier: str, *, action: str = _WAITING, **to: str | None) -> None:
        with self._lock:
            payment = self.payments[blockchain_identifier]
            payment["NextAction"] = {**payment["NextAction"], "requestedAction": action, "resultHash": to.get("hash")}
            payment[_CHANGED] = _now()
            if "state" in to:
                payment["onChainState"] = to["state"]

    def lock_funds(self, blockchain_identifier: str) -> None:
        self.change(blockchain_identifier, state="FundsLocked")

    def put_result_on_chain(self, blockchain_identifier: str) -> None:
        with self._lock:
            payment = self.payments[blockchain_identifier]
            payment["resultHash"] = payment["NextAction"]["resultHash"]
            disputed = payment["onChainState"] in ("RefundRequested", "Disputed")
            self.change(blockchain_identifier, state="Disputed" if disputed else "ResultSubmitted")

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_CHANGED = "nextActionOrOnChainStateOrResultLastChangedAt"
