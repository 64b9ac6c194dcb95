"""Gives a job the files of an author's project in its working folder, as if the project had been started there."""

import shutil
from pathlib import Path


def copy_project(project: Path, folder: Path) -> None:
    """Copy the files of a project, and make its folders, all of which the job may write to.

    Code names files by their paths from the root of a project (`knowledge/prices.csv`, `output/report.md`). What a job
    writes must reach neither the project nor another job.
    """
    for source in sorted(project.rglob("*")):
        target = folder / source.relative_to(project)
        if source.is_dir():
            target.mkdir(exist_ok=True)
        else:
            shutil.copyfile(source, target)  # without the permissions, which may be to read alone
