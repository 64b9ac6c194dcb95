"""The documents of an agent as files, and what can be wrong with them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_DOCUMENT_BYTES: Final = 10 * 1024 * 1024


class DocumentError(Exception):
    """A document cannot be used; the text names it and says why, and holds nothing of a customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file: `name` is what its author calls it and tells its type, `sha256` (hexadecimal) what it must contain."""

    name: str
    file: Path
    sha256: str

    def content(self) -> bytes:
        """Read the file.

        Raises:
            DocumentError: it cannot be read, is too large, or is not the one that was declared.

        """
        try:
            if self.file.stat().st_size > MAX_DOCUMENT_BYTES:
                raise DocumentError(f"{self.name} has more than {MAX_DOCUMENT_BYTES // 1024**2} MiB: split it")
            content = self.file.read_bytes()
        except OSError as error:
            raise DocumentError(f"{self.name} cannot be read ({error.strerror}): deploy the agent again") from None
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise DocumentError(f"{self.name} is not the file that was declared: deploy the agent again")
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSet:
    """All documents of an agent, and the folder that keeps what was made of them from one start to the next."""

    documents: tuple[Document, ...]
    cache: Path
