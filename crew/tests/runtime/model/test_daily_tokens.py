"""The tokens of a day: kept over restarts, shared by runtimes, forgotten at midnight by UTC."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.store import JobStore, StoreUnavailableError
from crew_runtime.store.postgres import PostgresJobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.jobs import TokenCounts
from support.postgres import Cluster

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def used(day: DailyTokens, tokens: int) -> DailyTokens:
    day.add(ModelUsage(model="stub", input_tokens=tokens, output_tokens=0))
    day.write()
    return day


@pytest.fixture(params=["sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[JobStore, JobStore]]:
    """Two runtimes' stores of the same agent."""
    if request.param == "sqlite":
        one, two = (SqliteJobStore(tmp_path / "jobs.sqlite", holder=name) for name in "12")
        yield one, two
        one.disconnect()
        two.disconnect()
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.new_database()
    first, second = (PostgresJobStore(url, schema="agent", holder=name) for name in "12")
    yield first, second
    first.disconnect()
    second.disconnect()


def test_runtimes_share_the_count_and_a_restart_does_not_forget_it(stores: tuple[JobStore, JobStore]) -> None:
    clock = Clock()
    one, two = (DailyTokens(store, 100, clock) for store in stores)
    used(one, 60)
    assert (one.used, two.used, two.is_spent) == (60, 0, False)
    used(two, 40)
    assert (two.used, two.is_spent, one.is_spent) == (100, True, False)
    used(one, 0)
    assert one.is_spent
    again = DailyTokens(stores[0], 100, clock)
    again.write()
    assert (again.used, again.is_spent) == (100, True)


def test_a_day_ends_at_midnight_by_utc() -> None:
    clock = Clock()
    day = used(DailyTokens(TokenCounts(), 100, clock), 100)
    assert (day.is_spent, day.seconds_left) == (True, 12 * 3600)
    clock.moment = datetime(2026, 3, 1, 23, 59, 59, 900_000, tzinfo=UTC)
    assert (day.is_spent, day.seconds_left) == (True, 1)
    clock.moment = datetime(2026, 3, 2, tzinfo=UTC)
    assert (day.is_spent, day.used) == (False, 0)
    assert used(day, 5).used == 5


def test_what_the_store_cannot_take_now_is_counted_and_written_later() -> None:
    counts = TokenCounts()
    day = DailyTokens(Unavailable(), 100, Clock())
    used(day, 100)
    assert day.is_spent
    vars(day)["_store"] = counts
    assert used(day, 1).used == 101
    assert counts.days == {"2026-03-01": 101}


class Unavailable:
    def add_usage(self, _day: str, _usages: Sequence[ModelUsage]) -> int:
        raise StoreUnavailableError


def test_without_a_limit_a_day_is_never_spent() -> None:
    assert not used(DailyTokens(TokenCounts(), None), 10**12).is_spent


def test_that_a_day_is_spent_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="crew_runtime"):
        day = DailyTokens(TokenCounts(), 10, Clock())
        for _ in range(3):
            used(day, 10)
    assert [record.getMessage() for record in caplog.records] == ["daily_tokens_spent"]


def test_what_was_used_is_kept_by_month_job_and_model(stores: tuple[JobStore, JobStore]) -> None:
    clock = Clock(datetime(2026, 2, 28, tzinfo=UTC))
    one, two = (DailyTokens(store, None, clock) for store in stores)
    usages = [used_by("a", "large", 5, 7), used_by("a", "large", 1, 2), used_by("a", "small", 3, 0)]
    for usage in usages:
        one.add(usage)
    one.write()
    clock.moment = NOON
    for day, usage in [(one, used_by("a", "large", 10, 20)), (two, used_by("b", "large", 100, 0)),
                       (one, used_by("a", "large", 0, 4)), (two, used_by("b", "small", 0, 0))]:  # fmt: skip
        day.add(usage)
        day.write()
    february = [("2026-02", used_by("a", "large", 6, 9)), ("2026-02", used_by("a", "small", 3, 0))]
    march = [("2026-03", used_by("a", "large", 10, 24)), ("2026-03", used_by("b", "large", 100, 0))]
    store = stores[0]
    assert store.usage_by_month(by_job=True) == [*february, *march]
    assert store.usage_by_month(month="2026-03", by_job=True) == march
    assert store.usage_by_month() == [
        ("2026-02", used_by("", "large", 6, 9)),
        ("2026-02", used_by("", "small", 3, 0)),
        ("2026-03", used_by("", "large", 110, 24)),
    ]
    assert (one.used, two.used) == (134, 134), "of today alone"


def used_by(job: str, model: str, asked: int, answered: int) -> ModelUsage:
    return ModelUsage(job=job, model=model, input_tokens=asked, output_tokens=answered)
