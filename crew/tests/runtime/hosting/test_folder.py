"""An agent is read from its folder as it is declared now, and stays as it was read."""

from pathlib import Path

from crew_runtime.agents.folder import FolderSource
from support.declarations import in_python
from support.service import Folder


def test_the_packages_that_a_declaration_names_are_linked_and_no_others(tmp_path: Path) -> None:
    agents = Folder(tmp_path / "agents")
    installed = tmp_path / "installed"
    installed.mkdir(mode=0o700)
    packages = agents.path / "tables" / "packages"
    packages.mkdir(parents=True)
    for name in ("now", "before"):
        (packages / name).symlink_to(installed)
    agents.declare("tables", in_python(packages="packages/now"))
    read = tmp_path / "read"
    read.mkdir()
    FolderSource(agents.path).read("tables", read)
    assert [(path.name, path.readlink()) for path in (read / "packages").iterdir()] == [("now", installed)]
    assert installed.stat().st_mode & 0o777 == 0o700, "what is shared stays as it is"
