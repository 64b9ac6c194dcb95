"""Imported by the fork server once, so that every worker begins with CrewAI loaded.

Importing CrewAI takes seconds, forking milliseconds. What CrewAI prints is discarded: it would land among the log
lines, and may quote a customer. A failed import is remembered, so that jobs can report it.
"""

import gc
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from crew_runtime.crewai.agent_state import share_state_class
from crew_runtime.crewai.first_call import make_first_calls
from crew_runtime.crewai.libraries import LEFT_OUT
from crew_runtime.crewai.models_on_demand import building_on_demand
from crew_runtime.crewai.on_demand import loading_on_demand
from crew_runtime.crewai.tls import share_tls_context
from crew_runtime.machine.confinement import hide_from_others

hide_from_others()

_nowhere = os.open(os.devnull, os.O_WRONLY)
for _stream in (1, 2):
    os.dup2(_nowhere, _stream)
os.close(_nowhere)

IMPORT_ERROR: str | None = None
try:
    with ThreadPoolExecutor(1) as _beside, loading_on_demand(), building_on_demand():
        for _module in ("httpcore", "httpx"):
            import_module(_module)
        _sharing = _beside.submit(share_tls_context)  # nearly all of it without the interpreter's lock
        for _module in (
            "chromadb.utils",  # not run, but there, as when all of chromadb is
            "crewai",
            "crewai.core.providers.human_input",
            "crewai.tools",
            "crew_runtime.crewai.worker_main",
            "crew_runtime.tools.fetch_page",  # in every trial and job it would be half of what building the crew costs
            # What follows would be imported at a job's first call of the model, and take a second each time.
            "crewai.hooks.contexts",
            "crewai.llms.cache",
            "crewai.llms.providers.openai.completion",
            "crewai.llms.providers.utils.common",
            "crewai.skills.tool",
            "crewai.tasks.hallucination_guardrail",
            "crewai.telemetry.tracing.session",
            "encodings.idna",
            "openai.resources.beta.beta",
            "openai.resources.chat.chat",
        ):
            import_module(_module)
        _sharing.result()
    share_state_class()
    make_first_calls()
except Exception as error:  # noqa: BLE001 - whatever a library does at import, the fork server has to live on
    IMPORT_ERROR = f"{type(error).__name__}: {error}"
finally:
    for _module in LEFT_OUT:
        del sys.modules[_module]
# Frozen, what is loaded stays shared with the jobs' processes, whose collector would touch each object.
gc.freeze()
gc.enable()
