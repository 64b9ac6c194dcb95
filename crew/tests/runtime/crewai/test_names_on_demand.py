"""A module's names wait until somebody uses them, and nobody can tell but by what is loaded."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from crew_runtime.crewai.on_demand import WITH_LATE_NAMES
from support.programs import run

OTHERS = {
    "animals.py": """
LOG.append("animals")
class Cat:
    sound = "meow"
class Dog: pass
max = "a whale"
rose = "a cow"
""",
    "visitor.py": "from garden import Cat\nLOG.append(Cat.sound)\n",
    "garden/beds.py": 'LOG.append("beds")\nclass Rose: pass\n',
    "garden/rose.py": "def rose():\n    return 'red'\n",
}

BEGIN = """
import builtins, sys
sys.path.insert(0, "")
LOG = builtins.LOG = []
from crew_runtime.crewai import on_demand
on_demand.WITH_LATE_NAMES = ("garden",)
with on_demand.loading_on_demand():
    import garden
"""

GARDEN = """
from animals import Cat, Dog as Hound
def speak():
    return Cat.sound
"""


def visit(source: str, program: str, folder: Path) -> str:
    (folder / "garden").mkdir()
    for name, text in {**OTHERS, "garden/__init__.py": source}.items():
        (folder / name).write_text(text)
    return run(BEGIN + program, folder)


@pytest.mark.parametrize(
    ("source", "program", "printed"),
    [
        (GARDEN, "print(LOG)", "[]"),
        (GARDEN, "print(garden.speak(), LOG)", "meow ['animals']"),
        (GARDEN, "print(garden.Cat.sound, LOG)", "meow ['animals']"),
        (GARDEN, "from garden import Hound; print(Hound.__name__, hasattr(garden, 'Dog'))", "Dog False"),
        (GARDEN, "print('Cat' in dir(garden), 'speak' in dir(garden), LOG)", "True True []"),
        (GARDEN, "print(hasattr(garden, 'Lion'), LOG)", "False []"),
        (GARDEN, "garden.Cat = garden.Hound; garden.Cat.sound = 'woof'; print(garden.speak())", "woof"),
        (GARDEN, "import importlib; importlib.reload(garden); print(garden.speak(), LOG)", "meow ['animals']"),
        (GARDEN, "import inspect; print('def speak' in inspect.getsource(garden))", "True"),
        (GARDEN, "print(garden.__spec__.loader.__class__.__name__)", "SourceFileLoader"),
        (GARDEN, "print(eval('Cat.sound', vars(garden)), LOG)", "meow ['animals']"),
        ("from animals import Cat\nclass Lion(Cat): pass", "print(garden.Lion.sound, LOG)", "meow ['animals']"),
        ("from animals import Cat\nclass Keeper:\n    cat: Cat", "print(LOG)", "['animals']"),
        ("from animals import Cat\ndef feed(cat: Cat): pass", "print(LOG)", "['animals']"),
        (
            "from __future__ import annotations\nfrom animals import Cat\ndef feed(cat: Cat): pass",
            "import typing; print(LOG[:], typing.get_type_hints(garden.feed)['cat'] is garden.Cat)",
            "[] True",
        ),
        ("from animals import max\ndef longest():\n    return max", "print(garden.longest())", "a whale"),
        ("from animals import Cat\nCat = 1\ndef cat():\n    return Cat", "print(garden.cat(), LOG)", "1 []"),
        ("from animals import Cat\ndel Cat", "print(hasattr(garden, 'Cat'), LOG)", "False []"),
        ("from animals import *\ndef cat():\n    return Cat", "print(LOG[:], garden.cat().sound)", "['animals'] meow"),
        ("import animals", "print(LOG[:], garden.animals.Cat.sound)", "['animals'] meow"),
        ("def cat():\n    from animals import Cat\n    return Cat", "print(LOG[:], garden.cat().sound)", "[] meow"),
        ("from animals import Cat\ndef __getattr__(a):\n    return a", "print(garden.a, garden.Cat.sound)", "a meow"),
        ("def ask():\n    return input()", "builtins.input = lambda: 'tea'; print(garden.ask())", "tea"),
        ("def greet():\n    return _('hi')", "import gettext; gettext.install('none'); print(garden.greet())", "hi"),
        ("def parts():\n    return iter([1]).__reduce__()[1]", "print(garden.parts())", "([1],)"),
        ("from animals import Cat\nimport visitor", "print(LOG)", "['animals', 'meow']"),
        ("from .beds import Rose", "print(LOG[:], garden.Rose.__name__)", "[] Rose"),
        ("from . import beds\ndef rose():\n    return beds.Rose", "print(LOG[:], bool(garden.rose))", "['beds'] True"),
        ("from .beds import Rose", "print(LOG[:], garden.beds.Rose is garden.Rose)", "[] True"),
        ("import garden.rose\nfrom animals import rose", "print(garden.rose)", "a cow"),
        ("from .rose import rose", "import garden.rose; print(garden.rose())", "red"),
    ],
)  # fmt: skip
def test_a_name_is_taken_when_it_is_used(source: str, program: str, printed: str, tmp_path: Path) -> None:
    assert visit(source, program, tmp_path) == printed


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("from nowhere import cat\ndef see():\n    return cat", "ModuleNotFoundError No module named 'nowhere'"),
        ("from animals import cat\ndef see():\n    return cat", "ImportError cannot import name 'cat' from 'animals'"),
        ("def see():\n    return cat", "NameError name 'cat' is not defined"),
    ],
)
def test_a_name_that_is_not_there_is_missed_each_time_that_it_is_used(source: str, told: str, tmp_path: Path) -> None:
    program = """
for _ in range(2):
    try:
        garden.see()
    except Exception as error:
        print(type(error).__name__, error)
"""
    assert visit(source, program, tmp_path) == f"{told}\n{told}"


def test_threads_that_use_a_name_at_once_all_get_it(tmp_path: Path) -> None:
    program = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    said = list(threads.map(lambda number: garden.speak() if number % 2 else garden.Cat.sound, range(64)))
print(set(said), LOG)
"""
    assert visit(GARDEN, program, tmp_path) == "{'meow'} ['animals']"


def source_of(module: str) -> Path:
    """Find a module's file without importing anything."""
    package, *names = module.split(".")
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    place = Path(spec.submodule_search_locations[0]).joinpath(*names)
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@pytest.mark.parametrize("module", WITH_LATE_NAMES)
def test_no_module_of_the_table_goes_on_without_what_it_cannot_import(module: str) -> None:
    """It would miss it only when it uses it."""
    attempts = [one for one in ast.parse(source_of(module).read_text()).body if isinstance(one, ast.Try)]
    assert not any(isinstance(one, ast.ImportFrom) for attempt in attempts for one in ast.walk(attempt))


def test_each_module_of_the_table_has_names_that_wait() -> None:
    program = """
import sys
from crew_runtime.crewai import on_demand, preload
for name in on_demand.WITH_LATE_NAMES:
    if not vars(sys.modules[name])["__getattr__"].__self__._late:
        print(name)
"""
    assert run(program) == ""
