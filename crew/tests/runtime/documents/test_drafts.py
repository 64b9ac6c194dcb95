"""What was made of documents is taken over from a process that is not trusted."""

from pathlib import Path

import pytest

from crew_runtime.documents.drafts import keep_drafts

NAMES = [f"{digit * 32}.npz" for digit in "0a"]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    drafts, cache = tmp_path / "drafts", tmp_path / "cache"
    drafts.mkdir()
    return drafts, cache


def test_drafts_are_kept_beside_what_is_cached_and_the_rest_goes(folders: tuple[Path, Path]) -> None:
    drafts, cache = folders
    cache.mkdir()
    (cache / NAMES[0]).write_text("as it was")
    (cache / f"{'b' * 32}.npz").write_text("of a document that is gone")
    (drafts / NAMES[1]).write_text("new")
    keep_drafts(drafts, cache, NAMES)
    assert {file.name: file.read_text() for file in cache.iterdir()} == {NAMES[0]: "as it was", NAMES[1]: "new"}
    assert {file.stat().st_mode & 0o777 for file in cache.iterdir()} == {0o644}


def test_a_link_is_not_followed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    drafts, cache = folders
    (tmp_path / "jobs.sqlite").write_text("of the runtime")
    (drafts / NAMES[0]).symlink_to(tmp_path / "jobs.sqlite")
    with pytest.raises(OSError, match="symbolic links"):
        keep_drafts(drafts, cache, NAMES[:1])
    assert not list(cache.iterdir())


@pytest.mark.parametrize("name", ["../jobs.sqlite", f"{'0' * 32}.npz/..", "x.npz", f"{'0' * 32}.npz\n"])
def test_only_the_names_of_indexes_are_taken_over(folders: tuple[Path, Path], name: str) -> None:
    with pytest.raises(OSError, match="is not the name"):
        keep_drafts(*folders, [name])
