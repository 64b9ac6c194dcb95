"""Placeholders for a customer's input in a crew's texts: `{name}`; other braces, such as JSON's, stay as they are."""

import re
from collections.abc import Mapping
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_\-]*)\}")


def filled(text: str, inputs: Mapping[str, str]) -> str:
    """Return the text with the inputs filled in, as CrewAI does it."""
    return PLACEHOLDER.sub(lambda found: inputs.get(found[1], found[0]), text)
