"""What an author's crew remembers, in the memory of its job alone: no customer's text reaches another's job."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from crewai.memory.types import MemoryRecord, ScopeInfo


class JobMemory:
    """A StorageBackend of CrewAI's memory. Scopes are paths: `/crew/writers` contains `/crew/writers/drafts`."""

    def __init__(self) -> None:
        self._records: dict[str, MemoryRecord] = {}
        self._lock = threading.RLock()

    def save(self, records: "list[MemoryRecord]") -> None:
        """Keep records, each in the place of an older one with its id."""
        with self._lock:
            self._records.update({record.id: record for record in records})

    def update(self, record: "MemoryRecord") -> None:
        """Replace a record."""
        self.save([record])

    def get_record(self, record_id: str) -> "MemoryRecord | None":
        """Return the record with this id."""
        return self._records.get(record_id)

    def search(  # noqa: PLR0917 - CrewAI's
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> "list[tuple[MemoryRecord, float]]":
        """Return the records that are nearest, the best first, with scores as CrewAI's own store gives them."""
        found = [
            (record, 1 / (1 + float(np.sum((np.asarray(record.embedding) - np.asarray(query_embedding)) ** 2))))
            for record in self._chosen(scope_prefix, categories, metadata_filter)
            if record.embedding
        ]
        found.sort(key=lambda one: one[1], reverse=True)
        return [one for one in found if one[1] >= min_score][:limit]

    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete the records to which everything that is given applies, and return how many there were."""
        with self._lock:
            gone = [
                record.id
                for record in self._chosen(scope_prefix, categories, metadata_filter)
                if (not record_ids or record.id in record_ids)
                and (older_than is None or record.created_at < older_than)
            ]
            for one in gone:
                del self._records[one]
            return len(gone)

    def reset(self, scope_prefix: str | None = None) -> None:
        """Delete all records of a scope."""
        self.delete(scope_prefix)

    def list_records(self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0) -> "list[MemoryRecord]":
        """Return records, the newest first."""
        newest = sorted(self._chosen(scope_prefix), key=lambda record: record.created_at, reverse=True)
        return newest[offset : offset + limit]

    def get_scope_info(self, scope: str) -> "ScopeInfo":
        """Sum up a scope."""
        from crewai.memory.types import ScopeInfo

        records = list(self._chosen(scope))
        made = [record.created_at for record in records]
        return ScopeInfo(
            path=scope.rstrip("/") or "/",
            record_count=len(records),
            categories=sorted(self.list_categories(scope)),
            oldest_record=min(made, default=None),
            newest_record=max(made, default=None),
            child_scopes=self.list_scopes(scope),
        )

    def list_scopes(self, parent: str = "/") -> list[str]:
        """Return the scopes right below one."""
        begin = f"{parent.rstrip('/')}/"
        below = {record.scope.removeprefix(begin).partition("/")[0] for record in self._chosen(parent)
                 if record.scope.startswith(begin)}  # fmt: skip
        return sorted(begin + name for name in below if name)

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """Count the records of each category."""
        return dict(Counter(category for record in self._chosen(scope_prefix) for category in record.categories))

    def count(self, scope_prefix: str | None = None) -> int:
        """Count the records of a scope."""
        return len(list(self._chosen(scope_prefix)))

    def touch_records(self, record_ids: list[str]) -> None:
        """Take down that these records were read just now."""
        for record in map(self.get_record, record_ids):
            if record:
                record.last_accessed = datetime.utcnow()  # noqa: DTZ003 - as CrewAI's records have it

    async def asave(self, records: "list[MemoryRecord]") -> None:
        """Do as `save`."""
        self.save(records)

    async def asearch(self, *given: Any, **named: Any) -> "list[tuple[MemoryRecord, float]]":  # noqa: ANN401 - search's
        """Do as `search`."""
        return self.search(*given, **named)

    async def adelete(self, *given: Any, **named: Any) -> int:  # noqa: ANN401 - delete's
        """Do as `delete`."""
        return self.delete(*given, **named)

    def _chosen(
        self,
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> "Iterator[MemoryRecord]":
        within = f"/{(scope or '').strip('/')}".rstrip("/")
        with self._lock:
            records = list(self._records.values())
        for record in records:
            if not f"{record.scope}/".startswith(f"{within}/"):
                continue
            if categories and not set(categories) & set(record.categories):
                continue
            if all(record.metadata.get(name) == value for name, value in (metadata or {}).items()):
                yield record
