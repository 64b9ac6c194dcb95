"""Puts the files of a customer into the job's own folder, and reads their text for declared crews."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from crew_runtime.documents.document import DocumentError
from crew_runtime.documents.passages import text_of_file
from crew_runtime.files.customer_files import (
    READABLE,
    CustomerFile,
    accepts,
    is_data_url,
    name_of_link,
    read_data_url,
)
from crew_runtime.tools.egress import Answer, Egress, EgressError

MAX_FILE_MEBIBYTES: Final = 10
MAX_FILES: Final = 10
MAX_CHARACTERS: Final = 200_000
_MEBIBYTE: Final = 1024 * 1024
_FETCH_SECONDS: Final = 60.0
_FOLDER: Final = "input"


class CustomerFileError(Exception):
    """A file of the customer cannot be used; the text names the field and says why, and holds nothing of the input."""


class _Get(Protocol):
    def get(self, url: str) -> Answer: ...


def egress_for_files() -> Egress:
    """Return what fetches linked files: by https, from any public host and no other."""
    return Egress(None, schemes=("https",), max_bytes=MAX_FILE_MEBIBYTES * _MEBIBYTE, seconds=_FETCH_SECONDS)


def receive(
    fields: Mapping[str, Iterable[str]], inputs: Mapping[str, str], folder: Path, egress: _Get
) -> dict[str, list[Path]]:
    """Put the files of each field into a folder of its own; `fields` holds the values of `accept` for each.

    Raises:
        CustomerFileError: one cannot be fetched, is too large, or is of a type that the field does not accept.

    """
    placed: dict[str, list[Path]] = {}
    for field, rules in fields.items():
        urls: list[str] = json.loads(inputs.get(field) or "[]")
        if len(urls) > MAX_FILES:
            raise CustomerFileError(f"{field}: has more than {MAX_FILES} files")
        placed[field] = []
        for number, url in enumerate(urls, 1):
            found = _received(url, f"{field}: file {number}", egress)
            if not accepts(rules, found.name, found.media_type):
                raise CustomerFileError(f"{field}: file {number} is of a type that the field does not accept")
            file = folder / _FOLDER / field / f"{number}-{found.name}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(found.content)
            placed[field].append(file)
    return placed


def _received(url: str, which: str, egress: _Get) -> CustomerFile:
    if is_data_url(url):
        try:
            return read_data_url(url)
        except ValueError:
            raise CustomerFileError(f"{which} cannot be read") from None
    try:
        answer = egress.get(url)
    except EgressError:
        raise CustomerFileError(f"{which} cannot be fetched") from None  # its text names the customer's host
    return CustomerFile(name_of_link(url, answer.media_type), answer.media_type, answer.body)


def texts_of(placed: Mapping[str, list[Path]]) -> dict[str, str]:
    """Return the text of each field's files, each with its name, as a declared crew gets it.

    Raises:
        CustomerFileError: one has no text, or they have too much together.

    """
    texts: dict[str, str] = {}
    for field, files in placed.items():
        parts = []
        for number, file in enumerate(files, 1):
            if file.suffix.lower() not in READABLE:
                raise CustomerFileError(f"{field}: file {number} is of a type that cannot be read as text")
            name = file.name.partition("-")[2]
            try:
                with file.open("rb") as content:
                    parts.append(f"[{name}]\n{text_of_file(name, content)}")
            except DocumentError:
                raise CustomerFileError(f"{field}: file {number} cannot be read as the type that it has") from None
        texts[field] = "\n\n".join(parts)
        if len(texts[field]) > MAX_CHARACTERS:
            raise CustomerFileError(f"{field}: the files have more than {MAX_CHARACTERS} characters")
    return texts
