"""The tools that declared crews may use: an allow-list.

Each is a function with a docstring that tells the model what it is for. None runs code, reads files or reaches a host
that the declaration does not name.
"""

from typing import Final, Literal

ToolName = Literal["calculate", "document_search", "fetch_page"]
NAMES: Final[tuple[ToolName, ...]] = ("calculate", "document_search", "fetch_page")
