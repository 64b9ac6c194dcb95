"""Where a request says that it belongs: the header `traceparent` of W3C's Trace Context."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

HEADER: Final = "traceparent"
_WRITTEN: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?", re.ASCII)
_NO_VERSION: Final = "ff"
_FIRST_VERSION: Final = "00"


@dataclass(frozen=True, slots=True)
class Parent:
    """The caller's trace, and its span that waits for the answer."""

    trace_id: int
    span_id: int

    @classmethod
    def of(cls, headers: Sequence[str]) -> Self | None:
        """Return what the only header says; None if it says nothing that the specification lets anybody follow."""
        found = _WRITTEN.fullmatch(headers[0]) if len(headers) == 1 else None
        if found is None or found[1] == _NO_VERSION or (found[1] == _FIRST_VERSION and found[4]):
            return None
        parent = cls(int(found[2], 16), int(found[3], 16))
        return parent if parent.trace_id and parent.span_id else None

    def __str__(self) -> str:
        """Return it as a header has it."""
        return f"{_FIRST_VERSION}-{self.trace_id:032x}-{self.span_id:016x}-01"
