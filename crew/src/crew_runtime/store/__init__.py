"""Where jobs are kept: an SQLite file, or PostgreSQL."""

from crew_runtime.store.interface import JobStore, StoreUnavailableError
from crew_runtime.store.open import open_store
from crew_runtime.store.retention import Retention

__all__ = ["JobStore", "Retention", "StoreUnavailableError", "open_store"]
