"""What a removed agent has left goes when its jobs need not be kept any longer, and no sooner."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from crew_runtime.hosting.left_behind import LeftBehind, keep_only_jobs, note_keep_days
from crew_runtime.job.job import Job, JobState, PaymentTerms, now
from crew_runtime.store import JobStore
from crew_runtime.store.sqlite import SqliteJobStore

DAY = 86_400_000
Work = Callable[[JobStore], None]


def job(store: JobStore, state: JobState = JobState.QUEUED) -> Job:
    return store.add(Job(input_data={"topic": "tea"}, agent_identifier="ab", input_hash="cd" * 32, state=state))


def nothing(_store: JobStore) -> None:
    """An agent that nobody asked for anything."""


def done(store: JobStore) -> None:
    """A free job that has ended."""
    begun = job(store)
    store.start(begun.id)
    store.complete(begun.id, "a result")


def never_ended(store: JobStore) -> None:
    """A free job that ran when the service was killed for good."""
    store.start(job(store).id)


def disputable(store: JobStore) -> None:
    """A paid job of 20 days' dispute, whose payment nobody has seen the end of."""
    begun = job(store, JobState.CREATED)
    terms = PaymentTerms(
        blockchain_identifier=secrets.token_hex(), source_type="Web3CardanoV1", seller_vkey="0b" * 28,
        pay_by_time=now(), submit_result_time=now(), unlock_time=now(), external_dispute_unlock_time=now() + 20 * DAY,
    )  # fmt: skip
    store.bind_payment(begun.id, terms)
    store.fund(begun.id)
    store.start(begun.id)
    store.keep_result(begun.id, "a result", "ef" * 32, "marketplace")


def agent(hosted: Path, name: str, work: Work, *, keep_days: int | None = None) -> Path:
    """The folder of an agent, as its runtime leaves it."""
    folder = hosted / name
    (folder / "documents").mkdir(parents=True)
    (folder / "identity.json").write_text("{}")
    if keep_days is not None:
        note_keep_days(folder, keep_days)
    if work is not nothing:
        store = SqliteJobStore(folder / "jobs.sqlite", holder="gone")
        work(store)
        store.disconnect()
    return folder


def look(hosted: Path, *, after_days: float = 0, there: tuple[str, ...] = ()) -> None:
    left = LeftBehind(hosted, there.__contains__, clock=lambda: now() + int(after_days * DAY))
    asyncio.run(left.look())


@pytest.mark.parametrize(
    ("work", "keep_days", "stays_days"),
    [
        pytest.param(done, 7, 7, id="a free job"),
        pytest.param(done, None, 30, id="a free job of an older runtime"),
        pytest.param(never_ended, 7, 7, id="a free job that never ended"),
        pytest.param(disputable, 7, 27, id="a paid job"),
    ],
)
def test_the_jobs_of_a_removed_agent_stay_as_long_as_others(
    tmp_path: Path, work: Work, keep_days: int | None, stays_days: int
) -> None:
    folder = agent(tmp_path, "gone", work, keep_days=keep_days)
    look(tmp_path, after_days=stays_days - 0.1)
    assert (folder / "jobs.sqlite").exists()
    look(tmp_path, after_days=stays_days + 0.1)
    assert list(tmp_path.iterdir()) == []


def test_an_agent_without_jobs_leaves_nothing_and_what_a_killed_runtime_began_to_remove_goes(tmp_path: Path) -> None:
    agent(tmp_path, "gone", nothing)
    agent(tmp_path, ".removed-0011", done)
    (tmp_path / "lost+found").mkdir()
    look(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lost+found"]


def test_an_agent_that_is_there_is_not_touched(tmp_path: Path) -> None:
    agent(tmp_path, "there", done, keep_days=7)
    look(tmp_path, after_days=99, there=("there",))
    assert {path.name for path in (tmp_path / "there").iterdir()} >= {"documents", "identity.json", "jobs.sqlite"}


def test_only_its_jobs_stay_in_the_folder_of_an_agent_that_is_let_go(tmp_path: Path) -> None:
    folder = agent(tmp_path, "gone", done, keep_days=7)
    (folder / "declared").symlink_to(tmp_path)
    keep_only_jobs(folder)
    assert {path.name for path in folder.iterdir()} == {"jobs.sqlite", "keep-days"}
    assert tmp_path.exists()
