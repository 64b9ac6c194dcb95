"""Does jobs for an agent's author: `python -m crew_runtime.try_out <data folder>`.

One JSON object a line comes on standard input, and goes out on standard output (`conversation.py` names them). CrewAI
is loaded first of all, and once: while the rest is still imported, and for all jobs until the input ends. What jobs
print comes on the error stream; the runtime's own log is in the data folder.
"""

import asyncio  # noqa: F401 - as pydantic: what both processes need is imported before they part
import os
import sys
from pathlib import Path
from typing import Final

import pydantic.main  # noqa: F401

from crew_runtime.common.temporary import make_temporary_folder
from crew_runtime.machine.environment import replace_environment, scrubbed
from crew_runtime.runner.forking import SERVER
from crew_runtime.try_out import PRELOAD

_AFTER_CREWAI: Final = 5
"""What is imported meanwhile gives way to CrewAI, which takes longest, where there are few cores."""


def main() -> None:
    """Do jobs until the input ends."""
    data_dir = Path(sys.argv[1])
    temporary = make_temporary_folder(data_dir)
    replace_environment(scrubbed(os.environ, home=data_dir, temporary=temporary))
    SERVER.start_as_copy()
    SERVER.load(PRELOAD)
    os.nice(_AFTER_CREWAI)
    from crew_runtime.try_out.serve import serve  # noqa: PLC0415 - takes as long as CrewAI takes meanwhile

    serve(data_dir)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # without waiting for threads that wait for the fork server
