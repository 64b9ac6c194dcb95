"""The repository's simulated payment service, with a buyer and a chain that moves when it is told to."""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx

from support.waiting import PATIENCE_SECONDS

REPOSITORY = Path(__file__).parents[3]
PAY_KEY = "sandbox-pay-key"
RUNTIME_KEY = "sandbox-runtime-key"
V1_WALLET = "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db"
V2_WALLET = "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32"
V2_CONTRACT = "addr_test1wzs4e6wc95hkwezlccjw9mdvq0r0rsgx6zk34avptga3ftgn37w4g"
_MINTED_SECONDS = 120
_MINTED_WITHIN = 30
_LOCKED_SECONDS = 120
_ON_CHAIN_SECONDS = 1200
_TIMES = ("payByTime", "submitResultTime", "unlockTime", "externalDisputeUnlockTime")
_FIXED = {"unit": "", "amount": "5000000"}


class Sandbox:
    """One sandbox process; its chain stands still but for `advance`."""

    def __init__(self) -> None:
        node = REPOSITORY / "node_modules" / ".bin" / "node"
        program = str(node) if node.exists() else shutil.which("node")
        assert program, "the sandbox needs the repository's Node: npm ci"
        self._process = subprocess.Popen(
            [program, REPOSITORY / "local/sandbox/main.ts", "--port", "0", "--chain-speed", "0", "--no-auth-delay",
             "--json"],
            env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout
        first = self._process.stdout.readline()
        assert first, "the sandbox did not start"
        url = json.loads(first)["url"]
        self._rest = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._rest.start()
        self.url = f"{url}/api/v1"
        self._control = httpx.Client(base_url=f"{url}/sandbox", timeout=PATIENCE_SECONDS, trust_env=False)
        self._service = httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS, trust_env=False)

    def control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        answer = self._control.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, role: str, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        headers = {"token": f"sandbox-{role}-key"}
        answer = self._service.post(path, json={"network": "Preprod", **body}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def advance(self, seconds: int) -> None:
        self.control("POST", "clock", {"advanceSeconds": seconds})

    def register(self, version: str = "V1", *, dynamic: bool = False) -> str:
        """Register an agent and give its identifier."""
        is_v1 = version == "V1"
        prices = {} if dynamic else {"Pricing" if is_v1 else "fixed": [_FIXED if is_v1 else _asset(_FIXED)]}
        pricing = {"pricingType": "Dynamic" if dynamic else "Fixed", **prices}
        source = {
            "chain": "Cardano", "network": "Preprod", "paymentSourceType": "Web3CardanoV2", "address": V2_CONTRACT
        }  # fmt: skip
        entry = self.ask("pay", "registry", {
            "sellingWalletVkey": V1_WALLET if is_v1 else V2_WALLET,
            "name": "Researcher", "description": "", "apiBaseUrl": "https://agent.example.com", "Tags": ["test"],
            "ExampleOutputs": [], "Capability": {"name": "test", "version": "1"}, "Author": {"name": "Jane Doe"},
            **({"AgentPricing": pricing} if is_v1 else {"supportedPaymentSources": [{**source, "pricing": pricing}]}),
        })  # fmt: skip
        # The wallet first finishes what it has begun, such as the results of another test's jobs; an identifier is told
        # before its token is on the chain, and the service knows no agent without one.
        for _ in range(_MINTED_WITHIN):
            self.advance(_MINTED_SECONDS)
            rows = self.control("GET", "rows")["rows"]
            row = next(row for row in rows if row["id"] == entry["id"])
            if row["state"] == "RegistrationConfirmed":
                return str(row["agentIdentifier"])
        raise AssertionError(row)

    def buy(self, *receipts: dict[str, Any]) -> None:
        """Lock funds with nothing but what /start_job answered, as the marketplace does."""
        for receipt in receipts:
            self.ask("buyer", "purchase", {
                "blockchainIdentifier": receipt["blockchainIdentifier"],
                "inputHash": receipt["input_hash"],
                "sellerVkey": receipt["sellerVKey"],
                "agentIdentifier": receipt["agentIdentifier"],
                "identifierFromPurchaser": receipt["identifierFromPurchaser"],
                **{name: str(receipt[name]) for name in _TIMES},
                **self._choices(receipt),
            })  # fmt: skip
        self.advance(_LOCKED_SECONDS)

    def _choices(self, receipt: dict[str, Any]) -> dict[str, Any]:
        """Add what depends on the agent: its source, and the funds that it asks for where it has no fixed price."""
        payment = self.payment(receipt)
        is_v2 = payment["PaymentSource"]["paymentSourceType"] == "Web3CardanoV2"
        return {
            **({"supportedPaymentSourceIndex": 0} if is_v2 else {}),
            **({"Amounts": payment["RequestedFunds"]} if payment["pricingType"] == "Dynamic" else {}),
        }

    def request_refund(self, receipt: dict[str, Any]) -> None:
        self.ask("buyer", "purchase/request-refund", {"blockchainIdentifier": receipt["blockchainIdentifier"]})
        self.advance(_ON_CHAIN_SECONDS)

    def put_results_on_chain(self) -> None:
        self.advance(_ON_CHAIN_SECONDS)

    def payment(self, receipt: dict[str, Any]) -> dict[str, Any]:
        body = {"blockchainIdentifier": receipt["blockchainIdentifier"]}
        payment: dict[str, Any] = self.ask("read", "payment/resolve-blockchain-identifier", body)
        return payment

    def change(self, receipt: dict[str, Any], **to: object) -> None:
        """Put a payment into a state that only the real world leads to."""
        self.control("PATCH", f"payments/{self.payment(receipt)['id']}", to)

    def fault(self, kind: str, route: str, count: int = 1, **more: object) -> None:
        self.control("POST", "faults", {"faults": [{"kind": kind, "route": route, "count": count, **more}]})

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def count(self, route: str) -> int:
        by_route: dict[str, int] = self.control("GET", "requests")["byRoute"]
        return by_route.get(route, 0)

    def close(self) -> None:
        self._control.close()
        self._service.close()
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self._rest.join()
        if self._process.stdout:
            self._process.stdout.close()


def _asset(price: dict[str, str]) -> dict[str, str]:
    return {"asset": price["unit"], "amount": price["amount"]}
