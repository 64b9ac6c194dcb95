"""Packages of an agent in a container: unpacked when they come, for its jobs alone, and kept while they are needed."""

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


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    model = StubModel()
    started = Service(tmp_path, model.url, SHARED_CODE="1")
    yield started
    started.stop()
    model.close()


def test_jobs_import_the_packages_of_their_agent_and_of_no_other(service: Service) -> None:
    declare(service.agents, packed(LABELS))
    bare = service.agents
    (bare.path / "bare/code/abc").mkdir(parents=True)
    bare.write("bare", "code/abc/crew.py", CREW)
    bare.declare("bare", in_python())
    service.wait_for_state("ready", "tables").wait_for_state("unusable", "bare")
    assert "needs labels" in str(service.state("bare"))
    assert service.agent("tables").ended(service.agent("tables").start("pots"))["status"] == "completed"
