"""Agents in a bucket: one request tells which have changed, and secrets are parameters."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crew_runtime.agents import bucket
from crew_runtime.agents.bucket import BucketSource
from crew_runtime.agents.packages import Archive
from crew_runtime.agents.source import Given, SourceError
from support.packages import NAME, named
from support.s3 import BUCKET, KEY, LocalS3

IDENTITY = {"agentIdentifier": "ab" * 28}


@pytest.fixture(scope="module")
def s3() -> Iterator[LocalS3]:
    started = LocalS3()
    yield started
    started.close()


def environment_of(s3: LocalS3) -> dict[str, str]:
    access, _, secret = KEY.partition(":")
    return {
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": access,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def source_in(s3: LocalS3, prefix: str, secrets: str | None = None) -> BucketSource:
    return BucketSource(BUCKET, prefix, secrets, environment_of(s3))


def put(s3: LocalS3, key: str, content: object) -> None:
    s3.put(key, content if isinstance(content, bytes) else json.dumps(content).encode())


def test_agents_come_change_and_go_by_their_objects(s3: LocalS3) -> None:
    source = source_in(s3, "changing/agents")
    assert source.look() == {}
    put(s3, "changing/agents/half/environment.json", {})
    put(s3, "changing/agents/one/crew.json", {"id": "one"})
    put(s3, "changing/agents-of-others/two/crew.json", {})
    first = source.look()
    assert set(first) == {"one"}, "an agent is there while its crew.json is"
    assert source.look() == first
    put(s3, "changing/agents/one/environment.json", {"MAX_PARALLEL": "1"})
    changed = source.look()
    assert changed["one"] != first["one"]
    put(s3, "changing/agents/one/identity.json", IDENTITY)
    assert source.look() == changed, "an identity changes nothing else"
    s3.client.delete_object(Bucket=BUCKET, Key="changing/agents/one/crew.json")
    assert source.look() == {}


def test_an_agent_is_read_with_what_lies_beside_it_and_nothing_else(s3: LocalS3, tmp_path: Path) -> None:
    for name, content in {
        "crew.json": b"{}",
        "environment.json": b'{"MODEL_NAME": "m"}',
        "documents/hand book.md": b"left out: no such name is declared",
        "documents/handbook.md": b"tea",
        "code/mine/crew.py": b"x = 1",
        "elsewhere/file": b"left out",
        "documents/../../../escaped": b"left out",
    }.items():
        put(s3, f"whole/one/{name}", content)
    parameters: Any = s3.client_of("ssm")
    parameters.put_parameter(Name="/stack/agents/one", Type="SecureString", Value='{"MODEL_KEY": "sk-secret-18"}')
    source = source_in(s3, "whole", "/stack/agents/")
    source.look()
    source.identity_of("one", tmp_path)
    into = tmp_path / "into"
    into.mkdir()
    assert source.read("one", into) == Given(environment={"MODEL_NAME": "m"}, secrets={"MODEL_KEY": "sk-secret-18"})
    files = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert files == {
        "into/crew.json": b"{}", "into/documents/handbook.md": b"tea", "into/code/mine/crew.py": b"x = 1"
    }  # fmt: skip


@pytest.mark.parametrize("size", [1, 10, 20, 25])
def test_an_archive_is_copied_part_by_part_when_the_declaration_names_it(
    s3: LocalS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(bucket, "_PART_BYTES", 10)
    content = bytes(range(size))
    put(s3, f"packed-{size}/one/{named(content)}", content)
    put(s3, f"packed-{size}/one/packages/other.{'0' * 64}.tgz", b"of an older declaration")
    put(s3, f"packed-{size}/one/crew.json", {"code": {"packages": NAME}})
    source = source_in(s3, f"packed-{size}")
    source.look()
    source.identity_of("one", tmp_path)
    (tmp_path / "into").mkdir()
    archive = source.read("one", tmp_path / "into").archive
    assert archive == Archive(named(content), NAME, sha256(content).hexdigest())
    assert source.fetch("one", archive, tmp_path).read_bytes() == content
    s3.client.delete_object(Bucket=BUCKET, Key=f"packed-{size}/one/{archive.name}")
    with pytest.raises(SourceError, match="is gone"):
        source.fetch("one", archive, tmp_path)


def test_an_identity_is_copied_when_it_changes_and_removed_with_its_object(s3: LocalS3, tmp_path: Path) -> None:
    source = source_in(s3, "named")
    file = source.identity_of("one", tmp_path)
    put(s3, "named/one/crew.json", {})
    source.look()
    assert not file.exists()
    put(s3, "named/one/identity.json", IDENTITY)
    source.look()
    assert json.loads(file.read_bytes()) == IDENTITY
    assert file.stat().st_mode & 0o777 == 0o600
    put(s3, "named/one/identity.json", IDENTITY | {"draining": True})
    source.look()
    assert json.loads(file.read_bytes())["draining"] is True
    s3.client.delete_object(Bucket=BUCKET, Key="named/one/identity.json")
    source.look()
    assert not file.exists()


def test_a_listing_of_several_pages_is_read_to_its_end(s3: LocalS3) -> None:
    for number in range(1005):
        put(s3, f"many/agent-{number}/crew.json", b"{}")
    assert len(source_in(s3, "many").look()) == 1005


def test_a_bucket_that_cannot_be_read_is_no_empty_one(s3: LocalS3, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"s3://nobodys/here/ cannot be read"):
        BucketSource("nobodys", "here", None, environment_of(s3)).look()
    away = environment_of(s3) | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(SourceError, match="EndpointConnectionError"):
        BucketSource(BUCKET, "here", None, away).look()
    put(s3, "secretless/one/crew.json", {})
    source = source_in(s3, "secretless", "/stack/missing/")
    source.look()
    source.identity_of("one", tmp_path)
    assert source.read("one", tmp_path).secrets == {}
