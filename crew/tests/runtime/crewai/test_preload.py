"""What every job begins with."""

from support.programs import run

PROGRAM = """
import sys
from crew_runtime.crewai import preload
assert preload.IMPORT_ERROR is None, preload.IMPORT_ERROR
assert "crewai" in sys.modules
assert not {"fastapi", "httpx._main"} & set(sys.modules)
import fastapi, httpx._main
"""


def test_crewai_is_loaded_without_what_no_job_needs_and_an_author_s_code_may_import_that() -> None:
    run(PROGRAM)
