"""Documents that are too large for an image come from a bucket before any job begins, or no job begins."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import StartRuntime
from crew_runtime.declared.declaration import Declaration
from crew_runtime.hosting.assembly import document_fetch
from crew_runtime.machine.settings import Settings
from support.aws import FakeAws
from support.declarations import one_task
from support.documents import pdf
from support.model import StubModel
from support.s3 import BUCKET, KEY, LocalS3
from support.settings import GOOD
from support.waiting import wait_for

CONTENT = pdf("A kettle of MARKER-brass boils in a minute.")
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DOCUMENT = {"name": "docs/atlas.pdf", "file": "documents/atlas.pdf", "sha256": SHA256, "bytes": len(CONTENT)}
FOLDER = "crews/researcher"


@pytest.fixture(scope="module")
def s3() -> Iterator[LocalS3]:
    started = LocalS3()
    yield started
    started.close()


def settings(s3: LocalS3, **changes: str) -> dict[str, str]:
    return {
        "DOCUMENTS_LOCATION": f"s3://{BUCKET}/{FOLDER}",
        "DOCUMENTS_ENDPOINT": s3.url,
        "DOCUMENTS_KEY": KEY,
        "DOCUMENTS_WITHIN": "30",
        "INTERNAL_PORT": "0",
        **changes,
    }


def asked_for(model: StubModel, marker: str, since: int) -> list[str]:
    prompts = [str(one["body"]["messages"]) for one in model.requests[since:] if "messages" in one["body"]]
    return [prompt for prompt in prompts if marker in prompt]


def test_no_job_begins_before_the_document_has_come_and_a_restart_does_not_need_the_bucket(
    start_runtime: StartRuntime, s3: LocalS3, model: StubModel
) -> None:
    declared = one_task("What does MARKER-brass do? {topic}", agent="researcher") | {"documents": [DOCUMENT]}
    begun = len(model.requests)
    runtime = start_runtime(declared, **settings(s3))
    runtime.identify()
    wait_for(lambda: runtime.http.get("/healthz").status_code == 200)
    refused = runtime.http.post("/start_job", json={"input_data": {"topic": "tea"}})
    assert (refused.status_code, refused.json()["error"]) == (503, "CREW_LOADING")
    with runtime.internal as internal:
        readiness = internal.get("/readyz")
    assert (readiness.status_code, readiness.json()["checks"]["crew"]) == (503, False)

    s3.put(f"{FOLDER}/{SHA256}", CONTENT)
    assert runtime.ended(runtime.start_job("tea"))["status"] == "completed"
    assert "[docs/atlas.pdf, page 1]" in asked_for(model, "MARKER-brass boils", begun)[0]
    assert runtime.wait_for_event("documents_fetched")["documents"] == 1
    assert "sentinel" not in runtime.output
    runtime.stop()

    again = start_runtime(declared, **settings(s3, DOCUMENTS_ENDPOINT="http://127.0.0.1:1"))
    again.identify()
    assert again.ended(again.start_job("coffee"))["status"] == "completed"


def test_a_document_that_does_not_come_ends_the_runtime_and_leaves_jobs_to_the_next_start(
    start_runtime: StartRuntime, s3: LocalS3
) -> None:
    plain = start_runtime(one_task())
    plain.identify()
    job_id = plain.start_job("tea, answer slowly")
    plain.kill()

    lost = {**DOCUMENT, "sha256": "0" * 64}
    broken = start_runtime(one_task() | {"documents": [lost]}, **settings(s3, DOCUMENTS_WITHIN="0"))
    broken.identify()
    assert broken.exit_code() == 2
    assert "docs/atlas.pdf cannot be fetched from s3://example-documents/crews/researcher/000" in broken.output
    assert "(NoSuchKey)" in broken.output
    assert "sentinel" not in broken.output
    assert '"job_started"' not in broken.output
    assert '"job_failed"' not in broken.output

    s3.put(f"{FOLDER}/{SHA256}", CONTENT)
    mended = start_runtime(one_task() | {"documents": [DOCUMENT]}, **settings(s3))
    mended.identify()
    assert mended.ended(job_id)["status"] == "completed"


def test_a_document_without_a_place_and_a_key_that_is_none_are_complained_about_at_once(
    start_runtime: StartRuntime,
) -> None:
    keyless = start_runtime(one_task(), DOCUMENTS_KEY="sentinel")
    assert keyless.exit_code() == 2
    assert "DOCUMENTS_KEY: is not the key of a bucket. Set DOCUMENTS_KEY to <access key id>" in keyless.output
    assert "sentinel" not in keyless.output
    runtime = start_runtime(one_task() | {"documents": [DOCUMENT]})
    assert runtime.exit_code() == 2
    assert "DOCUMENTS_LOCATION: is missing, and docs/atlas.pdf does not lie beside the declaration" in runtime.output


def test_a_document_beside_the_declaration_is_not_fetched(tmp_path: Path) -> None:
    declared = Declaration.model_validate_json(json.dumps(one_task() | {"documents": [DOCUMENT]}))
    environment = GOOD | {"AGENT_DECLARATION": str(tmp_path / "crew.json"), "DATA_DIR": str(tmp_path / "data")}
    place = {"DOCUMENTS_LOCATION": f"s3://{BUCKET}/{FOLDER}"}
    assert document_fetch(Settings.from_environment(environment | place), declared, {})
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "atlas.pdf").write_bytes(CONTENT)
    assert document_fetch(Settings.from_environment(environment), declared, {}) is None


def fetch(s3: LocalS3, folder: Path, bucket: dict[str, Any], **document: object) -> subprocess.CompletedProcess[str]:
    wanted = {"name": "docs/atlas.pdf", "file": str(folder / "atlas.pdf"), "sha256": SHA256, "bytes": len(CONTENT)}
    place = {"bucket": BUCKET, "folder": FOLDER, "region": "us-east-1", "endpoint": s3.url, "environment": {}}
    given = {"bucket": {**place, "key": KEY, **bucket}, "documents": [wanted | document], "within": 0}
    return subprocess.run(
        [sys.executable, "-m", "crew_runtime.documents.fetch"],
        input=json.dumps(given), text=True, capture_output=True, timeout=60, check=False, env={},
    )  # fmt: skip


def test_a_task_reads_the_bucket_by_its_role(s3: LocalS3, tmp_path: Path) -> None:
    s3.put(f"{FOLDER}/{SHA256}", CONTENT)
    aws = FakeAws("/unused")
    credentials = {name: value for name, value in aws.environment.items() if name.startswith("AWS_CONTAINER")}
    (tmp_path / "of-an-older-version.pdf").write_bytes(b"old")
    done = fetch(s3, tmp_path, {"key": None, "environment": credentials})
    aws.close()
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "atlas.pdf").read_bytes() == CONTENT
    assert [file.name for file in tmp_path.iterdir()] == ["atlas.pdf"]


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no credentials", {"key": None}, {}, "NoCredentialsError"),
    ("no bucket", {"bucket": "no-such-bucket"}, {}, "NoSuchBucket"),
    ("nobody there", {"endpoint": "http://127.0.0.1:1"}, {}, "EndpointConnectionError"),
    ("more than was declared", {}, {"bytes": len(CONTENT) - 1}, "not the document that was declared"),
    ("less than was declared", {}, {"bytes": len(CONTENT) + 1}, "not the document that was declared"),
]


@pytest.mark.parametrize(("name", "bucket", "document", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_fetched_is_named_with_the_reason(
    s3: LocalS3, tmp_path: Path, name: str, bucket: dict[str, Any], document: dict[str, Any], reason: str
) -> None:
    s3.put(f"{FOLDER}/{SHA256}", CONTENT)
    done = fetch(s3, tmp_path, bucket, **document)
    assert done.returncode == 1, name
    assert reason in done.stderr
    assert "docs/atlas.pdf cannot be fetched from s3://" in done.stderr
    assert "sentinel" not in done.stderr
    assert not list(tmp_path.iterdir()), "nothing half is left"


def test_other_content_under_the_documents_digest_is_refused(s3: LocalS3, tmp_path: Path) -> None:
    s3.put(f"{FOLDER}/{SHA256}", b"x" * len(CONTENT))
    done = fetch(s3, tmp_path, {})
    assert (done.returncode, "not the document" in done.stderr) == (1, True)
