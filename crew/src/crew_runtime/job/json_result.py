"""Results that are to be JSON of a schema."""

import json
import re
from typing import Any, Final

_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n\s*```\s*", re.DOTALL)
_SHOWN: Final = 5


def read_as(schema: dict[str, Any], text: str) -> tuple[bool, str]:
    """Return whether a text, fenced or not, is JSON of a schema; with the JSON, or else with what is wrong.

    jsonschema is loaded only where there is such a schema.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - a third of a second, and few results have a schema

    found = _FENCED.fullmatch(text)
    try:
        value = json.loads(found[1] if found else text)
    except ValueError as error:
        return False, f"The answer is not JSON: {error}"
    wrong = [f"{one.json_path}: {one.message}" for one in Draft202012Validator(schema).iter_errors(value)]
    if wrong:
        return False, "The answer does not follow the schema: " + "; ".join(wrong[:_SHOWN])
    return True, json.dumps(value, ensure_ascii=False)
