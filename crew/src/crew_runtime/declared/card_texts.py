"""What an agent's card says beside its name and description."""

from typing import Annotated

from pydantic import Field, StringConstraints

from crew_runtime.declared.strict import Strict

_Text = Annotated[str, StringConstraints(min_length=1)]


class Capability(Strict):
    """What the agent can do, and in which version."""

    name: _Text
    version: _Text


class Author(Strict):
    """Who offers the agent."""

    name: _Text
    contact_email: _Text | None = Field(default=None, alias="contactEmail")
    contact_other: _Text | None = Field(default=None, alias="contactOther")
    organization: _Text | None = None
