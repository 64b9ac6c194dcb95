"""Keeps CrewAI and its tools from calling home and from asking at a keyboard, whatever an author's code switches on."""

from functools import cache
from typing import Any, Final, NoReturn

from crew_runtime.crewai.author.errors import AuthorCodeError

_TRACING: Final = "should_enable_tracing"


@cache
def be_quiet() -> None:
    """Switch off tracing, also where a crew or flow has `tracing=True`, and questions of CrewAI's tools; once."""
    import click
    from crewai import crew
    from crewai.events.listeners.tracing import trace_listener, utils
    from crewai.flow import runtime

    for module in (utils, crew, runtime, trace_listener):
        if not hasattr(module, _TRACING):
            raise RuntimeError(f"{module.__name__} decides on tracing in an unknown way")
        setattr(module, _TRACING, _never)
    click.confirm = _refuse


def _never(*, override: bool | None = None) -> bool:  # noqa: ARG001 - CrewAI's
    return False


def _refuse(text: str, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - click's
    raise AuthorCodeError(
        f'a package asks "{text}", and a job has no keyboard: add what it misses to the dependencies of the project'
    )
