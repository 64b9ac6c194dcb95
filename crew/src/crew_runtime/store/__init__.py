"""Where jobs are kept: an SQLite file, or PostgreSQL."""

from crew_runtime.store.interface import JobStore, StoreUnavailableError
from crew_runtime.store.open import open_store

__all__ = ["JobStore", "StoreUnavailableError", "open_store"]
