"""Temporary files lie in the data folder, and a start removes what a killed runtime left there."""

import tempfile
from pathlib import Path

import pytest

from crew_runtime.common.temporary import make_temporary_folder


@pytest.fixture(autouse=True)
def _own_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_what_a_killed_runtime_left_is_removed(tmp_path: Path) -> None:
    left = make_temporary_folder(tmp_path) / "left" / "file"
    left.parent.mkdir()
    left.write_text("")
    assert make_temporary_folder(tmp_path) == tmp_path / "tmp"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert tempfile.gettempdir() == str(tmp_path / "tmp")
