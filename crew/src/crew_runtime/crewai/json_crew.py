"""The entry point of a crew that its author defines in JSON: crew.jsonc, and a file for each agent in agents/."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crewai import Crew


def crew() -> "Crew":
    """Return the crew of the project that is first on Python's path."""
    from crewai.project.crew_loader import load_crew

    made, _inputs = load_crew(Path(sys.path[0]) / "crew.jsonc")
    found: Crew = made
    return found
