"""The entry point of a crew that its author defines in JSON: crew.jsonc, and a file for each agent in agents/."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crewai import Crew


def crew() -> "Crew":
    """Return the crew of the project that is first on Python's path."""
    from crewai.project.crew_loader import load_crew

    made, _inputs = load_crew(_definition())
    found: Crew = made
    return found


def default_inputs() -> dict[str, Any]:
    """Return the values that the project itself has for its inputs."""
    from crewai.project.json_loader import load_json_crew_project

    return dict(load_json_crew_project(_definition()).definition.get("inputs") or {})


def _definition() -> Path:
    return Path(sys.path[0]) / "crew.jsonc"
