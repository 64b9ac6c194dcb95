"""What one job may use, and what its process gets to see."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import StartRuntime
from crew_runtime.machine.confinement import FILE_BYTES, MEMORY_BYTES, OPEN_FILES
from crew_runtime.runner.worker_process import WorkerProcess
from support.declarations import declaration, one_task
from support.jobs import job_spec, outcome
from support.model import StubModel
from support.runtime import OWN
from support.targets import tell_limits

SECRETS = {
    "PAYMENT_KEY": "secret-payment-key",
    "PAYMENT_SERVICE_URL": "https://payment.example.com/api/v1",
    "AWS_ACCESS_KEY_ID": "secret-access-key",
    "AWS_SECRET_ACCESS_KEY": "secret-of-aws",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret-of-the-task",
    "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4",
}


@pytest.mark.parametrize(
    ("budget", "ended"),
    [
        ({"tokens": 24}, {"result": "Stub result"}),  # the stub charges 12 tokens a call; the crew makes two
        ({"tokens": 12}, {"failure": "TOKEN_BUDGET_SPENT"}),
        ({"calls": 2}, {"result": "Stub result"}),
        ({"calls": 1}, {"failure": "MODEL_BUDGET_SPENT"}),
    ],
    ids=str,
)
def test_a_job_ends_when_its_budget_is_spent(
    tmp_path: Path, model: StubModel, budget: dict[str, int], ended: dict[str, str]
) -> None:
    answer = outcome(job_spec(tmp_path, declaration(), model.url), **budget)
    assert answer.items() >= ended.items()


def test_a_job_tells_what_it_used(tmp_path: Path, model: StubModel) -> None:
    assert outcome(job_spec(tmp_path, declaration(), model.url))["usage"] == {"model_calls": 2, "tokens": 24}


def test_a_model_that_reports_no_tokens_is_charged_by_the_length_of_its_prompts(
    tmp_path: Path, model: StubModel
) -> None:
    wordy = one_task("Research {topic} and report no usage. " + "Take care. " * 400)
    answer = outcome(job_spec(tmp_path, wordy, model.url))
    assert answer["usage"]["tokens"] > 1000
    twice = declaration()
    for task in twice["crew"]["tasks"]:
        task["description"] = wordy["crew"]["tasks"][0]["description"]
    assert outcome(job_spec(tmp_path, twice, model.url), tokens=1000)["failure"] == "TOKEN_BUDGET_SPENT"


def test_memory_files_and_descriptors_of_a_job_are_limited() -> None:
    limits = WorkerProcess(tell_limits, None).answer(timeout=60)
    assert limits["files"] <= OPEN_FILES
    assert limits["file_bytes"] == FILE_BYTES
    if sys.platform == "linux":
        assert MEMORY_BYTES <= limits["data_bytes"] < 2 * MEMORY_BYTES
        assert limits["too_much"] == "MemoryError"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "the runtime itself is not limited"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")
def test_a_running_job_sees_no_key_but_the_models_and_no_credential(
    start_runtime: StartRuntime, model: StubModel
) -> None:
    runtime = start_runtime(one_task(), fork_server=OWN, **SECRETS)
    runtime.identify()
    runtime.start_job("MARKER-environ never answer")
    job = _worker_process(runtime.process.pid)
    names = {entry.partition("=")[0] for entry in _environment(job)}
    model.released.set()
    model.released.clear()
    assert not {name for name in names if name.startswith(("PAYMENT", "DATABASE", "AWS", "ECS", "MODEL", "AGENT"))}
    assert "secret" not in " ".join(_environment(job))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")
def test_what_a_process_began_with_is_hidden_from_others_of_the_same_user() -> None:
    program = (
        "import ctypes, os\n"
        "from crew_runtime.machine.environment import replace_environment\n"
        "replace_environment({})\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), len(os.environ))"  # PR_GET_DUMPABLE
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split() == ["0", "0"]


def _worker_process(runtime: int) -> int:
    """The process that the runtime's fork server has forked last."""
    deadline = time.monotonic() + 60
    while True:
        for server in _children(runtime):
            for job in _children(server):
                return job
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if path.read_text().rpartition(")")[2].split()[1] == str(parent):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _environment(process: int) -> list[str]:
    """A process's environment; nothing, where the operating system hides it from us as from everybody."""
    try:
        return Path(f"/proc/{process}/environ").read_text().split("\0")
    except PermissionError:
        assert os.geteuid() != 0
        return []
