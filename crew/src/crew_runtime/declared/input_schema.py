"""What an agent asks its customers: the fields of an input schema (MIP-003, attachment 01)."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

FieldType = Literal[
    "string", "text", "textarea", "search", "password", "email", "url", "tel", "hidden", "color",
    "number", "range", "boolean", "checkbox", "option", "radio", "multiselect",
    "date", "datetime-local", "time", "month", "week", "file", "none",
]  # fmt: skip

CHOICES: Final = ("option", "radio", "multiselect")
TEXTS: Final = ("string", "text", "textarea", "search", "password", "email", "url", "tel")


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


class InputRule(BaseModel):
    """One validation of a field; numbers and booleans are kept as text, as the network's marketplace sends them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: Literal["min", "max", "format", "optional", "accept"]
    value: Annotated[str, BeforeValidator(_as_text)]


class InputField(BaseModel):
    """One field; required unless its rules say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(min_length=1)
    type: FieldType
    name: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
    validations: tuple[InputRule, ...] = ()

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if self.type in CHOICES and not self.choices:
            raise ValueError(f"a field of type {self.type} needs data.values, a list of distinct texts")
        if self.type == "hidden" and not isinstance(self.data.get("value"), str):
            raise ValueError("a field of type hidden needs data.value, a text")
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen, in the order in which choices are numbered from 0."""
        values = self.data.get("values")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return ()
        return tuple(values) if len(set(values)) == len(values) else ()

    @property
    def is_optional(self) -> bool:
        """Whether a customer may leave the field out."""
        return self.type == "none" or "true" in self.rules("optional")

    def rules(self, validation: str) -> tuple[str, ...]:
        """All values of one kind of validation; all of them hold."""
        return tuple(rule.value for rule in self.validations if rule.validation == validation)

    def to_wire(self) -> dict[str, Any]:
        """Write the field so that the marketplace's parser reads it, which is stricter than MIP-003.

        It wants a name everywhere, `data` with every checkbox, and `tel_pattern` where MIP-003 writes `tel-pattern`.
        """
        wire: dict[str, Any] = {"id": self.id, "type": self.type, "name": self.name or self.id}
        if self.data or self.type == "checkbox":
            wire["data"] = self.data
        if self.validations:
            wire["validations"] = [
                {"validation": rule.validation, "value": rule.value.replace("tel-pattern", "tel_pattern")}
                for rule in self.validations
            ]
        return wire

    def example(self) -> object:
        """Return an example value for /demo, or None if the declaration has none."""
        if self.type in CHOICES:
            return self.data.get("default", self.choices[0])
        return self.data.get("default", self.data.get("value", self.data.get("placeholder")))
