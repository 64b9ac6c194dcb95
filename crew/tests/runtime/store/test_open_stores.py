"""Few stores are open at the same time, and each is there as soon as it is asked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crew_runtime.job.job import Job
from crew_runtime.store import Connections, StoreUnavailableError, connections
from crew_runtime.store.postgres import PostgresJobStore
from crew_runtime.store.sqlite import SqliteJobStore
from support.postgres import Cluster

STORES = 20
MOST = 3


def job() -> Job:
    return Job(input_data={"topic": "tea"}, agent_identifier="ab")


def test_many_files_are_used_at_once_by_few_open_ones(tmp_path: Path) -> None:
    most = Connections(MOST)
    stores = [SqliteJobStore(tmp_path / f"{n}.sqlite", holder="one", connections=most) for n in range(STORES)]
    assert not list(tmp_path.iterdir()), "a store without jobs is not even a file"

    def use(number: int) -> str:
        store = stores[number % STORES]
        added = store.add(job())
        found = store.get(added.id)
        assert found
        assert sum(one._open is not None for one in stores) <= MOST  # noqa: SLF001 - what is bounded
        return found.id

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(use, range(10 * STORES)))
    assert len(set(ids)) == 10 * STORES
    assert [len(store.held()) for store in stores] == [10] * STORES
    for store in stores:
        store.disconnect()


def test_databases_of_many_agents_get_few_connections(cluster: Cluster) -> None:
    url, most = cluster.new_database(), Connections(MOST)
    stores = [
        PostgresJobStore(url, schema=f"agent-{number}", holder="one", connections=most) for number in range(STORES)
    ]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda store: store.add(job()), stores * 3))
    assert [len(store.held()) for store in stores] == [3] * STORES
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'crew-runtime'"
    assert int(str(cluster.run(url, f"{query} AND datname = current_database()")[0][0])) <= MOST
    for store in stores:
        store.disconnect()


def test_who_finds_all_in_use_is_told_that_the_store_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_WAIT_SECONDS", 0.05)
    most = Connections(1)
    first, second = (SqliteJobStore(tmp_path / f"{n}.sqlite", holder="one", connections=most) for n in range(2))
    used, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with first._used():  # noqa: SLF001 - as long as a query takes
            used.set()
            go_on.wait(10)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(hold)
        used.wait(10)
        with pytest.raises(StoreUnavailableError):
            second.add(job())
        go_on.set()
    second.add(job())
    first.disconnect()
    second.disconnect()
