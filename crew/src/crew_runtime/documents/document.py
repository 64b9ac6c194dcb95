"""The documents of an agent as files, and what can be wrong with them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_MEBIBYTE: Final = 1024 * 1024
_MOST_MEBIBYTES: Final = {".pdf": 200}
"""It is pictures that make a document larger than others may be, and no text of that size could be compared."""
_MOST_MEBIBYTES_OF_OTHERS: Final = 10


class DocumentError(Exception):
    """A document cannot be used; the text names it and says why, and holds nothing of a customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file: `name` is what its author calls it and tells its type, `sha256` (hexadecimal) what it must contain."""

    name: str
    file: Path
    sha256: str

    def open(self) -> BinaryIO:
        """Check that the file is what was declared, piece by piece as it may be large, and open it.

        Raises:
            DocumentError: it cannot be read, is too large, or is not the one that was declared.

        """
        most = _MOST_MEBIBYTES.get(self.file.suffix.lower(), _MOST_MEBIBYTES_OF_OTHERS)
        try:
            if self.file.stat().st_size > most * _MEBIBYTE:
                raise DocumentError(f"{self.name} has more than {most} MiB: split it")
            content = self.file.open("rb")
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
        except OSError as error:
            raise DocumentError(f"{self.name} cannot be read ({error.strerror}): deploy the agent again") from None
        if digest != self.sha256:
            content.close()
            raise DocumentError(f"{self.name} is not the file that was declared: deploy the agent again")
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSet:
    """All documents of an agent, and the folder that keeps what was made of them from one start to the next.

    `drafts` is where what is new is written instead, by a process that may only read the cache.
    """

    documents: tuple[Document, ...]
    cache: Path
    drafts: Path | None = None
