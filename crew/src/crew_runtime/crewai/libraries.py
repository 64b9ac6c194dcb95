"""Loads what CrewAI is built upon: that needs no settings and writes no files, so it need not wait for either."""

import gc
import sys
from contextlib import suppress
from importlib import import_module
from typing import Final

LEFT_OUT: Final = ("fastapi", "httpx._main")
"""CrewAI has a use for FastAPI in servers of A2A, which no job is, and goes without if it is not there: that saves 7 MB
and a twentieth of the time. So does httpx without what it is on a command line. An author's code can import both."""

# While modules load there is no garbage, only millions of new objects to walk through: a quarter of the time.
gc.disable()
sys.modules |= dict.fromkeys(LEFT_OUT)  # type: ignore[arg-type]
with suppress(Exception):  # whatever it is, CrewAI meets it again, and that is reported
    for _module in ("pydantic.main", "pydantic.json_schema", "httpcore", "httpx", "numpy"):
        import_module(_module)
