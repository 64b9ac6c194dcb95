"""httpx, without its command line: that would load rich, a tenth of the start and 3 MB for nothing."""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # how the import system is told that there is none

import httpx  # noqa: E402

__all__ = ["httpx"]
