"""Payments as a real payment service answered them."""

import json
from pathlib import Path
from typing import Any

_RECORDING = Path(__file__).parents[1] / "fixtures/recordings/payment_get.json"
ROWS: list[dict[str, Any]] = json.loads(_RECORDING.read_text())["response"]["body"]["data"]["Payments"]
