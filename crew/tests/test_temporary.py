"""Temporary files lie in the data folder, and a start removes what a killed runtime left there."""

import tempfile
from pathlib import Path

import pytest

from crew_runtime.temporary import make_temporary_folder
from support.runtime import Runtime


@pytest.fixture(autouse=True)
def _own_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_what_a_killed_runtime_left_is_removed(tmp_path: Path) -> None:
    left = make_temporary_folder(tmp_path) / "pymp-left" / "listener"
    left.parent.mkdir()
    left.write_text("")
    assert make_temporary_folder(tmp_path) == tmp_path / "tmp"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert tempfile.gettempdir() == str(tmp_path / "tmp")


def test_a_data_folder_too_deep_for_a_socket_leaves_it_to_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = make_temporary_folder(tmp_path / ("deep" * 30))
    assert folder.parent == tmp_path
    assert folder.is_dir()


def test_the_fork_servers_socket_is_in_the_data_folder(runtime: Runtime) -> None:
    runtime.wait_until_ready()
    assert [path.name for path in runtime.data.glob("tmp/pymp-*/*") if path.is_socket()]
