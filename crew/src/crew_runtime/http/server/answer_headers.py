"""Headers of every answer, whichever part of the server gives it."""

from typing import Final

ON_EVERY_ANSWER: Final = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
"""Nobody in between keeps what is a customer's, and no browser takes it for something else than JSON."""
