"""A file that is replaced is the old one or the new one at every moment."""

from pathlib import Path

import pytest

from crew_runtime.common.atomic_file import replacing


def test_a_file_changes_when_the_block_ends(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with replacing(file) as content:
        content.write(b"ne")
        content.flush()
        assert file.read_text() == "old"
        content.write(b"w")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_block_that_raises_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def write_half() -> None:
        with replacing(file) as content:
            content.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
