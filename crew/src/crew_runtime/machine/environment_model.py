"""Settings from environment variables."""

from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from crew_runtime.common.configuration import ConfigurationError, sentence_of

MEGABYTE: Final = 1024 * 1024


def split_words(value: object) -> object:
    """Return the words of a text that are separated by commas or spaces."""
    return tuple(filter(None, value.replace(",", " ").split())) if isinstance(value, str) else value


class EnvironmentModel(BaseModel):
    """Each field is the environment variable of the same name in capitals; its description is the remedy."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; an empty variable counts as absent, `none` as an empty list of origins.

        Raises:
            ConfigurationError: with every problem at once, each with its remedy and never with a value.

        """
        given = {name: environment.get(name.upper(), "").strip() for name in cls.model_fields}
        if given.get("cors_origins", "").lower() == "none":
            given["cors_origins"] = ","
        try:
            return cls.model_validate({name: value for name, value in given.items() if value})
        except ValidationError as error:
            raise ConfigurationError(
                f"{str(found['loc'][0]).upper()}: {sentence_of(found)}. "
                f"{cls.model_fields[str(found['loc'][0])].description}"
                for found in error.errors(include_url=False, include_input=False)
            ) from None
