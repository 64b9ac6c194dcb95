"""Checks what a customer entered against the input schema, and turns it into the texts that a crew gets."""

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from crew_runtime.declared.input_schema import TEXTS, InputField
from crew_runtime.declared.text_formats import FORMATS, SENTENCES, is_url
from crew_runtime.files.customer_files import accepts, is_data_url, read_data_url

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COLOUR: Final = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_WEEK: Final = re.compile(r"(\d{4})-W(\d\d)")

_Comparable = Any  # int, float, str, date, time or datetime; a value and its bounds are always of one kind


class InputError(Exception):
    """The input does not fit the schema; `problems` has one sentence for each reason, none with a value."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class _Unfit(Exception):  # noqa: N818 - the reason why one value does not fit, on its way to InputError
    pass


def read_input(fields: Sequence[InputField], values: object) -> dict[str, str]:
    """Return the text of each field by its id: what was entered, else the field's default, else "".

    An empty text or list in an optional field is as good as none.

    Raises:
        InputError: with every problem at once: no object, missing and unknown fields, wrong types, broken validations.

    """
    if not isinstance(values, dict):
        raise InputError(["input_data: must be an object with one member for each field of the input schema"])
    known = {field.id: field for field in fields}
    problems = [f"{name}: is not a field of this agent" for name in values if name not in known]
    texts: dict[str, str] = {}
    for field in fields:
        try:
            texts[field.id] = _read_field(field, values.get(field.id))
        except _Unfit as reason:
            problems.append(f"{field.id}: {reason}")
    if problems:
        raise InputError(problems)
    return texts


def _read_field(field: InputField, value: object) -> str:
    if field.type == "none":
        if isinstance(value, (list, dict)):  # nobody reads it, but it would have to be hashed
            raise _Unfit("takes no value")
        return ""
    if field.type == "hidden":
        return _hidden(field, value)
    if _says_nothing(field, value):
        if not field.is_optional and not (isinstance(value, list) and _may_be_none(field)):
            raise _Unfit("is required")
        default = field.data.get("default", "")
        return _readable(default) if isinstance(default, (str, int, float)) else ""
    return _READERS[field.type](field, value)


def _says_nothing(field: InputField, value: object) -> bool:
    """Return whether a value means the same as none, as forms send it for a field that was left empty."""
    if field.type in TEXTS:
        return value is None or (value == "" and field.is_optional)
    if isinstance(value, list):
        return field.type in _LISTS and all(map(_is_blank, value))
    return _is_blank(value)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _may_be_none(field: InputField) -> bool:
    """Return whether a list may be empty by the field's own bounds."""
    least = [int(text) for text in _bounds(field, "min")]
    return bool(least) and max(least) <= 0


def _readable(value: str | float | bool) -> str:  # noqa: FBT001 - one of the values a customer can enter
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise _Unfit("must be a text")
    return value


def _text(field: InputField, value: object) -> str:
    text = _text_of(value)
    _check_bounds(field, len(text), "must have at least {} characters", "must have at most {} characters")
    formats = {*field.rules("format"), *({field.type} & {"email", "url"})}
    for name in sorted(formats):
        check = FORMATS.get(name)
        if check and not check(text):
            raise _Unfit(SENTENCES[name])
    return text


def _hidden(field: InputField, value: object) -> str:
    declared = str(field.data["value"])
    if value not in (None, "", declared):
        raise _Unfit("is a hidden field: leave it out, or send the value of the input schema")
    return declared


def _colour(_field: InputField, value: object) -> str:
    text = _text_of(value)
    if not _COLOUR.fullmatch(text):
        raise _Unfit("must be a colour such as #1a73e8")
    return text


def _number(field: InputField, value: object) -> str:
    text = str(value).strip()
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not _NUMBER.fullmatch(text):
        raise _Unfit("must be a number")
    number = float(text)
    if math.isinf(number):
        raise _Unfit("must be a finite number")
    if "integer" in field.rules("format") and not number.is_integer():
        raise _Unfit("must be a whole number")
    _check_bounds(field, number, "must be at least {}", "must be at most {}")
    return text


def _boolean(_field: InputField, value: object) -> str:
    if not isinstance(value, bool) and value not in ("true", "false"):
        raise _Unfit("must be true or false")
    return str(value).lower()


def _choice(field: InputField, value: object) -> str:
    chosen = value if isinstance(value, list) else [value]
    if len(chosen) > len(field.choices):
        raise _Unfit("must name each choice once at most")
    texts = [_one_choice(field, choice) for choice in chosen]
    unique = list(dict.fromkeys(texts))
    if field.type == "radio" and len(unique) != 1:
        raise _Unfit("must be one choice")
    _check_bounds(field, len(unique), "must have at least {} choices", "must have at most {} choices")
    return ", ".join(unique)


