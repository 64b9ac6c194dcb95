"""The store of a job's memory does what CrewAI asks of one."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from crew_runtime.crewai.author.memory import JobMemory

NOW = datetime(2026, 11, 29)  # noqa: DTZ001 - as CrewAI's records have it


def record(name: str, scope: str, vector: list[float], days: int, **changes: Any) -> Any:  # noqa: ANN401
    """What stands for CrewAI's MemoryRecord, as CrewAI is loaded in workers alone."""
    made = {"id": name, "scope": scope, "embedding": vector, "created_at": NOW - timedelta(days=days)}
    return SimpleNamespace(**{"categories": [], "metadata": {}, **made, **changes})


@pytest.fixture
def memory() -> JobMemory:
    kept = JobMemory()
    kept.save([
        record("pots", "/crew/kitchen", [1, 0], 3, categories=["tin"], metadata={"floor": 1}),
        record("pans", "/crew/kitchen/stove", [0.8, 0.6], 2, categories=["iron", "tin"]),
        record("beds", "/crew/kitchens", [0, 1], 1),
    ])  # fmt: skip
    return kept


SEARCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["pots", "pans", "beds"]),
    ({"scope_prefix": "/crew/kitchen"}, ["pots", "pans"]),
    ({"scope_prefix": "/crew/kitchen/"}, ["pots", "pans"]),
    ({"scope_prefix": "/"}, ["pots", "pans", "beds"]),
    ({"categories": ["iron", "wood"]}, ["pans"]),
    ({"metadata_filter": {"floor": 1}}, ["pots"]),
    ({"min_score": 0.5}, ["pots", "pans"]),
    ({"limit": 1}, ["pots"]),
]


@pytest.mark.parametrize(("wanted", "names"), SEARCHES)
def test_it_finds_what_is_nearest(memory: JobMemory, wanted: dict[str, Any], names: list[str]) -> None:
    assert [found.id for found, _ in memory.search([1, 0], **wanted)] == names


DELETIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"scope_prefix": "/crew/kitchen"}, ["beds"]),
    ({"record_ids": ["pots"]}, ["beds", "pans"]),
    ({"older_than": NOW - timedelta(days=1.5)}, ["beds"]),
    ({"categories": ["iron"], "scope_prefix": "/crew"}, ["beds", "pots"]),
]


@pytest.mark.parametrize(("wanted", "left"), DELETIONS)
def test_it_forgets_what_all_conditions_apply_to(memory: JobMemory, wanted: dict[str, Any], left: list[str]) -> None:
    assert memory.delete(**wanted) == 3 - len(left)
    assert [one.id for one in memory.list_records()] == left, "the newest is the first"


def test_it_sums_up_scopes(memory: JobMemory) -> None:
    assert memory.list_scopes("/") == ["/crew"]
    assert memory.list_scopes("/crew/kitchen") == ["/crew/kitchen/stove"]
    assert memory.list_categories() == {"tin": 2, "iron": 1}
    assert (memory.count(), memory.count("/nowhere")) == (3, 0)
    assert memory.list_records(limit=1, offset=1)[0].id == "pans"


def test_a_record_is_replaced_by_its_id(memory: JobMemory) -> None:
    memory.update(record("pots", "/attic", [0, 1], 0))
    found = memory.get_record("pots")
    assert found
    assert (found.scope, memory.count()) == ("/attic", 3)
