"""A PostgreSQL cluster of the tests' own, on a free port of this machine."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

_WAIT_SECONDS = 60


def binaries() -> Path:
    """Find PostgreSQL's programs; without them the test is left out, or fails where CI says that they must be there."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    missing = "PostgreSQL's initdb is not on this machine (Debian: apt-get install postgresql)"
    if os.environ.get("MASUMI_TEST_POSTGRES") == "required":
        pytest.fail(missing)
    pytest.skip(missing)


class Cluster:
    """Runs until `close`; not as root, which PostgreSQL refuses."""

    def __init__(self) -> None:
        programs = binaries()
        user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="crew-pg-"))
        if user:
            owner = pwd.getpwnam(user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = self._folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "crew", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"],
            check=True, capture_output=True, user=user, cwd=self._folder, timeout=_WAIT_SECONDS,
        )  # fmt: skip
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "port": self._port, "max_connections": 40}
        self._server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", self._folder,
             *[word for name, value in settings.items() for word in ("-c", f"{name}={value}")]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=self._folder,
        )  # fmt: skip
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                assert self._server.poll() is None
                time.sleep(0.05)
            else:
                return

    def _url(self, database: str) -> str:
        return f"postgresql://crew@127.0.0.1:{self._port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        name = f"crew_{uuid4().hex}"
        self.run(self._url("postgres"), f"CREATE DATABASE {name}")
        return self._url(name)

    def speak_tls(self, certificate: Path) -> None:
        """Encrypt with a certificate from now on; its key lies beside it."""
        data = self._folder / "data"
        owner = data.stat()
        for name in ("server.crt", "server.key"):
            shutil.copyfile(certificate.with_name(name), data / name)
            (data / name).chmod(0o600)
            os.chown(data / name, owner.st_uid, owner.st_gid)
        url = self._url("postgres")
        self.run(url, "ALTER SYSTEM SET ssl = on")
        self.run(url, "SELECT pg_reload_conf()")
        deadline = time.monotonic() + _WAIT_SECONDS
        while self.run(url, "SHOW ssl") != [("on",)]:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def cut_all_connections(self, url: str) -> None:
        self.run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crew-runtime'")

    def refuse_connections(self, url: str, *, refuse: bool = True) -> None:
        """Let a database have no connections any more, or have them again."""
        name = url.rpartition("/")[2]
        if refuse:
            self.run(self._url("postgres"), f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
            query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            self.run(self._url("postgres"), query)
        else:
            self.run(self._url("postgres"), f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")

    @contextmanager
    def frozen(self, url: str) -> Iterator[None]:
        """Let the server still accept connections, as the machine does that for it, and answer nothing."""
        processes = [self._server.pid, self.backend_of(url)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def backend_of(self, url: str) -> int:
        """The server's process behind the one connection of a runtime."""
        mine = "application_name = 'crew-runtime' AND datname = current_database()"
        ((backend,),) = self.run(url, f"SELECT pid FROM pg_stat_activity WHERE {mine}")
        return int(str(backend))

    @staticmethod
    def run(url: str, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self._server.send_signal(signal.SIGQUIT)  # the others would wait for connections, and write all to the disk
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
