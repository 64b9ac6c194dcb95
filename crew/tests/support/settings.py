"""The least that a runtime must be told."""

from support.runtime import SENTINEL_KEY

GOOD = {
    "PORT": "8000",
    "AGENT_DECLARATION": "crew.json",
    "AGENT_IDENTITY_FILE": "identity.json",
    "DATA_DIR": "data",
    "MODEL_API": "https://api.example.com/v1",
    "MODEL_KEY": SENTINEL_KEY,
}
