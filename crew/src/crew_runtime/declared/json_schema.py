"""Checks a declared JSON Schema."""

import json
from typing import Any


def unreadable_schema(schema: dict[str, Any]) -> str | None:
    """Return why this is not a JSON Schema that can be checked; None if it is one.

    jsonschema is loaded only where a declaration has such a schema.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path} is not valid JSON Schema: {error.message}"
    if "$ref" in json.dumps(schema):
        return "references ($ref) are not followed; write the part where it is used"
    return None
