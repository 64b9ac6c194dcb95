"""Where jobs are kept: an SQLite file, or PostgreSQL."""

from crew_runtime.store.connections import Connections
from crew_runtime.store.interface import JobStore, StoreUnavailableError
from crew_runtime.store.open import lock_data, open_store
from crew_runtime.store.retention import Retention

__all__ = ["Connections", "JobStore", "Retention", "StoreUnavailableError", "lock_data", "open_store"]
