"""An author's project of Python, as a worker finds it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["crew", "flow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorProject:
    """A project that lies in `folder`, all of whose paths are absolute.

    `module` has the crew or the flow, and is imported with `paths` on Python's path. `packages` is a folder of packages
    that only the author's code needs. `inputs` are the fields that customers fill in.
    """

    folder: Path
    kind: Kind
    module: str
    paths: tuple[Path, ...]
    packages: Path | None = None
    inputs: tuple[str, ...] = ()
