"""The formats that a text may have to have, and how a customer is told that it has not."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_TELEPHONE: Final = re.compile(r"\+?\d[\d\s().-]{3,}")

# Longest texts that a format is tried on: no pattern then costs more than a moment.
_LONGEST_EMAIL: Final = 254
_LONGEST_TELEPHONE: Final = 64
_LONGEST_URL: Final = 2048


def is_url(text: str) -> bool:
    """Return whether a text is an http or https URL."""
    if len(text) > _LONGEST_URL or re.search(r"\s", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def _is_telephone(text: str) -> bool:
    return len(text) <= _LONGEST_TELEPHONE and _TELEPHONE.fullmatch(text) is not None


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "nonempty": lambda text: bool(text.strip()),
    "email": _is_email,
    "url": is_url,
    "tel-pattern": _is_telephone,
    "tel_pattern": _is_telephone,
}
SENTENCES: Final = {
    "nonempty": "must not be empty",
    "email": "must be an e-mail address",
    "url": "must be an http or https URL",
    "tel-pattern": "must be a telephone number",
    "tel_pattern": "must be a telephone number",
}
