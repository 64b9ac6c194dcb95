"""Lets a module take names from others when it first uses them, as Python itself can from 3.15 on (PEP 810).

`from other import name` costs what `other` costs, also where only a function uses the name. In a module that is loaded
this way such a name waits. What a module lacks, CPython looks up in the mapping that the module has as `__builtins__`:
there the name is imported, whatever uses it, also while the module still runs. Whoever asks the module for the name
gets it by the `__getattr__` that a module may have (PEP 562).
"""

import builtins
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import resolve_name
from types import ModuleType
from typing import Any, Final, NamedTuple, NoReturn, cast

_BUILTINS: Final = vars(builtins)


def give_loader(module: ModuleType, loader: SourceFileLoader) -> None:
    """Have a module say that it was loaded as it would have been without us."""
    module.__loader__ = loader
    if module.__spec__:
        module.__spec__.loader = loader


class LateNamesLoader(Loader):
    """Runs a module, and lets the names that it takes from others wait."""

    def __init__(self, loader: SourceFileLoader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; it has the loader afterwards that it has otherwise."""
        give_loader(module, self._loader)
        code = self._loader.get_code(module.__name__)
        if code:
            names = cast("Mapping[str, object]", _Names(module))
            exec(code, vars(module), names)  # noqa: S102 - as every loader does


class _Late(NamedTuple):
    """What `from module import name` gives while the module runs."""

    module: str
    name: str

    def take(self) -> Any:  # noqa: ANN401 - any object
        """Import it.

        Raises:
            ImportError: there is no such module, or it has no such name.

        """
        module = __import__(self.module, fromlist=(self.name,))
        try:
            return getattr(module, self.name)
        except AttributeError:
            raise ImportError(f"cannot import name {self.name!r} from {self.module!r}") from None


class _Source:
    """Stands for the module in `from module import name`."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> _Late:
        return _Late(self._module, name)


class _Builtins(dict[str, Any]):
    """The builtins as they are when one is used, and the names that wait; the interpreter itself asks for some keys."""

    def __init__(self, take: Callable[[str], Any], **own: object) -> None:
        super().__init__(vars(builtins), **own)
        self._own = own
        self._take = take

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any object
        if name in self._own:
            return self._own[name]
        try:
            return _BUILTINS[name]
        except KeyError:
            return self._take(name)


class _Names:
    """What a module names: the mapping that its code runs with."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module.__name__
        self._package = module.__package__ or ""
        self._names = vars(module)
        self._late: dict[str, _Late] = {}
        self._give_others: Callable[[str], Any] = self._give_none
        self._names["__builtins__"] = _Builtins(self._take, __import__=self._import)
        self._names.update(__getattr__=self._give, __dir__=lambda: sorted({*self._names, *self._late}))

    def __getitem__(self, name: str) -> object:
        return self._take(name)

    def __setitem__(self, name: str, value: object) -> None:
        self._late.pop(name, None)
        if name == "__getattr__":
            self._give_others = cast("Callable[[str], Any]", value)
        elif not isinstance(value, _Late):
            self._names[name] = value
        elif self._is_found_elsewhere(name, value):
            self._names[name] = value.take()
        else:
            self._names.pop(name, None)
            self._late[name] = value

    def _is_found_elsewhere(self, name: str, late: _Late) -> bool:
        """Return whether a builtin has that name, or a module below this one, which is set here when it is imported."""
        if hasattr(builtins, name) or late.module == self._module:
            return True
        below = f"{self._module}.{name}"
        return "__path__" in self._names and PathFinder.find_spec(below, self._names["__path__"]) is not None

    def __delitem__(self, name: str) -> None:
        if self._late.pop(name, None) is None:
            del self._names[name]

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the interpreter's word for it
        locals: object = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> object:
        """Import as the statement says, except in the module's own lines `from module import name`."""
        if locals is not self or not fromlist or "*" in fromlist:
            return builtins.__import__(name, globals, None, fromlist or (), level)
        return _Source(resolve_name("." * level + name, self._package) if level else name)

    def _take(self, name: str) -> Any:  # noqa: ANN401 - any object
        """Give a name that the module has or takes from another.

        Raises:
            KeyError: it does not.
            ImportError: the other has no such name, or is missing.

        """
        late = self._late.get(name)
        if late is not None:
            self._names[name] = late.take()
            self._late.pop(name, None)
        return self._names[name]

    def _give(self, name: str) -> Any:  # noqa: ANN401 - any object
        """Give a name to whoever asks the module for it; also a module below it that would be there by now."""
        try:
            return self._take(name)
        except KeyError:
            below = f"{self._module}.{name}"
            if any(f"{late.module}.".startswith(f"{below}.") for late in self._late.values()):
                return import_module(below)
            return self._give_others(name)

    def _give_none(self, name: str) -> NoReturn:
        raise AttributeError(f"module {self._module!r} has no attribute {name!r}")
