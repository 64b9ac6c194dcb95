"""Has the documents fetched that are too large for an image, before the crew is built and any job begins."""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from crew_runtime.configuration import ConfigurationError
from crew_runtime.declared.declaration import Declaration, fetched_documents
from crew_runtime.documents.fetch_request import Bucket, WantedDocument
from crew_runtime.logs import event
from crew_runtime.machine.settings import Settings

_log: Final = logging.getLogger(__name__)
_MODULE: Final = "crew_runtime.documents.fetch"
_WITHIN_SECONDS: Final = 1800
# By these ECS tells a task where its role's credentials are.
_CREDENTIALS: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


class DocumentFetch:
    """What is to be fetched, and from where; runs as a process of its own, so that little of it stays in memory."""

    def __init__(self, bucket: Bucket, documents: list[WantedDocument], within: float) -> None:
        self._given = json.dumps({"bucket": bucket, "documents": documents, "within": within}).encode()
        self._count = len(documents)

    async def run(self) -> str | None:
        """Fetch what is not there yet; give the reason if that fails for good."""
        begun = time.monotonic()
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _MODULE, stdin=pipe, stdout=asyncio.subprocess.DEVNULL, stderr=pipe
            )
        except OSError as error:
            return f"the program that fetches documents cannot be started ({error.strerror})"
        try:
            async with asyncio.timeout(_WITHIN_SECONDS):
                _, said = await process.communicate(self._given)
        except TimeoutError:
            return f"the documents did not come within {_WITHIN_SECONDS} seconds"
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode == 0:
            seconds = round(time.monotonic() - begun, 3)
            event(_log, logging.INFO, "documents_fetched", documents=self._count, seconds=seconds)
            return None
        lines = said.decode("utf-8", "replace").strip().splitlines() or ["the program that fetches documents ended"]
        return lines[-1]


def document_fetch(
    settings: Settings, declaration: Declaration, environment: Mapping[str, str]
) -> DocumentFetch | None:
    """Find out what has to be fetched; None if every document lies beside the declaration.

    `environment` is the container's as it started: it says where the task's credentials are.

    Raises:
        ConfigurationError: there are such documents, and nothing says where they are.

    """
    beside = settings.agent_declaration.resolve().parent
    wanted = fetched_documents(declaration, beside, cache=settings.documents_cache)
    if not wanted:
        return None
    if settings.documents_location is None:
        names = ", ".join(document["name"] for document in wanted)
        problem = (
            f"DOCUMENTS_LOCATION: is missing, and {names} does not lie beside the declaration. "
            "Set it to the folder in a bucket that the document is in, such as s3://documents/my-agent."
        )
        raise ConfigurationError([problem])
    place = urlsplit(settings.documents_location)
    key = settings.documents_key
    bucket = Bucket(
        bucket=place.netloc,
        folder=place.path.strip("/"),
        region=settings.documents_region,
        endpoint=str(settings.documents_endpoint).rstrip("/") if settings.documents_endpoint else None,
        key=key.get_secret_value() if key else None,
        environment={name: environment[name] for name in _CREDENTIALS if name in environment},
    )
    return DocumentFetch(bucket, wanted, settings.documents_within)
