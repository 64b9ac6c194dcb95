"""What the program that fetches documents is told, as JSON."""

from typing import Final, TypedDict

FETCHED: Final = "fetched"
"""The folder of fetched documents, below the one that keeps what is made of documents."""


class WantedDocument(TypedDict):
    """A document in the bucket: `file` is where it is wanted, `name` what its author calls it."""

    name: str
    file: str
    sha256: str
    bytes: int


class Bucket(TypedDict):
    """A folder in a bucket, in which each document lies under its digest; credentials and all, as JSON takes it.

    `key` is `<access key id>:<secret access key>`; without it `environment` says where the task's credentials are.
    """

    bucket: str
    folder: str
    region: str
    endpoint: str | None
    key: str | None
    environment: dict[str, str]
