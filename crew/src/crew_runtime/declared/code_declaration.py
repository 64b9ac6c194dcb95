"""A crew or flow that is written in Python, as crew.json names it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from crew_runtime.declared.strict import Strict
from crew_runtime.job.author_project import AuthorProject, Kind

# No segment can be "..".
ProjectPath = Annotated[str, StringConstraints(pattern=r"^(\.|[\w-][\w.-]*(/[\w-][\w.-]*)*)$")]
ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class DeclaredCode(Strict):
    """A project beside crew.json: the module that has its crew or flow, and where packages are imported from.

    `paths` are folders of the project; `packages` has what the author's code needs and the runtime does not have.
    """

    folder: str = Field(pattern=r"^code/\w[\w.-]*$")
    kind: Kind
    module: ModuleName
    paths: tuple[ProjectPath, ...] = Field(min_length=1)
    packages: str | None = Field(default=None, pattern=r"^packages/\w[\w.-]*$")

    def found_in(self, folder: Path, inputs: tuple[str, ...]) -> AuthorProject:
        """Return the project as it lies beside the declaration in `folder`; `inputs` are what customers fill in."""
        return AuthorProject(
            folder=folder / self.folder,
            kind=self.kind,
            module=self.module,
            paths=tuple(folder / self.folder / path for path in self.paths),
            packages=folder / self.packages if self.packages else None,
            inputs=inputs,
        )
