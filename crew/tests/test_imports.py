"""Which part of the runtime may import which: one way only, and never CrewAI in the API's own process."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import crew_runtime

SOURCE = Path(crew_runtime.__file__).parent
NAME = "crew_runtime"

# What any part may import; of the runtime they import each other at most.
GROUND = {"common", "job", "public_addresses"}

# Every other part, package or module, and the parts that it may import beside those.
MAY_IMPORT: dict[str, set[str]] = {
    "machine": set(),
    "store": {"machine"},
    "documents": {"machine"},
    "tools": {"documents"},
    "files": {"documents", "tools"},
    "traces": set(),
    "model": {"store", "traces"},
    "declared": {"documents", "files", "tools"},
    "payments": {"declared", "machine", "store"},
    "crewai": {"documents", "files", "machine", "tools"},
    "for_authors": {"crewai"},
    "runner": {"crewai", "declared", "documents", "machine", "model", "store", "traces"},
    "http": {"declared", "machine", "model", "payments", "runner", "store", "traces"},
    "agents": {"machine"},
    "agent_stores": {"agents", "machine", "store"},
    "failed_jobs": {"agent_stores"},
    "agent_usage": {"agent_stores", "store"},
    "hosting": {
        "agents",
        "crewai",
        "declared",
        "documents",
        "http",
        "machine",
        "model",
        "payments",
        "runner",
        "store",
        "traces",
    },
    "try_out": {"declared", "hosting", "machine", "model", "runner", "store"},
    "__main__": {"hosting", "machine", "runner"},
}


def part_of(module: str) -> str:
    return module.removeprefix(NAME).removeprefix(".").partition(".")[0]


def imported_by(file: Path) -> set[str]:
    """The runtime's modules that a file imports, anywhere in it; names of a module may be among them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            found |= {f"{node.module}.{one.name}" for one in node.names}
    return {name for name in found if name.startswith(f"{NAME}.")}


def imports() -> dict[str, set[str]]:
    """Each part, and the other parts that it imports."""
    parts: dict[str, set[str]] = {}
    for file in SOURCE.rglob("*.py"):
        part = file.relative_to(SOURCE).with_suffix("").parts[0]
        parts.setdefault(part, set()).update({part_of(module) for module in imported_by(file)} - {part})
    del parts["__init__"]
    return parts


def test_every_part_has_its_place_in_the_table() -> None:
    assert set(imports()) == GROUND | MAY_IMPORT.keys()


@pytest.mark.parametrize("part", sorted(GROUND | MAY_IMPORT.keys()))
def test_a_part_imports_only_what_it_may(part: str) -> None:
    assert imports()[part] - GROUND == MAY_IMPORT.get(part, set()), "the table allows what is imported, and no more"


def test_no_parts_import_each_other_in_a_circle() -> None:
    TopologicalSorter(MAY_IMPORT).prepare()
    TopologicalSorter(imports()).prepare()


def test_no_rooms_of_http_import_each_other_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    for file in (SOURCE / "http").rglob("*.py"):
        room = file.relative_to(SOURCE / "http").with_suffix("").parts[0]
        found = {module.split(".")[2] for module in imported_by(file) if module.startswith(f"{NAME}.http.")}
        rooms.setdefault(room, set()).update(found - {room})
    assert rooms["agent"], "the folders are read"
    TopologicalSorter(rooms).prepare()


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {file: ".".join((NAME, *file.relative_to(SOURCE).with_suffix("").parts)) for file in SOURCE.rglob("*.py")}
    modules = {name.removesuffix(".__init__") for name in names.values()}
    graph = {
        name.removesuffix(".__init__"): {
            found if found in modules else found.rpartition(".")[0] for found in imported_by(file)
        }
        for file, name in names.items()
    }
    assert set().union(*graph.values()) <= modules
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    ("module", "without"),
    [
        (
            "hosting.service",
            ("crewai", "openai", "numpy", "botocore", "psycopg", "pypdf", "jsonschema", "httpcore._sync.http2"),
        ),
        ("__main__", ("asyncio", "crewai", "fastapi", "httpx", "pydantic")),
        ("hosting.process", ("crewai", "fastapi", "httpx", "uvicorn")),
        ("http.health", ("fastapi", "httpx", "pydantic", "asyncio")),
        ("documents.fetch", ("botocore", "fastapi", "httpx", "pydantic")),
        ("runner.fork_server", ("asyncio", "crewai", "fastapi", "httpx")),
    ],
)
def test_a_program_does_not_load_what_it_needs_late_or_never(module: str, without: tuple[str, ...]) -> None:
    program = f"import sys, {NAME}.{module}; print(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()
    assert f"{NAME}.{module}" in loaded
    assert set(loaded).isdisjoint(without)
