"""The agent's card: who it is, what it can do and what that costs, as A2A 1.0 writes it, and the network's registry."""

from collections.abc import Mapping
from typing import Any, Final

from crew_runtime.declared.card_texts import Author
from crew_runtime.declared.declaration import Declaration

MIP_003: Final = "https://github.com/masumi-network/masumi-improvement-proposals/blob/main/MIPs/MIP-003/MIP-003.md"
"""Names the protocol by which jobs are given, as A2A wants it of those that are not its own."""
_A2A_VERSION: Final = "1.0"
_INPUT_MODES: Final = ("application/json",)
_OUTPUT_MODES: Final = ("text/plain",)


def agent_card(declaration: Declaration, url: str, offer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of an agent at a URL; `offer` is its identifier and price, as it has them now.

    It lists what is served, which is MIP-003 alone. `protocolVersions` is the registry's, not A2A's, whose readers
    pass over it.
    """
    capability = declaration.capability
    skill = {
        "id": capability.name if capability else declaration.id,
        "name": declaration.name,
        "description": declaration.description,
        "tags": list(declaration.tags),
        "inputModes": list(_INPUT_MODES),
        "outputModes": list(_OUTPUT_MODES),
    }
    return {
        "protocolVersions": [_A2A_VERSION],
        "name": declaration.name,
        "description": " ".join(filter(None, (declaration.description, declaration.disclosure))),
        "version": declaration.version,
        **({"provider": _provider(declaration.author, url)} if declaration.author else {}),
        "documentationUrl": f"{url}/openapi.json",
        "supportedInterfaces": [{"url": url, "protocolBinding": MIP_003, "protocolVersion": _A2A_VERSION}],
        "capabilities": {
            "streaming": False,
            "pushNotifications": False,
            "extensions": [
                {
                    "uri": MIP_003,
                    "description": "Jobs are started, paid for and looked at by the endpoints of MIP-003.",
                    "required": False,
                    "params": {**offer, **_disclosed(declaration)},
                }
            ],
        },
        "defaultInputModes": list(_INPUT_MODES),
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
