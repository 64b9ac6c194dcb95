"""What a job reaches where jobs are users of their own: its own agent's declaration, and nothing of another's."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from crew_runtime.agents.folder import FolderSource
from crew_runtime.hosting.assembly import Shared
from crew_runtime.hosting.opening import Opening
from crew_runtime.machine.confinement import close_to_jobs
from crew_runtime.machine.service_settings import HOSTED_FOLDER, ServiceSettings
from crew_runtime.machine.users import JOBS, become_job
from crew_runtime.runner.forking import SERVER
from support.declarations import in_python, one_task
from support.packages import NAME, named, packed
from support.runtime import SENTINEL_KEY
from support.service import Folder

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root becomes other users, and in /proc"
)
DOCUMENT = "documents/handbook.md"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder below which users may reach what they are let into; what is made has the runtime's umask."""
    before = os.umask(0o077)
    with TemporaryDirectory(prefix="crew-isolation-") as made:
        Path(made).chmod(0o711)
        yield Path(made)
    os.umask(before)


@pytest.fixture
def opening(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Opening:
    monkeypatch.setattr(SERVER, "has_users", True)
    agents = Folder(folder / "agents-source")
    for name in ("mine", "other"):
        (agents.path / name / "documents").mkdir(parents=True)
        (agents.path / name / DOCUMENT).write_text(f"{name} alone")
        agents.declare(name, one_task(), secrets={"MODEL_KEY": SENTINEL_KEY})
    data = folder / "data"
    close_to_jobs(data, open_folders={HOSTED_FOLDER})
    close_to_jobs(data / HOSTED_FOLDER, open_folders=set())
    environment = {
        "PORT": "0", "DATA_DIR": str(data), "AGENTS": str(agents.path), "MODEL_NAME": "m", "SHARED_CODE": "1"
    }  # fmt: skip
    settings = ServiceSettings.from_environment(environment)
    source = FolderSource(agents.path)
    return Opening(Shared.of(1, None), settings, source, environment | {"MODEL_API": "http://127.0.0.1:1"})


def read_as(user: int, group: int, files: list[Path]) -> list[str | None]:
    """What a process of that user reads of each file; None where it may not."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            become_job(user, group)
            os.write(writing, json.dumps([_content(file) for file in files]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        answer: list[str | None] = json.load(said)
    return answer


def _content(file: Path) -> str | None:
    try:
        return str(list(file.iterdir())) if file.is_dir() else file.read_text()
    except PermissionError:
        return None


def test_a_job_reads_its_own_agent_s_documents_and_nothing_of_another_s(folder: Path, opening: Opening) -> None:
    mine, other = (opening.configure(name)[0].settings for name in ("mine", "other"))
    for settings in (mine, other):
        store = settings.data_dir / "jobs.sqlite"
        store.touch(mode=0o600)
    groups = [opening.group_of(name) for name in ("mine", "other")]
    assert len(set(groups)) == 2
    own = [mine.agent_declaration.parent / DOCUMENT, mine.data_dir / "jobs.sqlite", mine.data_dir]
    others = [
        other.agent_declaration,
        other.agent_declaration.parent / DOCUMENT,
        other.data_dir,
        other.data_dir / "jobs.sqlite",
        other.data_dir / "work",
        other.data_dir / "documents",
        folder / "data",
        folder / "data/hosted",
        folder / "agents-source",
        folder / "agents-source/mine/secrets.json",
        folder / "agents-source/other/secrets.json",
        folder / f"agents-source/other/{DOCUMENT}",
    ]
    assert read_as(JOBS[0], groups[0], own) == ["mine alone", None, None]
    assert read_as(JOBS[0], groups[0], others) == [None] * len(others)
    assert read_as(JOBS[1], groups[1], [others[1]]) == ["other alone"]


def test_a_job_imports_what_its_agent_s_archive_has_and_changes_nothing_there(folder: Path, opening: Opening) -> None:
    content = packed({"./labels.py": b"x = 1"})
    for place in ("code/abc", "packages"):
        (folder / "agents-source/mine" / place).mkdir(parents=True)
    agents = Folder(folder / "agents-source")
    agents.write("mine", "code/abc/crew.py", b"")
    agents.write("mine", named(content), content)
    agents.declare("mine", in_python(packages=NAME), secrets={"MODEL_KEY": SENTINEL_KEY})
    mine = opening.configure("mine")[0].settings
    opening.configure("other")
    module = mine.agent_declaration.parent / NAME / "labels.py"
    groups = [opening.group_of(name) for name in ("mine", "other")]
    assert read_as(JOBS[0], groups[0], [module]) == ["x = 1"]
    assert read_as(JOBS[1], groups[1], [module]) == [None]
    written = [path for path in [module.parent.resolve(), *module.parent.rglob("*")] if path.stat().st_mode & 0o022]
    assert written == []


def test_a_group_of_an_agent_that_is_gone_opens_nothing_to_who_gets_it_next(opening: Opening) -> None:
    mine = opening.configure("mine")[0].settings
    group = opening.group_of("mine")
    store = mine.data_dir / "kept"
    store.write_text("mine alone")
    store.chmod(0o644)
    assert read_as(JOBS[0], group, [store]) == ["mine alone"]
    opening.let_go("mine")
    opening.configure("other")
    assert opening.group_of("other") == group
    assert read_as(JOBS[0], group, [store]) == [None]


def test_no_process_becomes_a_job_in_a_group_that_is_no_agent_s() -> None:
    for group in (0, 10001, JOBS[5]):
        with pytest.raises(ValueError, match=str(group)):
            become_job(JOBS[0], group)
