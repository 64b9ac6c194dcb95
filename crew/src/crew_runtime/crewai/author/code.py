"""Loads a crew or a flow that is written in Python, from an author's project."""

import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crew_runtime.crewai.author.embeddings import embed_by_gateway
from crew_runtime.crewai.author.errors import AuthorCodeError
from crew_runtime.crewai.author.mcp_servers import demand_mcp_servers
from crew_runtime.crewai.author.models import route_models, set_environment
from crew_runtime.crewai.outcome.failed_silently import note_failures
from crew_runtime.crewai.quiet import be_quiet
from crew_runtime.job.author_project import AuthorProject
from crew_runtime.job.model_access import ModelAccess

if TYPE_CHECKING:
    from types import ModuleType

    from crewai import Crew
    from crewai.flow import Flow

_REQUIREMENTS: Final = {"crewai_tools": "crewai[tools]", "mcpadapt": "crewai-tools[mcp]"}
"""What is to be required for a module whose package has another name."""
_THE_ONE: Final = "the package that has it"
"""Of other modules the package is not named: one that is called like the module may be somebody else's."""


def import_project(project: AuthorProject, access: ModelAccess) -> "ModuleType":
    """Import the module with the crew or flow, as Python does it where the author works.

    CrewAI is prepared before: for whatever model the code names, for knowledge and memory. What the author's packages
    have in common with the runtime's is the runtime's.

    Raises:
        AuthorCodeError: a package is missing.
        Exception: whatever the author's code raises.

    """
    set_environment(access)
    route_models(access)
    embed_by_gateway(access)
    demand_mcp_servers()
    note_failures()
    be_quiet()
    sys.dont_write_bytecode = True  # the project may be read-only, and is not ours
    sys.path[:0] = map(str, project.paths)
    if project.packages:
        sys.path.append(str(project.packages))
        _find_services_in(project.packages)
    with _missing_packages_told(project.module):
        return importlib.import_module(project.module)


def _find_services_in(packages: Path) -> None:
    """Let boto3 find the services of AWS that the author's packages describe.

    The runtime's botocore is imported, as it is first on the path, and in an image it describes S3 alone.
    """
    described = packages / "botocore" / "data"
    if described.is_dir():
        os.environ["AWS_DATA_PATH"] = str(described)


def crew_of(module: "ModuleType") -> "Crew":
    """Return the crew of the module's one class under @CrewBase, or of its function `crew`.

    Raises:
        AuthorCodeError: there is neither, or more than one, or it returns something else.

    """
    from crewai import Crew

    with _missing_packages_told(module.__name__):
        crew = _maker(module)()
    if not isinstance(crew, Crew):
        raise AuthorCodeError(
            f"{_file_of(module.__name__)} returns a {type(crew).__name__} instead of a crew: return a crewai.Crew"
        )
    return crew


def flow_of(module: "ModuleType") -> "Flow[Any]":
    """Return the flow of the one subclass of Flow that the module defines; one that others extend does not count.

    Raises:
        AuthorCodeError: there is none, or more than one, or it cannot be made without arguments.

    """
    from crewai.flow import Flow

    found: list[Any] = [one for one in _own(module) if inspect.isclass(one) and issubclass(one, Flow)]
    flows = [one for one in found if not any(one in other.__mro__[1:] for other in found)]
    if len(flows) != 1:
        names = ", ".join(one.__name__ for one in flows) or "no class"
        raise AuthorCodeError(f"{_file_of(module.__name__)} has {names} that is a flow: one is needed")
    wanted = _arguments_of(flows[0])
    if wanted:
        raise AuthorCodeError(f"the flow {flows[0].__name__} needs {', '.join(wanted)}: give them default values")
    with _missing_packages_told(module.__name__):
        flow: Flow[Any] = flows[0]()
    if not flow._start_method_names():  # noqa: SLF001 - CrewAI would run nothing, and call that a success
        raise AuthorCodeError(f"the flow {flows[0].__name__} has no method of its own under @start: add one")
    return flow


def crew_classes(folder: Path) -> list[Any]:
    """Return the classes under @CrewBase of a project's loaded modules that can be made without arguments."""
    files = [(one, getattr(one, "__file__", None)) for one in list(sys.modules.values())]
    modules = [one for one, file in files if file and Path(file).is_relative_to(folder)]
    found = [one for module in modules for one in _own(module) if inspect.isclass(one) and _is_crew(one)]
    return [one for one in found if not _arguments_of(one)]


@contextmanager
def _missing_packages_told(module: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        raise AuthorCodeError(
            f"{_file_of(module)} needs {name}, which is not installed: add {_REQUIREMENTS.get(name, _THE_ONE)} "
            "to the dependencies in the project's pyproject.toml or requirements.txt"
        ) from error


def _maker(module: "ModuleType") -> Any:  # noqa: ANN401 - the author's
    own = _own(module)
    classes: list[Any] = [found for found in own if inspect.isclass(found) and _is_crew(found)]
    function = next((found for found in own if inspect.isfunction(found) and found.__name__ == "crew"), None)
    file = _file_of(module.__name__)
    if len(classes) == 1 and not function:
        made = classes[0]()
        if not callable(getattr(made, "crew", None)):
            raise AuthorCodeError(f"the class {classes[0].__name__} in {file} has no method crew: add one under @crew")
        return made.crew
    if function and not classes:
        return function
    names = ", ".join(one.__name__ for one in classes) or "no class"
    raise AuthorCodeError(
        f"{file} has {names} under @CrewBase and {'a' if function else 'no'} function crew: one is needed"
    )


def _own(module: "ModuleType") -> list[Any]:
    """Return what the module defines itself, each once."""
    own = [one for one in vars(module).values() if getattr(one, "__module__", None) == module.__name__]
    return list({id(one): one for one in own}.values())


def _is_crew(found: type) -> bool:
    return bool(getattr(found, "is_crew_class", False))


def _arguments_of(made: Any) -> list[str]:  # noqa: ANN401 - a class
    """Return the names of the arguments without which a class cannot be called."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(made).parameters.values()
    return [one.name for one in parameters if one.default is one.empty and one.kind not in kinds]


def _file_of(module: str) -> str:
    return f"{module.replace('.', '/')}.py"
