"""Makes archives of packages, as a deployment does for a service in a container."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from hashlib import sha256

NAME = "packages/0123456789abcdef"
"""What crew.json names."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files that only their owner may read, as a careful machine writes them."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o600
            archive.addfile(member, io.BytesIO(text))
    return content.getvalue()


def claiming(size: int) -> bytes:
    """Return an archive whose only file is said to have so many bytes."""
    member = tarfile.TarInfo("./large.bin")
    member.size = size
    return gzip.compress(member.tobuf())


def named(content: bytes) -> str:
    return f"{NAME}.{sha256(content).hexdigest()}.tgz"
