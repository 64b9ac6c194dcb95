"""Slots go round robin over the agents that wait, and no agent has more than its own number."""

import asyncio
from dataclasses import dataclass

import pytest

from crew_runtime.runner.slots import Slot, Slots


@dataclass(eq=False)
class Owner:
    name: str
    parallel: int = 4


async def order_of(slots: Slots, wanted: list[Owner]) -> list[str]:
    """Let jobs of these owners wait in this order, each to end at once when it runs, and give the order of starts."""
    begun: list[str] = []

    async def job(owner: Owner) -> None:
        async with Slot(slots, owner):
            begun.append(owner.name)
            await asyncio.sleep(0)

    await asyncio.gather(*(job(owner) for owner in wanted))
    return begun


def test_a_flood_of_one_agent_keeps_each_other_waiting_for_one_round_at_most() -> None:
    flood, others = Owner("flood"), [Owner(f"other-{number}") for number in range(199)]

    begun = asyncio.run(order_of(Slots(8), [*[flood] * 400, *others]))
    assert begun[:4] == ["flood"] * 4, "an agent has no more than its own number, though there is room"
    for number in range(199):
        before = begun[: begun.index(f"other-{number}")]
        assert before.count("flood") <= 4 + 1, "a round has one job of the flood, however many others wait"
    assert begun.count("flood") == 400


@pytest.mark.parametrize(
    ("most_of_one", "further"), [(7, 0), (8, 1)], ids=["one place is left free", "the flood has all places"]
)
def test_beside_a_flood_a_job_of_each_of_199_others_starts_before_the_flood_s_next_but_one(
    most_of_one: int, further: int
) -> None:
    async def do() -> None:
        slots, flood = Slots(8, most_of_one=most_of_one), Owner("flood", 64)
        begun: list[Slot] = []

        async def begin(owner: Owner) -> Slot:
            place = Slot(slots, owner)
            await place.take()
            if owner is flood:
                begun.append(place)
            return place

        waiting = [asyncio.create_task(begin(flood)) for _ in range(500)]
        await asyncio.sleep(0)
        ended = 0
        for number in range(199):
            before = len(begun)
            other = asyncio.create_task(begin(Owner(f"other-{number}", 64)))
            await settled()
            while not other.done():
                begun[ended].give_back()
                ended += 1
                await settled()
            assert len(begun) == before + further
            other.result().give_back()
            await settled()
        assert sum(task.done() for task in waiting) < 500, "it was a flood to the last"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(do())


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_agents_take_turns_and_each_keeps_the_order_of_its_jobs() -> None:
    a, b, c = (Owner(name, parallel=1) for name in "abc")
    assert "".join(asyncio.run(order_of(Slots(1), [a, a, a, b, b, c]))) == "aabcab"


@pytest.mark.parametrize(("others", "most_of_one"), [([], 3), ([Owner("two", 64)], 2)], ids=["alone", "beside another"])
def test_no_agent_has_more_than_its_own_number_nor_all_together_more_than_there_are(
    others: list[Owner], most_of_one: int
) -> None:
    slots, most = Slots(4), {"one": 0, "all": 0}
    owners = [Owner("one", 3), *others]
    at_work: list[str] = []

    async def job(owner: Owner) -> None:
        async with Slot(slots, owner):
            at_work.append(owner.name)
            most["one"] = max(most["one"], at_work.count("one"))
            most["all"] = max(most["all"], len(at_work))
            await asyncio.sleep(0)
            at_work.remove(owner.name)

    async def do() -> None:
        await asyncio.gather(*(job(owner) for owner in owners * 20))

    asyncio.run(do())
    assert most == {"one": most_of_one, "all": 4 if others else 3}


@pytest.mark.parametrize(("most_of_one", "most"), [(3, 3), (None, 4)], ids=["leaves one free", "has them all"])
def test_an_owner_that_may_not_have_every_place_leaves_the_rest_free(most_of_one: int | None, most: int) -> None:
    async def do() -> None:
        slots, flood, other = Slots(4, most_of_one=most_of_one), Owner("flood", 64), Owner("other")
        waiting = [asyncio.create_task(Slot(slots, flood).take()) for _ in range(9)]
        await asyncio.sleep(0)
        beside = asyncio.create_task(Slot(slots, other).take())
        await asyncio.sleep(0.01)
        assert (sum(task.done() for task in waiting), beside.done()) == (most, most < 4)
        for task in (*waiting, beside):
            task.cancel()
        await asyncio.gather(*waiting, beside, return_exceptions=True)

    asyncio.run(do())


def test_one_job_of_each_owner_gives_way_to_none_and_further_ones_do_more_and_more() -> None:
    async def do() -> None:
        slots, owner, other = Slots(8), Owner("one", 8), Owner("other")
        places = [Slot(slots, owner) for _ in range(6)]
        for place in places:
            await place.take()
        assert [place.niceness for place in places] == [0, 5, 10, 15, 19, 19]
        async with Slot(slots, other) as first_of_other:
            assert first_of_other.niceness == 0
        places[0].give_back()
        async with Slot(slots, owner) as next_one:
            assert next_one.niceness == 0, "the first place is free again"

    asyncio.run(do())


def test_who_is_cancelled_while_waiting_or_just_served_leaves_no_slot_behind() -> None:
    async def do() -> None:
        slots, owner = Slots(1), Owner("one")
        first = Slot(slots, owner)
        await first.take()
        waiting = [asyncio.create_task(Slot(slots, owner).take()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        first.give_back()
        waiting[1].cancel()  # in the same moment in which it was served
        await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(10):
            await Slot(slots, owner).take()

    asyncio.run(do())


def test_as_many_processes_may_wait_for_customers_as_may_run() -> None:
    slots = Slots(2)
    assert [slots.park() for _ in range(3)] == [True, True, False]
    slots.unpark()
    assert slots.park()
