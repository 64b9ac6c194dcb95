"""The agent's card: who it is, what it can do, how it is asked and what that costs, as A2A writes it.

One card for all readers: A2A 1.0 reads `supportedInterfaces`, A2A 0.3 the address at the top, and the network's
registry `protocolVersions`, which A2A does not know and passes over.
"""

from collections.abc import Mapping
from typing import Any, Final

from crew_runtime.declared.card_texts import Author
from crew_runtime.declared.declaration import Declaration
from crew_runtime.http.a2a.message import takes_text
from crew_runtime.http.a2a.wire import BINDING, PATH, VERSIONS

MIP_003: Final = "https://github.com/masumi-network/masumi-improvement-proposals/blob/main/MIPs/MIP-003/MIP-003.md"
"""Names the protocol by which jobs are paid, as an extension of A2A."""
_OLDER_VERSION: Final = "0.3.0"
_OUTPUT_MODES: Final = ("text/plain",)


def agent_card(declaration: Declaration, url: str, offer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of an agent at a URL; `offer` is its identifier and price, as it has them now."""
    address = f"{url}{PATH}"
    inputs = ["application/json", *(["text/plain"] if takes_text(declaration.input) else [])]
    capability = declaration.capability
    skill = {
        "id": capability.name if capability else declaration.id,
        "name": declaration.name,
        "description": declaration.description,
        "tags": list(declaration.tags),
        "inputModes": inputs,
        "outputModes": list(_OUTPUT_MODES),
    }
    return {
        "protocolVersions": list(VERSIONS),
        "protocolVersion": _OLDER_VERSION,
        "url": address,
        "preferredTransport": BINDING,
        "name": declaration.name,
        "description": " ".join(filter(None, (declaration.description, declaration.disclosure))),
        "version": declaration.version,
        **({"provider": _provider(declaration.author, url)} if declaration.author else {}),
        "documentationUrl": f"{url}/openapi.json",
        "supportedInterfaces": [
            {"url": address, "protocolBinding": BINDING, "protocolVersion": version} for version in VERSIONS
        ],
        "capabilities": {
            "streaming": True,
            "pushNotifications": False,
            "extensions": [
                {
                    "uri": MIP_003,
                    "description": "Jobs are also started, paid for and looked at by the endpoints of MIP-003.",
                    "required": False,
                    "params": {**offer, "url": url, **_disclosed(declaration)},
                }
            ],
        },
        "defaultInputModes": inputs,
        "defaultOutputModes": list(_OUTPUT_MODES),
        "skills": [skill],
    }


def _disclosed(declaration: Declaration) -> dict[str, str]:
    return {"disclosure": declaration.disclosure} if declaration.disclosure else {}


def _provider(author: Author, url: str) -> dict[str, str]:
    """Return who offers the agent; A2A demands a URL: a link to them, their e-mail address, or else the agent's own."""
    link = author.contact_other if (author.contact_other or "").startswith(("https://", "http://")) else None
    mail = f"mailto:{author.contact_email}" if author.contact_email else None
    return {"organization": author.organization or author.name, "url": link or mail or url}
