"""What CrewAI imports, and no job needs at first, is loaded when somebody asks for it, and the same then."""

from pathlib import Path

import pytest

from support.programs import run

PACKAGE = {
    "__init__.py": """
from .animals import Cat, Dog as Hound
from pathlib import Path
import missing_or_not
import collections
VERSION = "1"
__credits__ = list()
LOG.append("run")
def speak():
    return Cat.sound
""",
    "animals.py": 'LOG.append("animals")\nclass Cat:\n    sound = "meow"\nclass Dog: pass\n',
    "fish.py": "import nowhere\n",
    "speak.py": 'LOG.append("below")\n',
    "__main__.py": 'LOG.append("main")\n',
    "plants.py": "from . import animals\nfrom .animals import Cat\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "zoo").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / "zoo" / name).write_text(text)
    (tmp_path / "missing_or_not.py").write_text("")
    (tmp_path / "plain.py").write_text('LOG.append("plain")\nKind: type = str\nTABLE = dict(a=1)\n')
    return tmp_path


BEGIN = """
import builtins, sys
sys.path.insert(0, "")
LOG = builtins.LOG = []
from crew_runtime.crewai import on_demand
on_demand.MODULES = ("zoo", "plain")
with on_demand.loading_on_demand():
    import zoo, plain
"""


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("print(LOG)", "[]"),
        ("print(zoo.VERSION, LOG)", "1 []"),
        ("print(zoo.Cat.sound, LOG)", "meow ['animals']"),
        ("from zoo import Hound; print(Hound.__module__, Hound.__name__, LOG)", "zoo.animals Dog ['animals']"),
        ("import zoo.plants; print(zoo.plants.Cat is zoo.Cat, LOG)", "True ['animals']"),
        ("print(zoo.animals.__name__, LOG)", "zoo.animals ['animals']"),
        ("from zoo import *; print(Cat.sound, speak(), LOG)", "meow meow ['animals', 'run']"),
        ("print(zoo.collections.__name__, LOG)", "collections ['animals', 'run']"),
        ("print('speak' in dir(zoo), zoo.speak(), '__getattr__' in dir(zoo))", "True meow False"),
        ("zoo.Cat = 1; zoo.speak; print(zoo.Cat)", "1"),
        ("zoo.LION = 1; print(zoo.LION, LOG)", "1 ['animals', 'run']"),
        ("print(plain.Kind is str, LOG[:], plain.TABLE, LOG)", "True [] {'a': 1} ['plain']"),
        ("from plain import Kind; print(Kind is str, LOG)", "True []"),
        ("print(hasattr(zoo, 'lion'), hasattr(plain, 'lion'), LOG)", "False False ['animals', 'run', 'plain']"),
        ("print(*(hasattr(zoo, name) for name in ('__warningregistry__', '__main__')), LOG)", "False False []"),
        ("print(zoo.__credits__, LOG)", "[] ['animals', 'run']"),
        ("try:\n    from zoo import fish\nexcept ImportError as error:\n    print(error.name, LOG)", "nowhere []"),
        ("import pickle; print(pickle.loads(pickle.dumps(zoo.Cat)) is zoo.Cat)", "True"),
        ("import importlib; importlib.reload(zoo); print(LOG)", "['animals', 'run']"),
        ("import inspect; print('def speak' in inspect.getsource(zoo))", "True"),
        ("print(zoo.__spec__.loader.__class__.__name__, zoo.__path__ == list(zoo.__path__))", "SourceFileLoader True"),
        ("print(any('on_demand' in type(finder).__module__ for finder in sys.meta_path))", "False"),
    ],
)
def test_a_module_gives_its_names_and_is_run_only_for_those_that_it_makes_itself(
    folder: Path, program: str, printed: str
) -> None:
    assert run(BEGIN + program, folder) == printed


def test_a_module_that_fails_tells_why_each_time_that_it_is_asked(folder: Path) -> None:
    (folder / "missing_or_not.py").unlink()
    program = """
for _ in range(2):
    try:
        from zoo import speak
    except ImportError as error:
        print(type(error).__name__, error)
"""
    assert run(BEGIN + program, folder) == "\n".join(2 * ["ModuleNotFoundError No module named 'missing_or_not'"])


def test_a_package_that_is_missing_is_missed_as_ever(folder: Path) -> None:
    program = """
on_demand.MODULES = ("nowhere",)
with on_demand.loading_on_demand():
    try:
        import nowhere
    except ImportError as error:
        print(type(error).__name__, error.name, error)
"""
    assert run(BEGIN + program, folder) == "ModuleNotFoundError nowhere No module named 'nowhere'"


def test_threads_that_ask_at_once_all_find_the_module_run_once(folder: Path) -> None:
    (folder / "missing_or_not.py").write_text("import time\ntime.sleep(0.2)\n")
    program = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    said = list(threads.map(lambda number: zoo.speak() if number % 2 else zoo.Cat.sound, range(32)))
print(set(said), LOG)
"""
    assert run(BEGIN + program, folder) == "{'meow'} ['animals', 'run']"


@pytest.mark.parametrize(("asks_after", "printed"), [(0.1, "True True"), (0.5, "ImportError True")])
def test_threads_that_wait_for_each_other_s_modules_do_not_wait_for_ever(
    asks_after: float, printed: str, folder: Path
) -> None:
    """As with other modules, the thread that would close the ring goes on with what there is so far."""
    (folder / "zoo" / "animals.py").write_text("")
    (folder / "missing_or_not.py").write_text("import time\ntime.sleep(0.3)\nimport zoo.keeper\n")
    (folder / "zoo" / "keeper.py").write_text(f"import time\ntime.sleep({asks_after})\nfrom zoo import VISITORS\n")
    (folder / "zoo" / "__init__.py").write_text("import missing_or_not\nVISITORS = list()\n")
    program = """
