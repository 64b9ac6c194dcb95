"""What another user gets to see of the data folder."""

from pathlib import Path

from crew_runtime.machine.confinement import close_to_jobs


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_data_folder_of_an_older_runtime_is_closed_but_for_what_jobs_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("documents", "work", "tmp"):
        (data / folder).mkdir(parents=True, mode=0o755)
    for name in ("jobs.sqlite", "jobs.lock"):
        (data / name).touch(mode=0o644)
    (data / "link").symlink_to(tmp_path)
    before = rights(tmp_path)
    close_to_jobs(data, open_folders={"documents", "work"})
    assert rights(data) == 0o711
    assert [rights(data / name) for name in ("documents", "work")] == [0o755, 0o755]
    assert [rights(data / name) for name in ("jobs.sqlite", "jobs.lock", "tmp")] == [0o600, 0o600, 0o700]
    assert rights(tmp_path) == before, "what a link leads to is not changed"
