"""A disk that is full: who is told, and in which words."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import StartRuntime
from crew_runtime.common.atomic_file import replacing
from crew_runtime.common.configuration import ConfigurationError
from crew_runtime.common.temporary import make_temporary_folder
from crew_runtime.job.job import Job
from crew_runtime.machine.settings import Settings
from crew_runtime.store import StoreUnavailableError, lock_data, open_store
from crew_runtime.store.sqlite import SqliteJobStore
from support.declarations import one_task
from support.jobs import author_code, outcome
from support.model import StubModel
from support.settings import GOOD

FULL = Path("/dev/full")
needs_a_full_device = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB, where the tests may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)  # noqa: S607
    if made.returncode != 0:
        pytest.skip("these tests may not mount")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607


def fill(disk: Path) -> Path:
    file = disk / "filling"
    with file.open("ab", buffering=0) as content:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    content.write(bytes(size))
            except OSError:
                continue
    return file


def job(words: str = "tea") -> Job:
    return Job(input_data={"topic": words}, agent_identifier="ab")


def test_a_job_store_without_room_names_its_file(tmp_path: Path) -> None:
    store = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    assert store._open  # noqa: SLF001 - there is no other way
    store._open.execute("PRAGMA max_page_count = 20")  # noqa: SLF001 - a store that is full, on a disk that is not
    with pytest.raises(StoreUnavailableError, match=rf"NO_SPACE: .*{tmp_path}/jobs\.sqlite"):
        store.add(job("x" * 1_000_000))
    store.disconnect()


@needs_a_full_device
def test_a_file_that_cannot_be_written_is_named_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    monkeypatch.setattr("os.getpid", lambda: 7)
    (tmp_path / "file.7.new").symlink_to(FULL)
    with pytest.raises(OSError, match=rf"No space left on device: '{file}'"), replacing(file) as content:
        content.write(b"new")
    assert file.read_text() == "old"


@needs_a_full_device
def test_a_job_without_room_fails_with_a_code_and_the_folder(tmp_path: Path, model: StubModel) -> None:
    source = f"def crew():\n    with open({str(FULL)!r}, 'w') as file:\n        file.write('tea')\n"
    answer = outcome(author_code(tmp_path, model.url, source))
    assert answer["failure"] == "NO_SPACE"
    assert answer["detail"].startswith("NO_SPACE: there is no space left for /")


def test_a_start_without_room_says_so(small_disk: Path) -> None:
    fill(small_disk)
    settings = Settings.from_environment(GOOD | {"DATA_DIR": str(small_disk / "data"), "MODEL_NAME": "m"})
    with (
        pytest.raises(ConfigurationError, match=r"DATA_DIR: NO_SPACE: .* Set DATA_DIR to a folder"),
        lock_data(settings.data_dir),
    ):
        open_store(settings, "agent")


def test_temporary_files_without_a_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"DATA_DIR: .*file/tmp cannot be made"):
        make_temporary_folder(tmp_path / "file")


def test_a_running_agent_tells_operators_refuses_jobs_and_recovers(
    start_runtime: StartRuntime, small_disk: Path
) -> None:
    runtime = start_runtime(
        one_task(), folder=small_disk, INTERNAL_PORT="0", MIN_FREE_DISK="100000", DATA_DIR=str(small_disk / "data")
    )
    runtime.identify()
    runtime.ended(runtime.start_job("tea"))
    with runtime.internal as internal:
        assert internal.get("/readyz").json()["checks"]["disk"] is True
        filling = fill(small_disk)
        readiness = internal.get("/readyz")
        assert (readiness.status_code, readiness.json()["checks"]["disk"]) == (503, False)
        assert "crew_disk_free_bytes 0" in internal.get("/metrics").text.splitlines()
        refused = runtime.http.post("/start_job", json={"input_data": {"topic": "x" * 100_000}})
        assert (refused.status_code, refused.json()["error"]) == (503, "STORE_UNAVAILABLE")
        assert str(small_disk) not in refused.text
        reason = runtime.wait_for_event("store_unavailable")["reason"]
        assert reason == f"NO_SPACE: there is no space left for {small_disk}/data/jobs.sqlite"
        filling.unlink()
        assert runtime.ended(runtime.start_job("x" * 100_000))["status"] == "completed"
        assert internal.get("/readyz").status_code == 200
