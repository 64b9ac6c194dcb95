"""Fetches the documents that are too large for an image, before the crew is built and any job begins."""

import asyncio
import json
import logging
import sys
import time
from typing import Final

from crew_runtime.common.logs import event
from crew_runtime.documents.fetch_request import Bucket, WantedDocument

_log: Final = logging.getLogger(__name__)
_MODULE: Final = "crew_runtime.documents.fetch"
_WITHIN_SECONDS: Final = 1800


class DocumentFetch:
    """Fetches documents from a bucket, in a process of its own, so that its memory is freed afterwards."""

    def __init__(self, bucket: Bucket, documents: list[WantedDocument], within: float) -> None:
        self._given = json.dumps({"bucket": bucket, "documents": documents, "within": within}).encode()
        self._count = len(documents)

    async def run(self) -> str | None:
        """Fetch what is not there yet; return the reason if that fails in the end."""
        begun = time.monotonic()
        pipe = asyncio.subprocess.PIPE
        isolated = ["-I"] if sys.flags.isolated else []
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *isolated, "-m", _MODULE, stdin=pipe, stdout=asyncio.subprocess.DEVNULL, stderr=pipe
            )
        except OSError as error:
            return f"the program that fetches documents cannot be started ({error.strerror})"
        try:
            async with asyncio.timeout(_WITHIN_SECONDS):
                _, said = await process.communicate(self._given)
        except TimeoutError:
            return f"the documents did not arrive within {_WITHIN_SECONDS} seconds"
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode == 0:
            seconds = round(time.monotonic() - begun, 3)
            event(_log, logging.INFO, "documents_fetched", documents=self._count, seconds=seconds)
            return None
        lines = said.decode("utf-8", "replace").strip().splitlines() or ["the program that fetches documents ended"]
        return lines[-1]
