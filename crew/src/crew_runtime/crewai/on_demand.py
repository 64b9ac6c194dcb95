"""Loads what CrewAI imports, and no job needs at first, when somebody asks for it.

The modules below collect names from a thousand others, or tables of megabytes: a third of the time and of the memory
that CrewAI takes. While CrewAI loads, they are not run. A name that such a module takes from another comes from there
as soon as somebody asks for it, by the `__getattr__` that a module may have (PEP 562); any other name runs the module.
Whoever uses one finds the same objects in it, and the same errors, only later.
"""

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib import import_module
from importlib._bootstrap import (  # type: ignore[attr-defined] # nothing public takes the locks that imports take
    _DeadlockError,
    _ModuleLockManager,
)
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import resolve_name
from symtable import symtable
from types import ModuleType
from typing import Any, Final

from crew_runtime.crewai.names_on_demand import LateNamesLoader, give_loader

MODULES: Final = (
    "chromadb",
    "chromadb.api",
    "chromadb.errors",
    "chromadb.utils",
    "crewai.rag",
    "crewai_core.platform_apps",
    "jsonref",
)
PACKAGES_BELOW: Final = ("crewai.rag.embeddings.providers.", "openai.")
"""What is loaded that way: these modules, and the packages (not modules) whose names begin like that."""

WITH_LATE_NAMES: Final = (
    "crewai.flow",
    "crewai.flow.runtime",
    "crewai.knowledge.storage.knowledge_storage",
    "crewai.llms.providers.openai.completion",
    "openai",
    "openai.resources.beta.beta",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
)
"""Modules that are run, but take from others when they use it: their functions alone do (`names_on_demand.py`)."""


@contextmanager
def loading_on_demand() -> Iterator[None]:
    """Load that way what is imported in the block; by one thread only."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        has_late_names = fullname in WITH_LATE_NAMES
        if not has_late_names and fullname not in MODULES and not fullname.startswith(PACKAGES_BELOW):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            if has_late_names:
                spec.loader = LateNamesLoader(spec.loader)
            elif fullname in MODULES or spec.submodule_search_locations:
                spec.loader = _LaterLoader(spec.loader)
        return spec


class _LaterLoader(Loader):
    """Gives a module its names without running it."""

    def __init__(self, loader: SourceFileLoader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        give_loader(module, self._loader)
        taken, values = _names_in(self._loader.get_source(module.__name__) or "", module.__package__ or "")
        if any(other == f"{module.__name__}.{name}" for name, (other, _) in taken.items()):
            self._loader.exec_module(module)  # one name is that of a module in it, and of something else as well
            return
        vars(module).update(values)
        _NotRun(module, self._loader, taken).give_names()


class _NotRun:
    """A module that has not been run, and the names that it takes from others: from which, under which name."""

    def __init__(self, module: ModuleType, loader: SourceFileLoader, taken: Mapping[str, tuple[str, str]]) -> None:
        self._module = module
        self._loader = loader
        self._taken = taken
        self._is_run = False
        self._functions = {"__getattr__": self._get, "__dir__": self._list}

    def give_names(self) -> None:
        vars(self._module).update(self._functions)
        setting = {"__setattr__": lambda _, name, value: self._set(name, value)}
        self._module.__class__ = type("_LaterModule", (ModuleType,), setting)

    def _get(self, name: str) -> Any:  # noqa: ANN401 - any object
        names = vars(self._module)
        source, attribute = self._taken.get(name, (self._module.__name__, name))
        if source != self._module.__name__:
            return names.setdefault(name, getattr(__import__(source, fromlist=(attribute,)), attribute))
        missing = AttributeError(f"module {source!r} has no attribute {name!r}")
        if attribute not in self._made:
            if name[:2] == "__" and name not in {"__all__", *self._taken}:  # every module is asked for some of these
                raise missing
            below = f"{source}.{attribute}"
            try:
                if "__path__" in names:
                    return import_module(below)
            except ModuleNotFoundError as error:
                if error.name != below:
                    raise
        self._run()
        if name in names:
            return names[name]
        raise missing

    @cached_property
    def _made(self) -> frozenset[str]:
        """The names that the module's source binds itself, and takes from nobody."""
        table = symtable(self._loader.get_source(self._module.__name__) or "", self._module.__name__, "exec")
        return frozenset(symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned())

    def _list(self) -> list[str]:
        self._run()
        return sorted(vars(self._module))

    def _set(self, name: str, value: object) -> None:
        """Run the module first, unless it is the import system that sets something."""
        if not isinstance(value, ModuleType) and name[:2] != "__":
            self._run()
            instead = sys.modules.get(self._module.__name__)
            if instead is not None and instead is not self._module:
                setattr(instead, name, value)
                return
        vars(self._module)[name] = value

    def _run(self) -> None:
        """Run the module, once.

        The lock is the one that an import of it takes: Python notices when threads wait for each other's, and lets one
        go on with a module that is half run.
        """
        with ExitStack() as locked:
            try:
                locked.enter_context(_ModuleLockManager(self._module.__name__))
            except _DeadlockError:
                return
            if self._is_run:
                return
            self._is_run = True
            try:
                self._loader.exec_module(self._module)
            except BaseException:
                self._is_run = False
                raise
            names = vars(self._module)
            for name, function in self._functions.items():
                if names[name] is function:
                    del names[name]
            self._leave()

    def _leave(self) -> None:
        """Let the module be as any other, or be replaced by what it has put in its place."""
        package, _, name = self._module.__name__.rpartition(".")
        instead = sys.modules.get(self._module.__name__)
        if instead is self._module:
            self._module.__class__ = ModuleType
        elif instead and package:
            setattr(sys.modules[package], name, instead)


def _names_in(source: str, package: str) -> tuple[dict[str, tuple[str, str]], dict[str, object]]:
    """Return the names that a module takes from others, and those that it gives a constant or a builtin."""
    taken: dict[str, tuple[str, str]] = {}
    values: dict[str, object] = {}
    for statement in ast.parse(source).body:
        match statement:
            case ast.ImportFrom(module, names, level):
                other = resolve_name("." * level + (module or ""), package) if level else module or ""
                taken |= {name.asname or name.name: (other, name.name) for name in names if name.name != "*"}
            case ast.Assign([ast.Name(name)], ast.Constant(value)):
                values[name] = value
            case ast.AnnAssign(ast.Name(name), _, ast.Name(builtin)) if hasattr(builtins, builtin):
                values[name] = getattr(builtins, builtin)
    return taken, values
