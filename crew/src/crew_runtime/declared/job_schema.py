"""What a job takes, as JSON Schema: for readers who do not know MIP-003's input schema.

The agent checks more than can be said here, such as telephone numbers, and also takes values as forms send them, such
as numbers as texts (input_values.py).
"""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Final

from crew_runtime.declared.input_schema import InputField

_Schema = dict[str, Any]


def job_schema(fields: Sequence[InputField]) -> _Schema:
    """Return the schema of a job's input_data."""
    asked = [field for field in fields if field.type != "none"]
    schema: _Schema = {
        "type": "object",
        "properties": {field.id: _described(field) for field in asked},
        "additionalProperties": False,
    }
    required = [field.id for field in asked if not field.is_optional and field.type != "hidden"]
    return schema | ({"required": required} if required else {})


def _described(field: InputField) -> _Schema:
    schema: _Schema = {"title": field.name or field.id}
    if isinstance(description := field.data.get("description"), str):
        schema["description"] = description
    schema |= _KINDS.get(field.type, _text)(field)
    if field.type != "hidden" and "default" in field.data and _is_plain(field.data["default"]):
        schema["default"] = field.data["default"]
    return schema


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))


def _text(field: InputField) -> _Schema:
    least = [int(text) for text in field.rules("min")]
    if "nonempty" in field.rules("format"):
        least.append(1)
    names = {*field.rules("format"), field.type}
    form = next((_FORMATS[name] for name in _FORMATS if name in names), None)
    return (
        {"type": "string"}
        | _bounds("minLength", least, max)
        | _bounds("maxLength", [int(text) for text in field.rules("max")], min)
        | ({"format": form} if form else {})
    )


def _number(field: InputField) -> _Schema:
    return (
        {"type": "integer" if "integer" in field.rules("format") else "number"}
        | _bounds("minimum", _limits(field, "min"), max)
        | _bounds("maximum", _limits(field, "max"), min)
    )


def _limits(field: InputField, name: str) -> list[float]:
    inherent = [str(field.data[name])] if field.type == "range" and name in field.data else []
    return [limit for limit in map(float, (*field.rules(name), *inherent)) if isfinite(limit)]


def _choice(field: InputField) -> _Schema:
    one: _Schema = {"type": "string", "enum": list(field.choices)}
    return one if field.type == "radio" else _one_or_several(field, one)


def _file(field: InputField) -> _Schema:
    one = {"type": "string", "format": "uri", "description": "An https URL, or a data: URL in base64."}
    return _one_or_several(field, one)


def _one_or_several(field: InputField, one: _Schema) -> _Schema:
    least = max([1, *(int(text) for text in field.rules("min"))])
    most = [int(text) for text in field.rules("max")]
    several = {"type": "array", "items": one, "minItems": least} | _bounds("maxItems", most, min)
    return {"anyOf": [one, several]} if least == 1 else several


def _bounds(name: str, bounds: list[Any], strictest: Callable[[list[Any]], Any]) -> _Schema:
    """Return the keyword for bounds that all hold; numbers that are whole are written so."""
    if not bounds:
        return {}
    bound = strictest(bounds)
    return {name: int(bound) if float(bound).is_integer() else bound}


_FORMATS: Final = {"email": "email", "url": "uri", "date": "date"}
_KINDS: Final[dict[str, Callable[[InputField], _Schema]]] = {
    **dict.fromkeys(("number", "range"), _number),
    **dict.fromkeys(("boolean", "checkbox"), lambda _: {"type": "boolean"}),
    **dict.fromkeys(("option", "radio", "multiselect"), _choice),
    "hidden": lambda field: {"type": "string", "const": str(field.data["value"])},
    "color": lambda _: {"type": "string", "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"},
    "date": lambda _: {"type": "string", "format": "date"},
    "datetime-local": lambda _: {"type": "string", "examples": ["2026-12-31T18:00"]},
    "time": lambda _: {"type": "string", "examples": ["18:00"]},
    "month": lambda _: {"type": "string", "pattern": "^\\d{4}-(0[1-9]|1[0-2])$"},
    "week": lambda _: {"type": "string", "pattern": "^\\d{4}-W\\d\\d$"},
    "file": _file,
}
