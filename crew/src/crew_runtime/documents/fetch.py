"""Fetches documents from a bucket: `python -m crew_runtime.documents.fetch`, with what is wanted on standard input.

A program of its own, as what it imports would stay in the memory of the process that serves; and the credentials that
it is given are in no environment. It ends with 0 once every document is there, or with 1 and the reason in one line.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.common.atomic_file import replacing
from crew_runtime.common.disk import is_full, no_space
from crew_runtime.machine.confinement import hide_from_others

if TYPE_CHECKING:
    from crew_runtime.documents.fetch_request import Bucket, WantedDocument

_PIECE: Final = 1024 * 1024
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60
_LONGEST_PAUSE: Final = 15
# Jobs may be another user than this program.
_READABLE_FILE: Final = 0o644
_READABLE_FOLDER: Final = 0o755


class _WrongContentError(Exception):
    """What was fetched is not the document; the text says why."""


def main() -> int:
    """Fetch what is wanted, and remove what is no longer wanted."""
    hide_from_others()
    given = json.load(sys.stdin)
    bucket: Bucket = given["bucket"]
    wanted: list[WantedDocument] = given["documents"]
    # Not given up at once: a task's role may be so new that not all of S3 knows it yet.
    until = time.monotonic() + given["within"]
    client = None
    for document in wanted:
        if _is_there(document):
            continue
        client = client or _connect(bucket)
        reason = _fetch(client, bucket, document, until)
        if reason:
            place = f"s3://{bucket['bucket']}/{_object_of(bucket, document)}"
            sys.stderr.write(f"{document['name']} cannot be fetched from {place} ({reason})")
            return 1
    _tidy(wanted)
    return 0


def _is_there(document: "WantedDocument") -> bool:
    file = Path(document["file"])
    if not file.exists() or file.stat().st_size != document["bytes"]:
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == document["sha256"]


def _object_of(bucket: "Bucket", document: "WantedDocument") -> str:
    return f"{bucket['folder']}/{document['sha256']}".lstrip("/")


def _fetch(client: Any, bucket: "Bucket", document: "WantedDocument", until: float) -> str | None:  # noqa: ANN401
    """Try until it works or the time is up; then return the reason of the last failure."""
    pause = 1.0
    while True:
        try:
            _fetch_once(client, bucket, document)
        except Exception as error:  # noqa: BLE001 - whatever the network or S3 says, the next try may go well
            if time.monotonic() + pause > until:
                return _reason(error)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            return None


def _fetch_once(client: Any, bucket: "Bucket", document: "WantedDocument") -> None:  # noqa: ANN401
    file = Path(document["file"])
    file.parent.mkdir(parents=True, exist_ok=True)
    for folder in (file.parent.parent, file.parent):
        folder.chmod(_READABLE_FOLDER)
    body = client.get_object(Bucket=bucket["bucket"], Key=_object_of(bucket, document))["Body"]
    digest, size = hashlib.sha256(), 0
    with replacing(file) as target:
        for piece in body.iter_chunks(_PIECE):
            size += len(piece)
            if size > document["bytes"]:
                break
            digest.update(piece)
            target.write(piece)
        if size != document["bytes"] or digest.hexdigest() != document["sha256"]:
            raise _WrongContentError("the object there is not the document that was declared")
    file.chmod(_READABLE_FILE)


def _tidy(wanted: list["WantedDocument"]) -> None:
    files = {Path(document["file"]) for document in wanted}
    for folder in {file.parent for file in files}:
        for left in set(folder.iterdir()) - files:
            left.unlink()


def _connect(bucket: "Bucket") -> Any:  # noqa: ANN401 - botocore makes the class of a client at run time
    from botocore.config import Config
    from botocore.credentials import ContainerProvider, CredentialResolver
    from botocore.session import Session

    session = Session()
    # The task's role, and no other credentials of this machine.
    role = CredentialResolver([ContainerProvider(bucket["environment"])])
    session.register_component("credential_provider", role)
    access, _, secret = (bucket["key"] or "").partition(":")
    keys = {"aws_access_key_id": access, "aws_secret_access_key": secret} if bucket["key"] else {}
    own = {"addressing_style": "path"} if bucket["endpoint"] else {}
    return session.create_client(
        "s3",
        region_name=bucket["region"],
        endpoint_url=bucket["endpoint"],
        **keys,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": 1},
            s3=own,
            # Not every S3 knows them; the digest is checked anyway.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _reason(error: Exception) -> str:
    """Return what S3 or the network said, without what else an exception holds."""
    if isinstance(error, _WrongContentError):
        return str(error)
    if isinstance(error, OSError) and is_full(error):
        return no_space(error.filename)
    answer = getattr(error, "response", None)
    code = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None
    return str(code or type(error).__name__)


if __name__ == "__main__":
    sys.exit(main())
