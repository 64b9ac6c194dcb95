"""Loads a crew that is written in Python: a folder with crew.py."""

import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.model_access import ModelAccess

if TYPE_CHECKING:
    from types import ModuleType

    from crewai import Crew

MODULE: Final = "crew"


class AuthorCodeError(Exception):
    """The folder's crew.py does not return a crew; the text tells its author why."""


def crew_of_folder(folder: Path, packages: Path | None, access: ModelAccess) -> "Crew":
    """Import crew.py and return its crew: from its one class under @CrewBase, or from its function `crew`.

    `packages` is the folder of what it imports beside the runtime's packages.

    Agents for which it names no model get the declared one, and so does any OpenAI client: their environment
    variables are set, in this process alone.

    Raises:
        AuthorCodeError: there is neither, or more than one, or it returns something else.
        Exception: whatever the folder's code raises.

    """
    from crewai import Crew

    os.environ.update(
        OPENAI_API_KEY=access.key,
        OPENAI_BASE_URL=access.api,
        OPENAI_API_BASE=access.api,
        MODEL=f"openai/{access.name}",  # whatever the name begins with, the API is OpenAI's
    )
    sys.dont_write_bytecode = True  # the folder may be read-only, and is not ours
    sys.path.insert(0, str(folder))
    if packages:
        sys.path.append(str(packages))  # after the runtime's own, so that nothing of them is replaced
    try:
        module = importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        raise AuthorCodeError(
            f"crew.py needs the package {error.name}, which the runtime does not have: "
            "require it in the project's pyproject.toml or requirements.txt"
        ) from error
    crew = _maker(module)()
    if not isinstance(crew, Crew):
        raise AuthorCodeError(f"crew.py returns a {type(crew).__name__} instead of a crew: return a crewai.Crew")
    return crew


def _maker(module: "ModuleType") -> Any:  # noqa: ANN401 - the author's
    own = [found for found in vars(module).values() if getattr(found, "__module__", None) == module.__name__]
    classes: list[Any] = [found for found in own if inspect.isclass(found) and getattr(found, "is_crew_class", False)]
    function = next((found for found in own if inspect.isfunction(found) and found.__name__ == "crew"), None)
    if len(classes) == 1 and not function:
        made = classes[0]()
        if not callable(getattr(made, "crew", None)):
            raise AuthorCodeError(f"the class {classes[0].__name__} in crew.py has no method crew: add one under @crew")
        return made.crew
    if function and not classes:
        return function
    names = ", ".join(one.__name__ for one in classes) or "no class"
    raise AuthorCodeError(
        f"crew.py has {names} under @CrewBase and {'a' if function else 'no'} function crew: one is needed"
    )
