"""How long a runtime was up and its jobs ran: kept by day, each second once, and by all runtimes together."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crew_runtime.job.running_time import RunningTime
from crew_runtime.runner.running_times import ContainerSize, RunningTimes
from crew_runtime.store import JobStore, StoreUnavailableError
from crew_runtime.store.postgres import PostgresJobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.postgres import Cluster

SMALL = ContainerSize(256, 512)


class Times:
    """The clocks of the wall and of the runtime, as a test sets them."""

    def __init__(self) -> None:
        self.day = "2026-02-28"
        self.seconds = 1000.0

    def of(self, store: JobStore, container: ContainerSize | None) -> RunningTimes:
        return RunningTimes(store, container, today=lambda: self.day, clock=lambda: self.seconds)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobStore]:
    if request.param == "sqlite":
        made: JobStore = SqliteJobStore(tmp_path / "jobs.sqlite", holder="one")
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        made = PostgresJobStore(cluster.new_database(), schema="agent", holder="one")
    yield made
    made.disconnect()


def up(seconds: float, size: ContainerSize = SMALL) -> RunningTime:
    return RunningTime(cpu=size.cpu, memory=size.memory, milliseconds=round(seconds * 1000))


def ran(job: str, seconds: float) -> RunningTime:
    return RunningTime(job=job, milliseconds=round(seconds * 1000))


def test_times_are_summed_by_month_job_and_size(store: JobStore) -> None:
    times = Times()
    one, large = times.of(store, SMALL), times.of(store, ContainerSize(1024, 2048))
    one.add("a", 1.5)
    one.add("a", 1)
    times.seconds += 10
    one.write()
    times.day = "2026-03-01"
    times.seconds += 60
    for each in (one, large):
        each.add("b", 2)
        each.write()
        each.write()
    february = [("2026-02", up(10)), ("2026-02", ran("a", 2.5))]
    march = [("2026-03", up(60)), ("2026-03", up(70, ContainerSize(1024, 2048))), ("2026-03", ran("b", 4))]
    assert store.running_times_by_month(by_job=True) == [*february, *march]
    assert store.running_times_by_month(month="2026-03") == [*march[:2], ("2026-03", ran("", 4))]


def test_of_an_agent_that_has_no_container_to_itself_only_jobs_are_counted(store: JobStore) -> None:
    times = Times()
    shared = times.of(store, None)
    times.seconds += 3600
    shared.write()
    assert store.running_times_by_month() == []
    shared.add("a", 5)
    shared.write()
    assert store.running_times_by_month() == [("2026-02", ran("", 5))]


class Away:
    """A store that cannot be reached for a while."""

    def __init__(self) -> None:
        self.kept: list[RunningTime] | None = None

    def add_running_times(self, _day: str, times: Sequence[RunningTime]) -> None:
        if self.kept is None:
            raise StoreUnavailableError
        self.kept.extend(times)


def test_what_a_store_that_is_away_did_not_take_is_written_later_and_once() -> None:
    away, seconds = Away(), [0.0]
    measured = RunningTimes(away, SMALL, today=lambda: "2026-02-28", clock=lambda: seconds[0])
    measured.add("a", 1)
    seconds[0] = 60
    measured.write()
    assert not measured.has_written
    away.kept = []
    measured.add("a", 1)
    seconds[0] = 90
    measured.write()
    measured.write()
    assert away.kept == [ran("a", 2), up(90)]


def test_it_is_due_after_a_job_or_a_minute_and_not_before() -> None:
    away, seconds = Away(), [0.0]
    away.kept = []
    measured = RunningTimes(away, SMALL, today=lambda: "2026-02-28", clock=lambda: seconds[0])
    seconds[0] = 59
    asyncio.run(measured.look())
    assert away.kept == []
    measured.add("a", 1)
    asyncio.run(measured.look())
    assert away.kept == [ran("a", 1), up(59)]
    seconds[0] = 119
    assert asyncio.run(measured.look()) == 60
    assert away.kept[2:] == [up(60)]
