"""Jobs in PostgreSQL, for runtimes on several machines."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import certifi  # comes with httpx
import psycopg
from psycopg import errors, sql
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.disk import no_space
from crew_runtime.store.connections import Connections, admitted
from crew_runtime.store.interface import StoreUnavailableError
from crew_runtime.store.outage import Outage
from crew_runtime.store.query import Row, Value
from crew_runtime.store.schema import VERSION, steps_from
from crew_runtime.store.sql import SqlJobStore

_SILENT: Final = "the database does not answer"
_DISK_FULL: Final = "53100"
_NOW: Final = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
_MIGRATION_LOCK: Final = 7_305_809_106
_FIRST_CONNECT_SECONDS: Final = 10
_CONNECT_SECONDS: Final = 3
_WAIT_SECONDS: Final = 3
_REST_SECONDS: Final = 2
_INTERVAL: Final = 0.1
# A little more than the server itself allows: whoever still waits then, waits for a server that is frozen.
_ANSWERED_WITHIN_SECONDS: Final = 12
# A statement that a dead network swallowed must not keep a lease's renewal waiting.
_OPTIONS: Final[dict[str, Any]] = {
    "application_name": "crew-runtime",
    "options": "-c statement_timeout=10000",
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
}


class _Bounded(psycopg.Connection[Row]):
    """Waits for no answer for longer than a while.

    A server that is frozen has its machine acknowledge what is sent to it, so neither its own limits nor those of TCP
    end that, and one thread of the agent would wait for it for good.
    """

    def wait(self, gen: PQGen[RV], interval: float = _INTERVAL, timeout: float | None = None) -> RV:
        """Wait for what belongs to one statement."""
        try:
            return super().wait(gen, interval, _ANSWERED_WITHIN_SECONDS if timeout is None else timeout)
        except errors._WaitTimeout:  # noqa: SLF001 - it has no public name
            if timeout is not None:
                raise
            raise psycopg.OperationalError(_SILENT) from None


class PostgresJobStore(SqlJobStore):
    """A JobStore in a schema of its own, over one connection, which is made anew after a failure.

    A statement whose answer was lost is run once more: every statement is either safe to repeat, or finds the state
    that it asks for gone, upon which its caller looks at the job again.
    """

    shared = True
    is_new = False

    def __init__(
        self,
        url: str,
        *,
        schema: str,
        holder: str,
        lease_seconds: float = 30,
        authorities: Path | None = None,
        connections: Connections | None = None,
    ) -> None:
        super().__init__(holder=holder, lease_seconds=lease_seconds)
        self._url = url
        self._trust = _trust(url, authorities)
        self._schema = schema
        self._lock = threading.Lock()
        self._outage = Outage()
        self._connections = connections
        self._connection: psycopg.Connection[Row] | None = None
        try:
            with self._alone():
                self._migrate(self._connected(within=_FIRST_CONNECT_SECONDS))
        except ConfigurationError:
            self._drop()
            raise
        except psycopg.Error as error:
            self._drop()
            reason = error.sqlstate or type(error).__name__
            problem = (
                f"DATABASE_URL: the database cannot be used ({reason}). "
                "Set DATABASE_URL to a PostgreSQL database in which this runtime may create a schema and tables."
            )
            raise ConfigurationError([problem]) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Use the connection alone.

        A dead database must not take the threads of all agents: whoever waits too long is told, and once it is known to
        be dead, nobody waits.
        """
        if self._outage.is_resting:
            raise StoreUnavailableError(_SILENT)
        if not self._lock.acquire(timeout=0 if self._outage.is_known else _WAIT_SECONDS):
            self._outage.begin()
            raise StoreUnavailableError(_SILENT)
        try:
            with admitted(self._connections, self):
                yield
        finally:
            self._lock.release()

    def _connected(self, *, within: int = _CONNECT_SECONDS) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            options = {**_OPTIONS, **self._trust, "connect_timeout": within}
            connection = _Bounded.connect(self._url, autocommit=True, row_factory=dict_row, **options)
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self._schema)))
            self._connection = connection
        return self._connection

    def _migrate(self, connection: psycopg.Connection[Row]) -> None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            # Only the first start needs the right to make it.
            if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._schema,)).fetchone():
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._schema)))
            connection.execute("CREATE TABLE IF NOT EXISTS crew_schema (version INTEGER NOT NULL)")
            row = connection.execute("SELECT version FROM crew_schema").fetchone()
            version = row["version"] if row else 0
            if version > VERSION:
                problem = f"DATABASE_URL: was written by a newer runtime (version {version}). Name another database."
                raise ConfigurationError([problem])
            for statement in steps_from(version, integer="BIGINT"):
                connection.execute(statement.encode())
            connection.execute("DELETE FROM crew_schema")
            connection.execute("INSERT INTO crew_schema (version) VALUES (%s)", (VERSION,))

    def _query(self, statement: str, parameters: Sequence[Value] = ()) -> list[Row]:
        text = statement.replace("{now}", _NOW).replace("?", "%s").encode()
        with self._alone():
            for again in (True, False):
                try:
                    cursor = self._connected().execute(text, parameters)
                    found = cursor.fetchall() if cursor.description else []
                except psycopg.Error as error:
                    self._drop()
                    if not (again and isinstance(error, psycopg.OperationalError)):
                        self._note_outage(error)
                        raise StoreUnavailableError(_reason(error)) from error
                else:
                    self._outage.end()
                    return found
        raise StoreUnavailableError

    def _note_outage(self, error: psycopg.Error) -> None:
        if isinstance(error, psycopg.OperationalError) and error.sqlstate != _DISK_FULL:
            self._outage.begin(_REST_SECONDS)
        else:
            self._outage.end()

    def _forget_erased(self) -> None:
        """Leave the rows' old versions to autovacuum, and backups to the database's operator."""

    def _drop(self) -> None:
        if self._connection:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def disconnect(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()
        if self._connections:
            self._connections.forget(self)

    def close_if_idle(self) -> bool:
        """Close the connection unless it is in use; return whether it is closed. It is made anew when it is needed."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._drop()
        finally:
            self._lock.release()
        return True


def _trust(url: str, authorities: Path | None) -> dict[str, Any]:
    """Return what a server's certificate is checked against: libpq would look for a file in the user's home folder."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        return {}  # connecting tells what is wrong with it
    if given.get("sslmode") != "verify-full" or given.get("sslrootcert", "system") != "system":
        return {}
    return {"sslrootcert": str(authorities or certifi.where())}


def _reason(error: psycopg.Error) -> str:
    return no_space("the database") if error.sqlstate == _DISK_FULL else error.sqlstate or type(error).__name__
