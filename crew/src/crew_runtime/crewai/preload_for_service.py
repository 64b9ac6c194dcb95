"""Loads CrewAI as for any job, and what some jobs ask for, which each of them would load again.

Answers of the model that follow a schema, those of guardrails among them, come by a part of OpenAI's client that takes
a quarter of a second and 10 MB. A single job, as an author tries it, loads it when it gets there.
"""

import gc
from importlib import import_module

from crew_runtime.crewai import preload
from crew_runtime.crewai.models_on_demand import building_on_demand
from crew_runtime.crewai.on_demand import loading_on_demand

if preload.IMPORT_ERROR is None:
    gc.disable()
    try:
        with loading_on_demand(), building_on_demand():
            for _module in ("crewai.tasks.hallucination_guardrail", "openai.resources.beta.beta"):
                import_module(_module)
    except Exception as error:  # noqa: BLE001 - as in preload
        preload.IMPORT_ERROR = f"{type(error).__name__}: {error}"
    gc.freeze()
    gc.enable()
