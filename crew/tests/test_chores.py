"""What is done again and again: never twice at once, again when it was woken meanwhile, and for its own agent."""

import asyncio
from math import inf

from crew_runtime.common.chores import Chores
from crew_runtime.common.current_agent import current_agent, work_for


def test_a_chore_is_done_again_after_its_pause_until_it_is_stopped() -> None:
    async def do() -> None:
        times = 0
        enough = asyncio.Event()

        async def work() -> float:
            nonlocal times
            times += 1
            if times == 3:
                enough.set()
            return 0

        chore = Chores(1).add(work)
        chore.wake()
        await enough.wait()
        await chore.stop()
        before = times
        chore.wake()
        await asyncio.sleep(0.05)
        assert times == before

    asyncio.run(do())


def test_who_is_woken_while_at_work_does_it_once_more_and_never_twice_at_once() -> None:
    async def do() -> None:
        at_work = most = times = 0
        may_go_on = asyncio.Event()

        async def work() -> float:
            nonlocal at_work, most, times
            at_work, times = at_work + 1, times + 1
            most = max(most, at_work)
            await may_go_on.wait()
            at_work -= 1
            return inf

        chore = Chores(4).add(work)
        chore.wake()
        await asyncio.sleep(0)
        chore.wake()
        chore.wake()
        may_go_on.set()
        await asyncio.sleep(0.05)
        assert (times, most) == (2, 1)

    asyncio.run(do())


def test_one_that_hangs_keeps_no_others_waiting_and_each_is_done_for_its_own_agent() -> None:
    async def do() -> None:
        chores, done = Chores(2), []
        all_done = asyncio.Event()

        async def hang() -> float:
            await asyncio.Event().wait()
            return inf

        async def work() -> float:
            done.append(current_agent())
            if len(done) == 20:
                all_done.set()
            return inf

        hanging = chores.add(hang)
        hanging.wake()
        for number in range(20):
            with work_for(f"agent-{number}"):
                chore = chores.add(work)
            chore.wake()  # whoever wakes it
        await all_done.wait()
        assert done == [f"agent-{number}" for number in range(20)]
        await hanging.stop()

    asyncio.run(do())