def _one_choice(field: InputField, choice: object) -> str:
    """Take a choice by its text, as MIP-003 has it, or by its number from 0, as the marketplace sends it."""
    if isinstance(choice, str) and choice in field.choices:
        return choice
    if isinstance(choice, int) and not isinstance(choice, bool) and 0 <= choice < len(field.choices):
        return field.choices[choice]
    raise _Unfit(f"must be chosen from {', '.join(field.choices)}")


def _file(field: InputField, value: object) -> str:
    """Return the URLs as JSON; the worker fetches the files."""
    urls = value if isinstance(value, list) else [value]
    if not all(isinstance(url, str) and _holds_or_leads_to_file(field, url) for url in urls):
        raise _Unfit("must be the https URL of an uploaded file, a data: URL in base64, or a list of them")
    _check_bounds(field, len(urls), "must have at least {} files", "must have at most {} files")
    return json.dumps(urls)


def _holds_or_leads_to_file(field: InputField, url: str) -> bool:
    if not is_data_url(url):
        return url.startswith("https:") and is_url(url)
    try:
        found = read_data_url(url)
    except ValueError:
        return False
    if not accepts(field.rules("accept"), found.name, found.media_type):
        raise _Unfit(f"must be a file of the type {', '.join(field.rules('accept'))}")
    return True


def _as_instant(text: str) -> datetime:
    """Compare times with and without a zone alike: one without counts as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _as_month(text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise ValueError(text)
    return text


def _as_week(text: str) -> date:
    found = _WEEK.fullmatch(text)
    if not found:
        raise ValueError(text)
    return date.fromisocalendar(int(found[1]), int(found[2]), 1)


# A date may come with a time: browsers write their Date values so.
_MOMENTS: Final[dict[str, tuple[Callable[[str], Any], str]]] = {
    "date": (lambda text: _as_instant(text).date(), "a date such as 2026-12-31"),
    "datetime-local": (_as_instant, "a date and time such as 2026-12-31T18:00"),
    "time": (lambda text: time.fromisoformat(text).replace(tzinfo=None), "a time such as 18:00"),
    "month": (_as_month, "a month such as 2026-12"),
    "week": (_as_week, "a week such as 2026-W53"),
}


def _moment(field: InputField, value: object) -> str:
    text = _text_of(value)
    parse, example = _MOMENTS[field.type]
    try:
        moment = parse(text)
    except (ValueError, OverflowError):
        raise _Unfit(f"must be {example}") from None
    _check_bounds(field, moment, "must not be before {}", "must not be after {}")
    return text


def _check_bounds(field: InputField, value: _Comparable, too_small: str, too_big: str) -> None:
    for validation, sentence in (("min", too_small), ("max", too_big)):
        for text in _bounds(field, validation):
            bound = _BOUNDS[field.type](text)
            if (value < bound) if validation == "min" else (value > bound):
                raise _Unfit(sentence.format(text))


def _bounds(field: InputField, validation: str) -> list[str]:
    inherent = [str(field.data[validation])] if field.type == "range" and validation in field.data else []
    return [*field.rules(validation), *inherent]


def unreadable_rules(field: InputField) -> list[str]:
    """Return which rules of a field could not be checked, so that none is skipped silently."""
    problems = [f"format {name} is not known" for name in field.rules("format") if name not in _FORMAT_NAMES]
    for validation in ("min", "max"):
        for text in _bounds(field, validation):
            try:
                _BOUNDS[field.type](text)
            except KeyError:
                problems.append(f"{validation} has no meaning for a field of type {field.type}")
            except (ValueError, OverflowError):
                problems.append(f"{validation} {text} cannot be read for a field of type {field.type}")
    return problems


_LISTS: Final = ("option", "radio", "multiselect", "file")
_READERS: Final[dict[str, Callable[[InputField, object], str]]] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(("number", "range"), _number),
    **dict.fromkeys(("boolean", "checkbox"), _boolean),
    **dict.fromkeys(("option", "radio", "multiselect"), _choice),
    **dict.fromkeys(_MOMENTS, _moment),
    "color": _colour,
    "file": _file,
}
_BOUNDS: Final[dict[str, Callable[[str], _Comparable]]] = {
    **dict.fromkeys((*TEXTS, "option", "radio", "multiselect", "file"), int),
    **dict.fromkeys(("number", "range"), float),
    **{kind: parse for kind, (parse, _) in _MOMENTS.items()},
}
_FORMAT_NAMES: Final = (*FORMATS, "integer")
