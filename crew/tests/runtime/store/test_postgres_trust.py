"""A database whose URL demands verify-full is used only if its certificate is known, and its own."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from crew_runtime.agent_stores import agent_stores
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.store.open import AUTHORITIES_FILE
from crew_runtime.store.postgres import PostgresJobStore
from support.postgres import Cluster


def _certificate(folder: Path, name: str) -> Path:
    """Make a certificate for a name, with its key beside it."""
    file = folder / "server.crt"
    made = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-addext",
    ]
    subprocess.run(
        ["openssl", *made, f"subjectAltName={name}", "-keyout", folder / "server.key", "-out", file],  # noqa: S607
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return file


@pytest.fixture
def server(cluster: Cluster) -> str:
    return cluster.new_database()


def _open(url: str, authorities: Path | None = None) -> None:
    PostgresJobStore(url, schema="jobs", holder="one", authorities=authorities).disconnect()


def test_a_server_without_encryption_is_refused(server: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL: the database cannot be used"):
        _open(f"{server}?sslmode=verify-full")


def test_only_a_known_certificate_of_the_host_is_trusted(cluster: Cluster, server: str, tmp_path: Path) -> None:
    url = f"{server}?sslmode=verify-full"
    own = _certificate(tmp_path, "IP:127.0.0.1")
    cluster.speak_tls(own)
    _open(url, own)
    _open(f"{url}&sslrootcert=system", own)
    with pytest.raises(ConfigurationError):
        _open(url)  # no public authority made it
    (other := tmp_path / "other").mkdir()
    cluster.speak_tls(_certificate(other, "DNS:db.example.com"))
    with pytest.raises(ConfigurationError):
        _open(url, own)
    with pytest.raises(ConfigurationError):
        _open(url, other / "server.crt")
    with psycopg.connect(f"{server}?sslmode=require") as connection:
        assert connection.pgconn.ssl_in_use


def test_an_operator_s_programs_trust_whom_the_runtime_trusts(cluster: Cluster, server: str, tmp_path: Path) -> None:
    own = _certificate(tmp_path, "IP:127.0.0.1")
    cluster.speak_tls(own)
    environment = {
        "DATA_DIR": str(tmp_path), "DATABASE_URL": f"{server}?sslmode=verify-full", "DATABASE_SCHEMA": "jobs"
    }  # fmt: skip
    with pytest.raises(ConfigurationError):
        next(agent_stores(environment))
    (tmp_path / AUTHORITIES_FILE).write_bytes(own.read_bytes())
    with pytest.raises(ConfigurationError):
        next(agent_stores(environment))
    ((agent, store),) = list(agent_stores({**environment, "DATABASE_CA": "as the runtime has it"}))
    assert (agent, store.shared) == ("", True)
