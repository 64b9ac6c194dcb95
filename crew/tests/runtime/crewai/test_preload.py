"""What every job begins with."""

import subprocess
import sys

PROGRAM = """
import sys
from crew_runtime.crewai import preload
assert preload.IMPORT_ERROR is None, preload.IMPORT_ERROR
assert "crewai" in sys.modules
assert "fastapi" not in sys.modules
import fastapi
"""


def test_crewai_is_loaded_without_what_no_job_needs_and_an_author_s_code_may_import_that() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], check=False)
    assert ended.returncode == 0
