"""Where workers work, and whom they run as."""

from pathlib import Path

from crew_runtime.machine.users import JOBS
from crew_runtime.runner.workplaces import FreeUsers, Workplaces


def test_what_a_killed_attempt_left_is_not_in_the_way_of_the_next(tmp_path: Path) -> None:
    places = Workplaces(tmp_path / "work")
    places.begin()
    first, second = places.take("job").folder, places.take("job").folder
    assert first != second
    assert first.is_dir()
    assert second.is_dir()


def test_a_start_removes_what_a_killed_runtime_left(tmp_path: Path) -> None:
    killed = Workplaces(tmp_path / "work")
    killed.begin()
    (killed.take("job").folder / "half.txt").write_text("half")
    Workplaces(tmp_path / "work").begin()
    assert list((tmp_path / "work").iterdir()) == []


def test_no_job_becomes_a_user_of_whom_something_is_left() -> None:
    users = FreeUsers()
    held = JOBS[0]
    users.hold(held)
    assert held not in [users.take() for _ in range(len(JOBS) - 1)]
    users.give_back(held)
    assert users.take() == held


def test_a_user_is_never_two_jobs_at_once() -> None:
    users = FreeUsers()
    users.give_back(users.take())
    users.give_back(JOBS[0])
    taken = [users.take() for _ in JOBS]
    assert sorted(taken) == list(JOBS)
