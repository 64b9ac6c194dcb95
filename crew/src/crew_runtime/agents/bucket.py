"""Agents in a bucket, with their secrets in AWS Systems Manager, where no disk is shared with the deployment."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree

from botocore.exceptions import BotoCoreError

from crew_runtime.agents.folder import open_to_jobs
from crew_runtime.agents.packages import Archive, archive_among
from crew_runtime.agents.source import (
    BESIDE,
    DECLARATION,
    ENVIRONMENT,
    IDENTITY,
    SECRETS,
    Given,
    SourceError,
    is_agent_id,
    variables_in,
    version_of,
)
from crew_runtime.common.atomic_file import replacing
from crew_runtime.machine.aws import AwsService
from crew_runtime.machine.parameter_store import ParameterError, ParameterStore

_OK: Final = 200
_PARTIAL: Final = 206
_NOT_FOUND: Final = 404
_PAST_THE_END: Final = 416
_ANSWERS: Final = (_OK, _PARTIAL, _NOT_FOUND, _PAST_THE_END)
_PART_BYTES: Final = 8 * 1024 * 1024
_OWN: Final = 0o600
_NAMESPACE: Final = re.compile(r"^\{.*\}")
# No step up, whatever a key says.
_FILE: Final = re.compile(r"[\w.-]*\w[\w.-]*(/[\w.-]*\w[\w.-]*)*")

_Objects = dict[str, str]
"""An agent's objects by their names below its folder, each with its ETag."""


class BucketSource:
    """A look is one request for a thousand objects; an object is read when it has changed.

    `secrets` is what the names of the agents' parameters begin with; without it they have no secrets of their own.
    """

    def __init__(self, bucket: str, prefix: str, secrets: str | None, environment: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._secrets = secrets
        self._s3 = AwsService("s3", environment)
        self._parameters = ParameterStore(environment)
        self._listed: dict[str, _Objects] = {}
        self._identities: dict[str, tuple[Path, str | None]] = {}

    def look(self) -> Mapping[str, str]:
        """Return the version of each agent that has a declaration; identities that have changed are read."""
        listed: dict[str, _Objects] = {}
        for key, etag in self._objects():
            agent_id, _, name = key.removeprefix(self._prefix).partition("/")
            if is_agent_id(agent_id) and _FILE.fullmatch(name):
                listed.setdefault(agent_id, {})[name] = etag
        self._listed = listed
        for agent_id in list(self._identities):
            self._refresh_identity(agent_id)
        return {
            agent_id: version_of(objects[DECLARATION], objects.get(ENVIRONMENT))
            for agent_id, objects in listed.items()
            if DECLARATION in objects
        }

    def read(self, agent_id: str, into: Path) -> Given:
        """Copy an agent's declaration and what lies beside it; its secrets are in its parameter."""
        self._refresh_identity(agent_id)
        for name in self._listed.get(agent_id, {}):
            if name.partition("/")[0] in BESIDE:
                file = into / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self._content(agent_id, name) or b"")
        declared = self._content(agent_id, DECLARATION)
        if declared is None:
            raise SourceError(f"{agent_id}: {DECLARATION} is gone")
        (into / DECLARATION).write_bytes(declared)
        open_to_jobs(into)
        environment = self._content(agent_id, ENVIRONMENT) or b""
        return Given(
            environment=variables_in(environment, ENVIRONMENT),
            secrets=variables_in(self._secret(agent_id).encode(), SECRETS),
            archive=archive_among(self._listed.get(agent_id, {}), declared.decode("utf-8", "replace")),
        )

    def fetch(self, agent_id: str, archive: Archive, folder: Path) -> Path:
        """Copy an archive part by part, so that none is in memory as a whole."""
        file = folder / "archive"
        key = quote(f"{self._prefix}{agent_id}/{archive.name}")
        with file.open("wb") as copy:
            while True:
                first = copy.tell()
                part = {"Range": f"bytes={first}-{first + _PART_BYTES - 1}"}
                status, body = self._get(f"{self._bucket}/{key}", part)
                if status == _NOT_FOUND:
                    raise SourceError(f"{agent_id}: {archive.name} is gone")
                copy.write(b"" if status == _PAST_THE_END else body)
                if status != _PARTIAL or len(body) < _PART_BYTES:
                    return file

    def identity_of(self, agent_id: str, folder: Path) -> Path:
        """Return the copy of the agent's identity."""
        file = folder / IDENTITY
        self._identities.setdefault(agent_id, (file, None))
        return file

    def _refresh_identity(self, agent_id: str) -> None:
        file, seen = self._identities[agent_id]
        etag = self._listed.get(agent_id, {}).get(IDENTITY)
        if etag == seen and file.exists() == (etag is not None):
            return
        content = None if etag is None else self._content(agent_id, IDENTITY)
        if content is None:
            file.unlink(missing_ok=True)
        elif file.parent.exists():
            with replacing(file) as copy:
                copy.write(content)
            file.chmod(_OWN)
        else:  # it is read with the declaration
            return
        self._identities[agent_id] = (file, etag)

    def _secret(self, agent_id: str) -> str:
        if self._secrets is None:
            return ""
        try:
            return self._parameters.value_of(f"{self._secrets}{agent_id}", decrypted=True) or ""
        except (ParameterError, BotoCoreError) as error:
            reason = str(error) if isinstance(error, ParameterError) else type(error).__name__
            raise SourceError(f"{agent_id}: its parameter below AGENT_SECRETS cannot be read ({reason})") from None

    def _objects(self) -> Iterator[tuple[str, str]]:
        """Yield all objects with their ETags."""
        query = {"list-type": "2", "encoding-type": "url", "prefix": self._prefix}
        while True:
            _, body = self._get(f"{self._bucket}?{urlencode(sorted(query.items()), quote_via=quote)}")
            page = ElementTree.fromstring(body)  # noqa: S314 - AWS wrote it
            yield from _contents(page)
            token = _text(page, "NextContinuationToken")
            if not token:
                return
            query["continuation-token"] = token

    def _content(self, agent_id: str, name: str) -> bytes | None:
        status, body = self._get(f"{self._bucket}/{quote(f'{self._prefix}{agent_id}/{name}')}")
        return None if status == _NOT_FOUND else body

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        place = f"s3://{self._bucket}/{self._prefix}"
        try:
            status, body = self._s3.ask("GET", path, headers=headers)
        except BotoCoreError as error:
            raise SourceError(f"{place} cannot be read ({type(error).__name__})") from None
        if status not in _ANSWERS or b"NoSuchBucket" in body[:500]:
            raise SourceError(f"{place} cannot be read ({status})")
        return status, body


def _contents(page: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for one in page:
        if _NAMESPACE.sub("", one.tag) == "Contents":
            yield unquote(_text(one, "Key")), _text(one, "ETag")


def _text(parent: ElementTree.Element, name: str) -> str:
    return next((one.text or "" for one in parent if _NAMESPACE.sub("", one.tag) == name), "")
