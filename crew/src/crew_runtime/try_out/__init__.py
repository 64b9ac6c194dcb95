"""One job after another for an agent's author, without endpoints, identifier and payments."""

from typing import Final

PRELOAD: Final = "crew_runtime.crewai.preload_for_author"
"""What jobs begin with."""
