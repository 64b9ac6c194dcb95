"""Files of customers, as they come in a field of type `file`: links, or data: URLs that hold the file themselves.

What is checked here needs no network; the worker fetches the files (`received_files.py`).
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, unquote_to_bytes, urlsplit

READABLE: Final = {
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
}
"""What a declared crew can be given, by the endings of names."""

_DATA: Final = "data:"
_LONGEST_NAME: Final = 80
_UNSAFE: Final = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A file: a name that is safe in a folder, the media type if that is known, and what it holds."""

    name: str
    media_type: str
    content: bytes


def is_data_url(url: str) -> bool:
    """Return whether a URL holds its file itself."""
    return url[: len(_DATA)].lower() == _DATA


def read_data_url(url: str) -> CustomerFile:
    """Read `data:<media type>;name=<name>;base64,<content>`; the name and all else but the content may be left out.

    Raises:
        ValueError: it is no such URL.

    """
    head, comma, body = url[len(_DATA) :].partition(",")
    if not comma:
        raise ValueError("a data: URL without a comma")
    media_type, *parameters = head.split(";")
    is_base64 = bool(parameters) and parameters[-1].strip().lower() == "base64"
    try:
        content = base64.b64decode(unquote(body), validate=True) if is_base64 else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        raise ValueError("a data: URL whose content is not base64") from None
    names = [unquote(one.partition("=")[2]) for one in parameters if one.lower().startswith("name=")]
    kind = media_type.strip().lower() or "text/plain"
    return CustomerFile(name_of(names[0] if names else "", kind), kind, content)


def name_of_link(url: str, media_type: str = "") -> str:
    """Return a name for a linked file: the last part of its path."""
    return name_of(unquote(urlsplit(url).path), media_type)


def name_of(text: str, media_type: str) -> str:
    """Return a name that is safe in a folder, with an ending that tells the type if that is known."""
    name = _UNSAFE.sub("_", PurePosixPath(text.replace("\\", "/")).name).lstrip(".")[-_LONGEST_NAME:] or "file"
    endings = [ending for ending, kind in READABLE.items() if kind == media_type]
    tells = PurePosixPath(name).suffix.lower() in READABLE
    return name if tells or not endings else f"{name}{endings[0]}"


def accepts(rules: Iterable[str], name: str, media_type: str) -> bool:
    """Return whether a file may come, by the values of `accept` as HTML has them; all of them hold."""
    return all(any(_fits(kind.strip().lower(), name.lower(), media_type) for kind in rule.split(",")) for rule in rules)


def _fits(kind: str, name: str, media_type: str) -> bool:
    if kind.startswith("."):
        return name.endswith(kind) or READABLE.get(kind) == media_type
    if kind in ("*", "*/*"):
        return True
    known = media_type or READABLE.get(PurePosixPath(name).suffix, "")
    return known.startswith(kind[:-1]) if kind.endswith("/*") else known == kind