import time
from concurrent.futures import ThreadPoolExecutor
def keep():
    try:
        import zoo.keeper
    except ImportError as error:
        return type(error).__name__
    return zoo.keeper.VISITORS is zoo.VISITORS
with ThreadPoolExecutor(2) as threads:
    keeping = threads.submit(keep)
    time.sleep(0.05)
    visiting = threads.submit(lambda: zoo.VISITORS == [])
    print(keeping.result(), visiting.result())
"""
    assert run(BEGIN + program, folder) == printed


def test_a_forked_process_loads_what_its_parent_has_not(folder: Path) -> None:
    program = """
import os
child = os.fork()
if child == 0:
    os._exit(0 if zoo.speak() == "meow" else 1)
print(os.waitpid(child, 0)[1], LOG)
"""
    assert run(BEGIN + program, folder) == "0 []"


BEGIN_LOADED = """
import sys
from crew_runtime.crewai import on_demand, preload
assert preload.IMPORT_ERROR is None, preload.IMPORT_ERROR
"""

NOT_RUN = """
later = {
    name: module
    for name, module in sys.modules.items()
    if type(getattr(vars(module).get("__getattr__"), "__self__", None)).__name__ == "_NotRun"
}
"""


def test_crewai_leaves_all_of_the_table_unused_while_it_loads() -> None:
    program = """
for wanted in (*on_demand.MODULES, *on_demand.PACKAGES_BELOW):
    if not any(name == wanted or wanted.endswith(".") and name.startswith(wanted) for name in later):
        print("not left:", wanted)
print("openai.types.beta.realtime" in sys.modules, "crewai_core.platform_catalog" in sys.modules)
print("chromadb.api.client" in sys.modules, "openai.resources.admin" in sys.modules)
waiting = ("chromadb.config", "jinja2", "openai.types.beta.thread", "openai.types.responses.response", "requests")
print(*(name for name in waiting if name in sys.modules))
"""
    assert run(BEGIN_LOADED + NOT_RUN + program) == "False False\nFalse False"


def test_each_name_is_the_one_that_the_module_itself_has_for_it() -> None:
    """Otherwise it makes the name in a way that is not understood, and cannot be in the table."""
    program = """
given = {name: vars(module)["__getattr__"].__self__ for name, module in later.items()}
for name, module in later.items():
    others = {each: value for each, value in vars(module).items() if each[:2] != "__" and "__getattr__" in vars(module)}
    found = {each: value for each, value in others.items() if not isinstance(value, type(sys))}
    for each, (other, attribute) in given[name]._taken.items():
        found[each] = getattr(__import__(other, fromlist=[attribute]), attribute)
    vars(module).update({each: None for each in found})
    given[name]._loader.exec_module(module)
    differing = [each for each, value in found.items() if vars(module)[each] is not value]
    if differing:
        print(name, differing)
print(len(later) > 10)
"""
    assert run(BEGIN_LOADED + NOT_RUN + program) == "True"


@pytest.mark.parametrize(
    "program",
    [
        "import chromadb; chromadb.EphemeralClient().create_collection('notes', embedding_function=None)",
        "import chromadb; chromadb.utils.embedding_functions.known_embedding_functions['default']",
        "from chromadb.config import Settings; from chromadb import Collection, get_settings; get_settings()",
        "from openai.types.beta.realtime import Session; Session()",
        "from openai import resources; resources.admin.Admin; resources.beta.AsyncBeta",
        "import openai; openai.types.Batch; openai.types.responses.Response; openai.resources.Embeddings",
        "import openai; openai.OpenAI(api_key='k').beta.threads; openai.AsyncOpenAI(api_key='k').fine_tuning.jobs",
        "from openai.types.chat import ChatCompletion as C, chat_completion as c; assert c.ChatCompletion is C",
        "import openai; assert isinstance(openai.types.chat.ChatCompletion.construct(), openai.BaseModel)",
        "from crewai_core.platform_apps import PLATFORM_APPS; assert len(PLATFORM_APPS) > 9",
        "import jsonref; jsonref.replace_refs({})",
        "import openai; assert issubclass(openai.AzureOpenAI, openai.OpenAI); openai.AssistantEventHandler",
        "from crewai.flow import visualize_flow_structure; from crewai.flow.runtime import render_interactive",
        "from crewai.knowledge.storage.knowledge_storage import ChromaDBConfig, KnowledgeStorage; KnowledgeStorage()",
        "from crewai.rag.embeddings.providers.openai import OpenAIProvider; OpenAIProvider(api_key='k')",
        "import httpx._main; httpx._main.main",
    ],
)
def test_an_author_s_code_may_use_what_is_loaded_on_demand(program: str) -> None:
    run(BEGIN_LOADED + program)


def test_what_an_author_sets_in_a_module_is_set_in_what_the_module_has_put_in_its_place() -> None:
    """The package `crewai.rag` replaces itself by an object that takes `config` and nothing else."""
    program = """
import sys
import crewai.rag
from crewai import rag
from crewai.rag.config import utils
from crewai.rag.chromadb.config import ChromaDBConfig
wanted = ChromaDBConfig(embedding_function=None)
rag.config = wanted
print(utils.get_rag_config() is wanted, crewai.rag is sys.modules["crewai.rag"])
for each in (rag, crewai.rag):
    try:
        each.other = 1
    except AttributeError as error:
        print(error)
"""
    refused = "Setting attribute 'other' is not allowed."
    assert run(BEGIN_LOADED + program) == f"True True\n{refused}\n{refused}"
