"""Packages of an agent in a container: unpacked when they come, for its jobs alone, and kept while they are needed.

Also what is told of code that needs what it does not get.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crew_runtime.agents.folder import FolderSource
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.hosting.assembly import Shared
from crew_runtime.hosting.configured_agent import ConfiguredAgent
from crew_runtime.hosting.opening import Opening
from crew_runtime.machine.service_settings import ServiceSettings
from support.declarations import in_python
from support.model import StubModel
from support.packages import NAME, claiming, named, packed
from support.service import Folder, Service

LABELS = {"./labels.py": b"TEXT = 'MARKER-packaged'\n", "./more/__init__.py": b"", "./more/broken.py": b"def ("}
CREW = b"""
import labels
from crewai import Agent, Crew, Task

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.", allow_delegation=False)
    return Crew(agents=[cook], tasks=[Task(description=labels.TEXT, expected_output="Text", agent=cook)])
"""


@pytest.fixture
def agents(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "agents")


@pytest.fixture
def opening(tmp_path: Path, agents: Folder) -> Opening:
    environment = {
        "PORT": "0", "DATA_DIR": str(tmp_path / "data"), "AGENTS": str(agents.path), "MODEL_NAME": "m",
        "MODEL_API": "http://127.0.0.1:1", "MODEL_KEY": "k", "SHARED_CODE": "1",
    }  # fmt: skip
    settings = ServiceSettings.from_environment(environment)
    return Opening(Shared.of(1, None), settings, FolderSource(agents.path), environment)


def declare(agents: Folder, content: bytes | None, name: str | None = None, **declared: object) -> None:
    """Declare an agent with the archive of its packages beside it; None is one without packages."""
    for folder in ("code/abc", "packages"):
        (agents.path / "tables" / folder).mkdir(parents=True, exist_ok=True)
    agents.write("tables", "code/abc/crew.py", CREW)
    if content is not None:
        agents.write("tables", name or named(content), content)
    agents.declare("tables", in_python(packages=NAME if content else None) | declared)


def packages_of(configured: ConfiguredAgent) -> Path:
    return configured.settings.agent_declaration.parent / NAME


def test_packages_are_unpacked_and_compiled_once_for_all_declarations(agents: Folder, opening: Opening) -> None:
    declare(agents, packed(LABELS))
    first = packages_of(opening.configure("tables")[0])
    assert (first / "labels.py").read_bytes() == LABELS["./labels.py"]
    assert list(first.glob("__pycache__/labels.*.pyc"))
    modes = {path.stat().st_mode & 0o777 for path in [first, *first.rglob("*")]}
    assert modes == {0o755, 0o644}
    declare(agents, packed(LABELS), name="changed")
    second = packages_of(opening.configure("tables")[0])
    assert second.resolve() == first.resolve()
    assert second != first


def test_packages_go_with_the_last_declaration_that_names_them(agents: Folder, opening: Opening) -> None:
    declare(agents, packed(LABELS))
    before, _ = opening.configure("tables")
    unpacked = packages_of(before).resolve()
    opening.tidy(before)
    assert unpacked.is_dir()
    declare(agents, None)
    after, _ = opening.configure("tables")
    assert unpacked.is_dir(), "a job may still import them"
    opening.tidy(after)
    assert list(unpacked.parent.iterdir()) == []
    declare(agents, packed(LABELS))
    opening.configure("tables")
    opening.let_go("tables")
    assert not unpacked.parent.exists()


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (packed(LABELS), f"{NAME}.{'0' * 64}.tgz", "is not what its name says"),
        (b"half an archive", None, "cannot be unpacked"),
        (packed(LABELS)[:100], None, "cannot be unpacked"),
        (packed({"../../escaped.py": b"x = 1"}), None, "cannot be unpacked"),
        (claiming(3 * 1024**3), None, "cannot be unpacked .*more than 2 GiB"),
    ],
    ids=["another one", "no archive", "half of one", "one that leads elsewhere", "one that would fill the disk"],
)
def test_what_is_no_whole_archive_makes_its_agent_unusable(
    agents: Folder, opening: Opening, tmp_path: Path, content: bytes, name: str | None, problem: str
) -> None:
    declare(agents, content, name)
    with pytest.raises(ConfigurationError, match=problem):
        opening.configure("tables")
    assert not list(tmp_path.rglob("escaped.py"))
    assert not list((tmp_path / "data/hosted/tables/declared").iterdir())


LACKING = {
    "packages": (CREW, "needs labels"),
    "mcp-server": (
        b"""
from crewai import Agent, Crew, Task

def crew():
    cook = Agent(role="Cook", goal="Cook", backstory="You cook.", mcps=["https://127.0.0.1:9/mcp?key=secret"])
    return Crew(agents=[cook], tasks=[Task(description="Cook", expected_output="Text", agent=cook)])
""",
        "the MCP server https://127.0.0.1:9/mcp does not answer",
    ),
}
"""What an agent's code does not get, by the agent's id: the code, and what is told."""


@pytest.fixture(scope="module")
def service(shared_model: StubModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of an agent that has its packages, and of some whose code lacks something."""
    started = Service(tmp_path_factory.mktemp("service"), shared_model.url, SHARED_CODE="1")
    declare(started.agents, packed(LABELS))
    for lacking, (code, _) in LACKING.items():
        (started.agents.path / lacking / "code/abc").mkdir(parents=True)
        started.agents.write(lacking, "code/abc/crew.py", code)
        started.agents.declare(lacking, in_python())
    started.wait_for_state("ready", "tables").wait_for_state("unusable", *LACKING)
    yield started
    started.stop()


def test_jobs_import_the_packages_of_their_agent(service: Service) -> None:
    tables = service.agent("tables")
    assert tables.ended(tables.start("pots"))["status"] == "completed"


@pytest.mark.parametrize("lacking", LACKING)
def test_an_agent_whose_code_lacks_something_is_not_ready_and_its_operator_is_told_what(
    service: Service, lacking: str
) -> None:
    with service.internal as internal:
        readiness = internal.get(f"/{lacking}/readyz")
    assert readiness.status_code == 503
    assert LACKING[lacking][1] in str(readiness.json()["problems"])
    assert "secret" not in readiness.text
    available = service.agent(lacking).get("/availability")[1]
    assert available["status"] == "unavailable"
    assert available["message"] == "The agent cannot be used at the moment. Its operator has to look into it."
