"""Health check of a container: `python -m crew_runtime.http.health` exits with 0 once the crew is up and built, else 1.

It imports little, as it runs every few seconds on a fraction of a core.
"""

import json
import os
import sys
from http.client import HTTPConnection, HTTPException
from typing import Final

_TIMEOUT_SECONDS: Final = 4


def unhealthy_because(port: int) -> str | None:
    """Return why the runtime on this machine is not healthy; None if it is."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:  # noqa: PLR2004 - the number says it best
            return f"/healthz answers {answer.status}"
        crew = json.loads(body)["crew"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        return f"/healthz does not answer as it should ({type(error).__name__})"
    finally:
        connection.close()
    return None if crew == "ready" else f"the crew is {crew}"


if __name__ == "__main__":
    sys.exit(unhealthy_because(int(os.environ["PORT"])))
