"""A job's process has a hard time limit and leaves nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crew_runtime.runner import worker_process
from crew_runtime.runner.forking import ForkServer
from crew_runtime.runner.worker_process import (
    AskedError,
    DiedError,
    TimedOutError,
    WorkerProcess,
    start_fork_server,
)
from support.targets import answer, answer_nonsense, ask_twice, die, hang, hang_on, tell_descriptors, tell_niceness
from support.waiting import PATIENCE_SECONDS, wait_for

SMALL = ForkServer()
"""One beside that of all tests, which loads nothing that takes long."""


def pid_in(file: Path) -> int:
    wait_for(lambda: file.exists() and file.read_text())
    return int(file.read_text())


def fork_server_of(job: int) -> int:
    return int(Path(f"/proc/{job}/stat").read_text().rpartition(")")[2].split()[1])


def test_gives_the_answer() -> None:
    assert WorkerProcess(answer, "done").answer(timeout=PATIENCE_SECONDS) == {"result": "done"}


def test_a_process_gives_way_as_it_is_told() -> None:
    assert WorkerProcess(tell_niceness, None, niceness=7).answer(timeout=PATIENCE_SECONDS) == {"result": os.nice(0) + 7}
    assert WorkerProcess(tell_niceness, None).answer(timeout=PATIENCE_SECONDS) == {"result": os.nice(0)}


@pytest.mark.parametrize("target", [hang, hang_on], ids=["ends at SIGTERM", "ignores SIGTERM"])
def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, target: object) -> None:
    file = tmp_path / "pid"
    process = WorkerProcess(target, file)  # type: ignore[arg-type]
    pid = pid_in(file)
    with pytest.raises(TimedOutError):
        process.answer(timeout=0.1, kill_after=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_whoever_waits_learns_that_the_process_was_killed(tmp_path: Path) -> None:
    process = WorkerProcess(hang, tmp_path / "pid")
    pid_in(tmp_path / "pid")
    process.kill()
    with pytest.raises(DiedError):
        process.answer(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize(("target", "argument"), [(die, 0), (die, 3), (answer_nonsense, None)])
def test_an_end_without_an_answer_is_an_error(target: object, argument: object) -> None:
    with pytest.raises(DiedError):
        WorkerProcess(target, argument).answer(timeout=PATIENCE_SECONDS)  # type: ignore[arg-type]


def test_a_process_that_asks_back_waits_for_the_replies_and_goes_on() -> None:
    process = WorkerProcess(ask_twice, "Which")
    assert process.next_message(timeout=PATIENCE_SECONDS) == {"ask": {"prompt": "Which one?", "is_draft": False}}
    process.reply("the blue one")
    assert process.next_message(timeout=PATIENCE_SECONDS) == {"ask": {"prompt": "Which two?", "is_draft": False}}
    process.reply("grün")
    assert process.next_message(timeout=PATIENCE_SECONDS) == {"result": ["the blue one", "grün"]}


def test_a_process_that_asks_where_nobody_replies_is_ended() -> None:
    with pytest.raises(AskedError):
        WorkerProcess(ask_twice, "Which").answer(timeout=PATIENCE_SECONDS)


def test_a_reply_to_a_process_that_is_gone_is_an_error() -> None:
    process = WorkerProcess(ask_twice, "Which")
    process.next_message(timeout=PATIENCE_SECONDS)
    process.kill()
    with pytest.raises(DiedError):
        process.next_message(timeout=PATIENCE_SECONDS)
    with pytest.raises(DiedError):
        process.reply("too late")


def test_a_process_that_waits_for_a_reply_can_be_ended() -> None:
    process = WorkerProcess(ask_twice, "Which")
    process.next_message(timeout=PATIENCE_SECONDS)
    process.end(kill_after=0.1)
    with pytest.raises(DiedError):
        process.reply("one")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process does not end with its parent")
def test_a_process_ends_with_its_fork_server_and_the_next_gets_another(tmp_path: Path) -> None:
    process = WorkerProcess(hang, tmp_path / "pid")
    os.kill(fork_server_of(pid_in(tmp_path / "pid")), signal.SIGKILL)
    with pytest.raises(DiedError):
        process.answer(timeout=PATIENCE_SECONDS)
    assert WorkerProcess(answer, "done").answer(timeout=PATIENCE_SECONDS) == {"result": "done"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process does not end with its parent")
@pytest.mark.usefixtures("runs_jobs")
def test_a_fork_server_that_has_ended_is_started_again_when_it_is_told_what_to_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "SERVER", SMALL)
    start_fork_server("json")
    process = WorkerProcess(hang, tmp_path / "pid")
    os.kill(fork_server_of(pid_in(tmp_path / "pid")), signal.SIGKILL)
    with pytest.raises(DiedError):
        process.answer(timeout=PATIENCE_SECONDS)
    start_fork_server("json")
    assert WorkerProcess(answer, "done").answer(timeout=PATIENCE_SECONDS) == {"result": "done"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows descriptors in /proc")
def test_a_process_holds_no_descriptor_of_another(tmp_path: Path) -> None:
    beside = [WorkerProcess(hang, tmp_path / name) for name in ("one", "two")]
    held = WorkerProcess(tell_descriptors, None).answer(timeout=PATIENCE_SECONDS)["held"]
    for process in beside:
        process.end(kill_after=0)
    assert [name.partition(":")[0] for name in held if name.startswith(("socket:", "pipe:"))] == ["socket"]


def test_no_module_of_the_folder_stands_in_for_one_of_the_fork_server_s(tmp_path: Path) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('stood in')")
    program = """
import os
from crew_runtime.runner.forking import ForkServer
server = ForkServer()
server.load("json")
server.fork(os.open(os.devnull, os.O_RDWR), None)
"""
    subprocess.run([sys.executable, "-P", "-c", program], cwd=tmp_path, check=True, timeout=PATIENCE_SECONDS)
