"""How statements are asked of a database, SQLite or PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Value = str | int | None


class Queries(ABC):
    """What has a connection. Statements have `?` for parameters and {now} for the database's time."""

    @abstractmethod
    def _query(self, statement: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Run one statement durably and return its rows."""
