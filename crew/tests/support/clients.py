"""The official clients of the protocols that agents speak, each a program that is given JSON and prints JSON."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.sandbox import REPOSITORY

CLIENTS = Path(__file__).parents[1] / "clients"
_SECONDS = 180


def in_python(program: str, given: object) -> Any:  # noqa: ANN401 - any JSON
    """Run a program of tests/clients in the clients' own environment, which is installed at its first use."""
    project = ["--quiet", "--frozen", "--project", str(CLIENTS), "--python", sys.executable]
    uv = str(Path(sys.executable).parent / "uv")
    return _said([uv, "--system-certs", "run", *project, str(CLIENTS / program)], given)


def in_javascript(program: str, given: object) -> Any:  # noqa: ANN401 - any JSON
    """Run a program of tests/clients on the repository's Node, with the packages of the repository."""
    node = REPOSITORY / "node_modules" / ".bin" / "node"
    found = str(node) if node.exists() else shutil.which("node")
    assert found, "the client needs the repository's Node: npm ci"
    return _said([found, str(CLIENTS / program)], given)


def _said(command: list[str], given: object) -> Any:  # noqa: ANN401 - any JSON
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=_SECONDS, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
